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

/**
 * The same as text: UTF-8, or UTF-16 as some editors and shells write it; a byte-order mark is taken off.
 * @throws as {@link readPlainFile}, and an Error where it is neither
 */
export async function readPlainText(path: string, maximum: number): Promise<string> {
  const bytes = await readPlainFile(path, maximum);
  const encoding = encodingOf(bytes);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error(`its text is not ${encoding.toUpperCase()}; save it as UTF-8`, { cause });
  }
}

/** By the byte-order mark, or else by where the first character, a plain one in every text of ours, has its zero byte. */
function encodingOf([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if ((first === 0xff && second === 0xfe) || (first > 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second > 0)) return 'utf-16be';
  return 'utf-8';
}
