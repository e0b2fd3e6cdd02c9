/** The verb `predict`: masks and verdicts for files and folders of images. */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { type InputImage, listImages } from '../datasets/list-images.node.js';
import { errorOn, isCandorError, throwIfCancelled, UsageError } from '../errors.js';
import { makeFolder, writeJsonAtomic } from '../files/atomic.node.js';
import { type OpenedImage, openImage } from '../formats/image-file.node.js';
import { memoryWatch } from '../inference/memory-watch.node.js';
import { createPredictor, type Predictor } from '../inference/predictor.js';
import { checkDropout } from '../inference/segment.js';
import type { JobOptions } from '../job-options.js';
import { readEnsemble } from '../model/read-model.node.js';
import { type OptionsOf, validateOptions } from '../options/options.js';
import { describeCase, describeSource } from '../results/describe-case.js';
import { readDone } from '../results/predict-done.node.js';
import { predictOptions } from '../results/predict-options.js';
import { ofPart, runId, writeSummary } from '../results/predict-parts.node.js';
import { settingsOf } from '../results/predict-settings.js';
import type { FailedImage, PredictedCase, PredictSummary, ResultSource } from '../results/predicted-case.js';
import { writeVolumes } from '../results/write-volumes.node.js';
import { createOnnxRuntime } from '../runtime/onnxruntime.node.js';

/** Options of `predict`. */
export interface PredictOptions extends JobOptions, OptionsOf<typeof predictOptions> {
  /** The model file. */
  readonly model: string;
  /** Further model files of the same tasks, which make an ensemble with `model`: all segment, `model` alone judges. */
  readonly others?: readonly string[];
}

/**
 * Segment and judge images; each case's files appear whole or not at all, and a bad file never stops the others.
 * @throws ModelFormatError, UsageError, OutputError; ImageFormatError for a folder without images; CancelledError
 * @example
 * const { cases } = await predict({ model: 'model.onnx', inputs: ['scans'], output: 'out' });
 */
export async function predict(options: PredictOptions): Promise<PredictSummary> {
  validateOptions(predictOptions, options);
  const { output, signal, numParts = 1, partId = 0 } = options;
  if (partId < 0 || partId >= numParts) {
    throw new UsageError({
      file: '--part-id',
      expected: `0 to ${numParts - 1} for ${numParts} parts`,
      found: String(partId),
    });
  }
  const { model, others } = await readEnsemble(options.model, options.others ?? []);
  for (const member of [model, ...others]) checkDropout(member, options);
  const all = await listImages(options.inputs);
  const images = ofPart(all, partId, numParts);
  await refuseOverwriting(images, output);
  await makeFolder(output);
  const predictor = await createPredictor(model, createOnnxRuntime(options), others);
  const resultSource = describeSource([model, ...others], options);
  const settings = settingsOf(options);
  const cases: (PredictedCase | FailedImage)[] = [];
  const memory = memoryWatch([model, ...others], options);
  const noteOnce = once(options.onNote);
  try {
    for (const image of images) {
      throwIfCancelled(signal);
      if (image.remark) options.onNote?.(image.remark);
      cases.push(
        (options.continue &&
          !image.fault &&
          (await readDone(output, options, settings, image, resultSource, noteOnce))) ||
          (await predictOne(predictor, resultSource, image, memory, options)),
      );
      options.onProgress?.({ stage: 'predict', done: cases.length, total: images.length, item: image.case });
    }
  } finally {
    await predictor.release();
  }
  const run = await runId([all.map((image) => image.case), resultSource, settings]);
  const part = numParts === 1 ? {} : { part: { id: partId, of: numParts, run } };
  const summary = { ...part, ...resultSource, alpha: settings.alpha, settings, device: predictor.device, cases };
  await writeSummary(output, summary);
  return summary;
}

/** Says a text the first time only: a thousand images may share a remark. */
function once(say: PredictOptions['onNote']): (text: string) => void {
  const said = new Set<string>();
  return (text) => {
    if (!said.has(text)) say?.(text);
    said.add(text);
  };
}

/** Results carry the names of their images: in the images' own folder a mask would replace a scan. */
async function refuseOverwriting(images: readonly InputImage[], output: string): Promise<void> {
  const real = (folder: string) => realpath(folder).catch(() => path.resolve(folder));
  const folder = await real(output);
  for (const image of images) {
    if ((await real(path.dirname(image.path))) !== folder) continue;
    throw new UsageError({
      file: '--output',
      problem: `${output} is the folder of ${image.path}, which a mask could replace`,
      remedy: 'name another',
    });
  }
}

/** One image from file to files; what is wrong with it becomes its result. */
async function predictOne(
  predictor: Predictor,
  resultSource: ResultSource,
  input: InputImage,
  checkMemory: (image: OpenedImage) => void,
  options: PredictOptions,
): Promise<PredictedCase | FailedImage> {
  const image = path.basename(input.path);
  const start = performance.now();
  try {
    if (input.fault) throw input.fault;
    const opened = await openImage(input.path);
    checkMemory(opened);
    // The voxels come from the very bytes of the digest.
    const imageSha256 = await opened.sha256();
    const { volume, header } = await opened.read();
    const { task, alpha, keepLargest, intensityOffset, mc, seed, saveOodMap: oodMap, signal } = options;
    const wanted = { task, alpha, keepLargest, intensityOffset, mc, seed, oodMap, signal };
    const prediction = await predictor.predict(volume, wanted);
    const files = await writeVolumes(options.output, input, header, prediction, options);
    const result = describeCase(prediction, {
      ...{ case: input.case, image, imageSha256, ...resultSource, settings: settingsOf(options), header },
      ...{ device: predictor.device, files, seconds: (performance.now() - start) / 1000 },
    });
    // Written last: its presence says that the case is complete.
    await writeJsonAtomic(path.join(options.output, `${input.case}.json`), result);
    return result;
  } catch (error) {
    const ofThisImage = ['EmptyImageError', 'ImageFormatError', 'GeometryError', 'UnsupportedError', 'EngineError'];
    if (!isCandorError(error) || !ofThisImage.includes(error.tag)) throw error;
    // What the library cannot know: which file it is about.
    const { tag, message } = error.file === undefined ? errorOn(input.path, error) : error;
    return { case: input.case, image, error: { tag, message } };
  }
}
