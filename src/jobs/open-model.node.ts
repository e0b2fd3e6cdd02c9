/** Opens a model file for prediction in a program of one's own. */
import { createPredictor, type Predictor } from '../inference/predictor.js';
import { createOnnxRuntime } from '../runtime/onnxruntime.node.js';
import { readModel } from './read-model.node.js';
import type { JobOptions } from './types.js';

/**
 * Open a model; `predict(volume)` on the result segments and judges one image, `release()` gives its memory back.
 * @throws ModelFormatError naming the path where it is missing, foreign, damaged or of another version
 */
export async function openModel(
  path: string,
  options: Pick<JobOptions, 'threads' | 'device'> = {},
): Promise<Predictor> {
  return createPredictor(await readModel(path), createOnnxRuntime(options));
}
