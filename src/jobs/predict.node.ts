/** The verb `predict`: masks and verdicts for files and folders of images. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { isCandorError, throwIfCancelled, UsageError } from '../errors.js';
import { makeFolder, writeFileAtomic } from '../files/atomic.node.js';
import { createPredictor, type Prediction, type Predictor } from '../inference/predictor.js';
import { volumeMl } from '../metrics/overlap.js';
import type { StoredModel } from '../model/model.js';
import type { Verdict } from '../ood/verdict.js';
import { createOnnxRuntime } from '../runtime/onnxruntime.node.js';
import { largestComponent } from '../volume/components.js';
import { readImage } from '../volume/image-file.node.js';
import type { Image } from '../volume/nifti.js';
import { type InputImage, listImages } from './list-images.node.js';
import { readModel } from './read-model.node.js';
import type { PredictOptions } from './types.js';
import { writeMask, writeProbabilities } from './write-volume.node.js';

/** What `CASE.json` says of one image. */
export interface PredictedCase {
  readonly case: string;
  /** File name. */
  readonly image: string;
  readonly model: { readonly name: string; readonly sha256: string };
  readonly verdict: Verdict['verdict'];
  readonly ood: Verdict['ood'];
  readonly task: string;
  readonly temperature: number;
  readonly foregroundVoxels: number;
  readonly volumeMl: number;
  readonly estimatedDice: number | null;
  readonly spacing: readonly number[];
  /** Names of the files written beside this one; null where none was. */
  readonly files: { readonly mask: string | null; readonly probabilities: string | null; readonly oodMap: null };
  readonly seconds: number;
}

export interface FailedImage {
  readonly case: string;
  readonly image: string;
  readonly error: { readonly tag: string; readonly message: string };
}

export interface PredictSummary {
  readonly model: { readonly name: string; readonly sha256: string };
  readonly alpha: number;
  readonly cases: readonly (PredictedCase | FailedImage)[];
}

/**
 * Segment and judge images; each case's files appear whole or not at all, and a bad file never stops the others.
 * @throws ModelFormatError, UsageError, OutputError; ImageFormatError for a path that does not exist; CancelledError
 */
export async function predict(options: PredictOptions): Promise<PredictSummary> {
  const { alpha = 0.05, output, signal, numParts = 1, partId = 0 } = options;
  if (partId < 0 || partId >= numParts) {
    throw new UsageError(`--part-id: expected 0 to ${numParts - 1} for ${numParts} parts, found ${partId}.`);
  }
  const model = await readModel(options.model);
  const images = (await listImages(options.inputs)).filter((_, i) => i % numParts === partId);
  await makeFolder(output);
  const predictor = await createPredictor(model, createOnnxRuntime(options));
  const cases: (PredictedCase | FailedImage)[] = [];
  try {
    for (const image of images) {
      throwIfCancelled(signal);
      cases.push(
        (options.continue && (await readDone(options, image, model))) ||
          (await predictOne(predictor, model, image, options)),
      );
      options.onProgress?.({ stage: 'predict', done: cases.length, total: images.length, item: image.case });
    }
  } finally {
    await predictor.release();
  }
  const summary = { model: { name: model.name, sha256: model.sha256 }, alpha, cases };
  const name = numParts === 1 ? 'summary.json' : `summary-part-${partId}-of-${numParts}.json`;
  await writeFileAtomic(path.join(output, name), toJson(summary));
  return summary;
}

async function predictOne(
  predictor: Predictor,
  model: StoredModel,
  input: InputImage,
  options: PredictOptions,
): Promise<PredictedCase | FailedImage> {
  const image = path.basename(input.path);
  const start = performance.now();
  try {
    const source = await readImage(input.path);
    const { task, alpha, intensityOffset, signal } = options;
    const prediction = await predictor.predict(source.volume, { task, alpha, intensityOffset, signal });
    const mask = options.keepLargest ? largestComponent(prediction.mask, source.volume.size) : prediction.mask;
    const files = await writeVolumes(input.case, source, prediction, mask, options);
    const voxels = mask.reduce((sum, value) => sum + value, 0);
    const result: PredictedCase = {
      case: input.case,
      image,
      model: { name: model.name, sha256: model.sha256 },
      verdict: prediction.verdict.verdict,
      ood: prediction.verdict.ood,
      task: prediction.task,
      temperature: prediction.temperature,
      foregroundVoxels: voxels,
      volumeMl: volumeMl(voxels, prediction.spacing),
      estimatedDice: prediction.estimatedDice,
      spacing: prediction.spacing,
      files,
      seconds: (performance.now() - start) / 1000,
    };
    // Written last: its presence says that the case is complete.
    await writeFileAtomic(path.join(options.output, `${input.case}.json`), toJson(result));
    return result;
  } catch (error) {
    const ofThisImage = ['ImageFormatError', 'GeometryError', 'UnsupportedError', 'EngineError'];
    if (!isCandorError(error) || !ofThisImage.includes(error.tag)) throw error;
    return { case: input.case, image, error: { tag: error.tag, message: error.message } };
  }
}

async function writeVolumes(
  name: string,
  { header }: Image,
  { verdict, probability }: Prediction,
  mask: Uint8Array,
  options: PredictOptions,
): Promise<PredictedCase['files']> {
  if (isRefused(verdict.verdict, options)) {
    // An earlier call may have written them.
    for (const ending of ['', '_prob']) await rm(path.join(options.output, `${name}${ending}.nii.gz`), { force: true });
    return { mask: null, probabilities: null, oodMap: null };
  }
  const maskFile = `${name}.nii.gz`;
  const probabilityFile = options.saveProbabilities ? `${name}_prob.nii.gz` : null;
  await writeMask(path.join(options.output, maskFile), mask, header);
  if (probabilityFile) await writeProbabilities(path.join(options.output, probabilityFile), probability, header);
  return { mask: maskFile, probabilities: probabilityFile, oodMap: null };
}

function isRefused(verdict: Verdict['verdict'], { onOod }: PredictOptions): boolean {
  return onOod === 'refuse' && verdict === 'out-of-distribution';
}

/** The result of an earlier call, if this model completed the case. */
async function readDone(
  options: PredictOptions,
  { case: name }: InputImage,
  { sha256 }: StoredModel,
): Promise<PredictedCase | undefined> {
  try {
    const done = JSON.parse(await readFile(path.join(options.output, `${name}.json`), 'utf8')) as PredictedCase;
    const kept = isRefused(done.verdict, options) && done.files.mask !== null;
    return done.model.sha256 === sha256 && !kept ? done : undefined;
  } catch {
    return undefined;
  }
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
