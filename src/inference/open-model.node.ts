/** Opens a model file for prediction in a program of one's own. */

import type { JobOptions } from '../job-options.js';
import { readEnsemble } from '../model/read-model.node.js';
import { createOnnxRuntime } from '../runtime/onnxruntime.node.js';
import { createPredictor, type Predictor } from './predictor.js';

/**
 * Open a model, or an ensemble of it and `others`; `predict(volume)` on the result segments and judges one image, `release()` gives its memory back.
 * @throws ModelFormatError naming the path where it is missing, foreign, damaged or of another version; UsageError
 * naming a member that does not know the same tasks
 * @example
 * const model = await openModel('model.onnx');
 * const { volume } = await readImage('scan.nii.gz');
 * const { task, verdict, volumeMl } = await model.predict(volume);
 * console.log(task, verdict.verdict, volumeMl);
 * await model.release();
 */
export async function openModel(
  path: string,
  options: Pick<JobOptions, 'threads' | 'device'> & {
    /** Further model files of the same tasks, which make an ensemble with it. */
    readonly others?: readonly string[];
  } = {},
): Promise<Predictor> {
  const { model, others } = await readEnsemble(path, options.others ?? []);
  return createPredictor(model, createOnnxRuntime(options), others);
}
