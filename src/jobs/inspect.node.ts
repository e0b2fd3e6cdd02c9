/** The verb `inspect`: what a model file says of itself. */
import { type ModelCard, modelCard } from '../model/model-card.js';
import { readModel } from '../model/read-model.node.js';

/**
 * The card of a model file.
 * @throws ModelFormatError where it is missing, foreign, damaged or of another version
 * @example
 * const { tasks } = await inspect('model.onnx');
 * console.log(tasks.map(({ name }) => name));
 */
export async function inspect(path: string): Promise<ModelCard> {
  return modelCard(await readModel(path));
}
