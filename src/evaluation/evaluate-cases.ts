/** The loop of an evaluation: run a model over cases, compare with references, keep what the report needs. */
import { evaluationRegion } from '../calibration/region.js';
import { errorsOfBins, sumBins } from '../calibration/reliability.js';
import { isCandorError, throwIfCancelled } from '../errors.js';
import type { Prediction, Predictor } from '../inference/predictor.js';
import { classCount, type LabelSpace } from '../labels/label-space.js';
import { foregroundProbability, maskOfProbabilities, probabilitiesInPlace } from '../labels/probability.js';
import { comparable, foregroundMask, known, UNKNOWN } from '../labels/reference.js';
import { dice, volumeMl } from '../metrics/overlap.js';
import { confusions, structureMeasures } from '../metrics/structures.js';
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
    /** Of each structure whether the reference shows it; null or absent: of all. */
    readonly annotated?: readonly boolean[] | null;
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
      const { volume, reference, annotated = null } = await one.read();
      const { prediction, seconds } = await timedPrediction(predictor, volume, options);
      return compare(one, { volume, reference: reference.data, annotated }, prediction, seconds, options);
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
    const about = { set, case: name, image };
    if ('error' in outcome) results.push({ ...about, verdict: null, scores: {}, seconds: 0, error: outcome.error });
    else {
      const { prediction, seconds } = outcome.value;
      const { verdict, foreground, notFiniteVoxels: invalidVoxels } = prediction;
      const invalid = invalidVoxels > 0 ? { invalidVoxels } : {};
      results.push({ ...about, verdict, foreground, ...judgements(prediction), seconds, ...invalid });
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

/** A case as it was read. */
interface Compared {
  readonly volume: Volume;
  /** Class numbers. */
  readonly reference: Uint8Array;
  readonly annotated: readonly boolean[] | null;
}

function compare(
  { task, case: name, group, labels: own }: LabelledCase,
  { volume, reference: classMap, annotated }: Compared,
  prediction: Prediction,
  seconds: number,
  { toleranceMm }: EvaluateCasesOptions,
): CaseResult {
  const { size } = volume;
  const { labels, spacing, temperature } = prediction;
  // Taken for another task, none of this one's structures was found.
  const found = prediction.task === task ? prediction.mask : new Uint8Array(classMap.length);
  const comparison = comparable(own, classMap, found, annotated);
  // All structures of the task as one.
  const reference = foregroundMask(own, comparison);
  const mask = known(foregroundMask(labels, prediction.mask), comparison);
  const { probability: all } = prediction;
  const probability = foregroundProbability(labels, all);
  const raw = foregroundProbability(labels, probabilitiesInPlace(labels, prediction.logits, 1));
  // Of all that the probabilities call foreground: what the mask leaves out of it is an error of theirs.
  const called = foregroundMask(labels, maskOfProbabilities(labels, all));
  const region = known(evaluationRegion(called, reference, size), comparison);
  const { notFiniteVoxels: invalidVoxels } = prediction;
  const classes = classCount(own);
  const outlined =
    classes === 1
      ? { reference, prediction: mask }
      : { reference: known(comparison, comparison), prediction: known(found, comparison), classes };
  return {
    task,
    case: name,
    group,
    split: 'test',
    dice: dice(mask, reference),
    ...surfaceMeasures(mask, reference, size, { spacing, toleranceMm }),
    referenceMl: volumeMl(countMarked(reference), spacing),
    predictedMl: annotated === null ? prediction.volumeMl : volumeMl(countMarked(mask), spacing),
    spacing,
    ...(own.structures.length > 1 && {
      structures: structureMeasures(own, found, comparison, annotated, size, { spacing, toleranceMm }),
      confusions: confusions(own, found, comparison),
    }),
    foreground: prediction.foreground,
    calibration: {
      before: calibrationOf(raw, reference, region, comparison),
      after: calibrationOf(probability, reference, region, comparison),
    },
    temperature,
    estimatedDice: prediction.estimatedDice,
    verdict: prediction.verdict,
    ...judgements(prediction),
    seconds,
    ...(invalidVoxels > 0 && { invalidVoxels }),
    picture: makePicture({ image: volume, ...outlined, probability }),
  };
}

function countMarked(mask: Uint8Array): number {
  return mask.reduce((sum, value) => sum + value, 0);
}

/** @param comparison class numbers, which tell where nothing is known */
function calibrationOf(
  probability: Float32Array,
  reference: Uint8Array,
  region: Uint8Array,
  comparison: Uint8Array,
): CaseCalibration {
  const everywhere = comparison.includes(UNKNOWN)
    ? known(new Uint8Array(region.length).fill(1), comparison)
    : undefined;
  const bins = sumBins(probability, reference, { region: everywhere });
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
