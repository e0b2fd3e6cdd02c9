/** Reads a model file from disk. */
import { readFile } from 'node:fs/promises';
import { ModelFormatError } from '../errors.js';
import { explainSystemError } from '../files/system-error.js';
import type { StoredModel } from '../model/model.js';
import { decodeModelFile } from '../model/model-file.js';

/** Open a model file; throws ModelFormatError naming the path where it is missing, unreadable or no intact model. */
export async function readModel(path: string): Promise<StoredModel> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new ModelFormatError(`${path}: expected a model file, but ${explainSystemError(cause)}.`, { cause });
  }
  return decodeModelFile(bytes, path);
}
