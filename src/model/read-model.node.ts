/** Reads model files from disk. */
import { ModelFormatError, UsageError } from '../errors.js';
import { readPlainFile } from '../files/read.node.js';
import { explainSystemError } from '../files/system-error.js';
import type { StoredModel } from './model.js';
import { decodeModelFile } from './model-file.js';

/** Open a model file; throws ModelFormatError naming the path where it is missing, unreadable or no intact model. */
export async function readModel(path: string): Promise<StoredModel> {
  let bytes: Uint8Array;
  try {
    bytes = await readPlainFile(path);
  } catch (cause) {
    throw new ModelFormatError({
      file: path,
      problem: `expected a model file, but ${explainSystemError(cause)}`,
      cause,
    });
  }
  return decodeModelFile(bytes, path);
}

/**
 * Open a model file and those that make an ensemble with it.
 * @throws ModelFormatError as {@link readModel}; UsageError naming a file that does not know the first one's tasks
 */
export async function readEnsemble(
  path: string,
  others: readonly string[],
): Promise<{ model: StoredModel; others: StoredModel[] }> {
  const model = await readModel(path);
  const read: StoredModel[] = [];
  for (const other of others) {
    const member = await readModel(other);
    const [lacking, added] = [without(model, member), without(member, model)];
    if (lacking.length + added.length > 0) {
      const found = [
        ...(lacking.length > 0 ? [`lacks ${lacking.join(', ')}`] : []),
        ...(added.length > 0 ? [`has ${added.join(', ')} besides`] : []),
      ];
      throw new UsageError({
        file: other,
        problem: `expected a model of the same tasks as ${path}; it ${found.join(' and ')}`,
      });
    }
    read.push(member);
  }
  return { model, others: read };
}

/** Names of the tasks of one model that another does not know. */
function without({ tasks }: StoredModel, other: StoredModel): string[] {
  return tasks.map(({ name }) => name).filter((name) => !other.tasks.some((task) => task.name === name));
}
