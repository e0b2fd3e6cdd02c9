/** The loop of an evaluation: run a model over cases, compare with references, keep what the report needs. */
import { evaluationRegion } from '../calibration/region.js';
import { errorsOfBins, sumBins } from '../calibration/reliability.js';
import { isCandorError, throwIfCancelled } from '../errors.js';
import type { Prediction, Predictor } from '../inference/predictor.js';
import type { LabelSpace } from '../labels/label-space.js';
import { foregroundProbability, maskOfProbabilities, probabilitiesInPlace } from '../labels/probability.js';
import { foregroundMask } from '../labels/reference.js';
import { dice, volumeMl } from '../metrics/overlap.js';
import { surfaceMeasures } from '../metrics/surface.js';
import type { Mask, Volume } from '../volume/volume.js';
import type { CaseCalibration, CaseError, CaseResult, FailedCase, OodResult } from './case-result.js';
import { makePicture } from './picture.js';

export interface LabelledCase {
  readonly task: string;
  readonly case: string;
  readonly group: string;
  /** The data set's own, which its references are read by. */
  readonly labels: LabelSpace;
  /** Reads image and reference when the case's turn comes. */
  readonly read: () => Promise<{
    readonly volume: Volume;
    readonly reference: Mask;
    /** Of each structure whether the reference shows it; null: of all. */
    readonly annotated: readonly boolean[] | null;
  }>;
}

export interface OodImage {
  readonly set: string;
  readonly case: string;
  /** File name. */
  readonly image: string;
  readonly read: () => Promise<Volume>;
}

export interface EvaluateCasesOptions {
  readonly alpha: number;
  /** Tolerance of the normalised surface Dice in mm. */
  readonly toleranceMm: number;
  readonly signal?: AbortSignal;
  readonly onCase?: (name: string) => void;
}

/** Evaluate labelled cases without telling the model their task; a case that fails is kept as such. */
export async function evaluateCases(
  predictor: Predictor,
  cases: Iterable<LabelledCase>,
  options: EvaluateCasesOptions,
): Promise<{ cases: CaseResult[]; failed: FailedCase[] }> {
  const results: CaseResult[] = [];
  const failed: FailedCase[] = [];
  for (const one of cases) {
    throwIfCancelled(options.signal);
    const { task, case: name } = one;
    const outcome = await attempt(async () => {
      const { volume, reference } = await one.read();
      const { prediction, seconds } = await timedPrediction(predictor, volume, options);
      return compare(one, volume, reference.data, prediction, seconds, options);
    });
    if ('error' in outcome) failed.push({ task, case: name, error: outcome.error });
    else results.push(outcome.value);
    options.onCase?.(name);
  }
  return { cases: results, failed };
}

/** Judge images that have no reference; an image that cannot be read or run keeps its error. */
export async function evaluateImages(
  predictor: Predictor,
  images: Iterable<OodImage>,
  options: EvaluateCasesOptions,
): Promise<OodResult[]> {
  const results: OodResult[] = [];
  for (const { set, case: name, image, read } of images) {
    throwIfCancelled(options.signal);
    const outcome = await attempt(async () => timedPrediction(predictor, await read(), options));
    const known = { set, case: name, image };
    if ('error' in outcome) results.push({ ...known, verdict: null, scores: {}, seconds: 0, error: outcome.error });
    else {
      const { prediction, seconds } = outcome.value;
      const { verdict, notFiniteVoxels: invalidVoxels } = prediction;
      const invalid = invalidVoxels > 0 ? { invalidVoxels } : {};
      results.push({ ...known, verdict, ...judgements(prediction), seconds, ...invalid });
    }
    options.onCase?.(name);
  }
  return results;
}

async function timedPrediction(predictor: Predictor, volume: Volume, { alpha, signal }: EvaluateCasesOptions) {
  const start = performance.now();
  const prediction = await predictor.predict(volume, { alpha, signal });
  return { prediction, seconds: (performance.now() - start) / 1000 };
}

/** Scores (infinite where the image fits nowhere) and p-values by detector. */
function judgements({ detectors }: Prediction): { scores: Record<string, number>; pValues: Record<string, number> } {
  const entries = Object.entries(detectors);
  return {
    scores: Object.fromEntries(entries.map(([name, { ood }]) => [name, ood.score ?? Number.POSITIVE_INFINITY])),
    pValues: Object.fromEntries(entries.map(([name, { ood }]) => [name, ood.pValue])),
  };
}

function compare(
  { task, case: name, group, labels: own }: LabelledCase,
  volume: Volume,
  classes: Uint8Array,
  prediction: Prediction,
  seconds: number,
  { toleranceMm }: EvaluateCasesOptions,
): CaseResult {
  const { size } = volume;
  const { labels, spacing, temperature } = prediction;
  // All structures of the task as one.
  const reference = foregroundMask(own, classes);
  const mask = foregroundMask(labels, prediction.mask);
  const probability = foregroundProbability(labels, prediction.probability);
  const raw = foregroundProbability(labels, probabilitiesInPlace(labels, prediction.logits, 1));
  // Of all that the probabilities call foreground: what the mask leaves out of it is an error of theirs.
  const called = foregroundMask(labels, maskOfProbabilities(labels, prediction.probability));
  const region = evaluationRegion(called, reference, size);
  const voxels = reference.reduce((sum, value) => sum + value, 0);
  const { notFiniteVoxels: invalidVoxels } = prediction;
  return {
    task,
    case: name,
    group,
    split: 'test',
    dice: dice(mask, reference),
    ...surfaceMeasures(mask, reference, size, { spacing, toleranceMm }),
    referenceMl: volumeMl(voxels, spacing),
    predictedMl: prediction.volumeMl,
    spacing,
    calibration: {
      before: calibrationOf(raw, reference, region),
      after: calibrationOf(probability, reference, region),
    },
    temperature,
    estimatedDice: prediction.estimatedDice,
    verdict: prediction.verdict,
    ...judgements(prediction),
    seconds,
    ...(invalidVoxels > 0 && { invalidVoxels }),
    picture: makePicture({ image: volume, reference, prediction: mask, probability }),
  };
}

function calibrationOf(probability: Float32Array, reference: Uint8Array, region: Uint8Array): CaseCalibration {
  const bins = sumBins(probability, reference);
  const regionBins = sumBins(probability, reference, { region });
  return { all: errorsOfBins(bins), region: errorsOfBins(regionBins), bins, regionBins };
}

async function attempt<T>(call: () => Promise<T>): Promise<{ value: T } | { error: CaseError }> {
  try {
    return { value: await call() };
  } catch (error) {
    if (!isCandorError(error) || error.tag === 'CancelledError') throw error;
    return { error: { tag: error.tag, message: error.message } };
  }
}
