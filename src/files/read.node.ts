/** Files from outside, read whole: a pipe or a device would never end, and sizes are looked at before memory is taken. */
import { readFile, stat } from 'node:fs/promises';

/** Node's largest single read. */
export const MAXIMUM_READ = 2 ** 31 - 1;

/**
 * All bytes of a plain file.
 * @param maximum in bytes
 * @throws the file system's error, or an Error that says in a phrase what else was found: callers name the file and
 * wrap it (`explainSystemError` takes both)
 */
export async function readPlainFile(path: string, maximum = MAXIMUM_READ): Promise<Uint8Array> {
  // Before it is opened: opening a pipe waits for somebody to write.
  const found = await stat(path);
  if (found.isDirectory()) throw new Error('it is a folder');
  if (!found.isFile()) throw new Error('it is a device or a pipe');
  if (found.size > maximum) throw new Error(`its ${found.size} bytes are more than the ${maximum} allowed`);
  return readFile(path);
}

/** The same as UTF-8 text, a byte-order mark taken off. */
export async function readPlainText(path: string, maximum: number): Promise<string> {
  return new TextDecoder().decode(await readPlainFile(path, maximum));
}
