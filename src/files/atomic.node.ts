/** Results appear whole or not at all: a run that is killed or a disk that is full never leaves half a file. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OutputError } from '../errors.js';
import { explainSystemError } from './system-error.js';

/**
 * Make a folder and its parents; a folder that exists is left as it is.
 * @throws {OutputError} where it cannot be made (missing rights, a file in the way)
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw refusal(path, 'make this folder', error);
  }
}

/**
 * Remove a file; one that is not there is fine.
 * @throws {OutputError} where it cannot be removed
 */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw refusal(path, 'remove this file', error);
  }
}

/**
 * Write a file so that readers see the old content or the new, never a part: written beside the target, flushed to
 * the disk, then renamed. Parent folders are made.
 * @param options.flush false: what can be made again, and tells itself whether it is whole, need not wait for the disk
 * @throws {OutputError} where it cannot be written; the target is then as it was, and nothing is left beside it
 */
export async function writeFileAtomic(
  path: string,
  data: Uint8Array | string,
  { flush = true }: { readonly flush?: boolean } = {},
): Promise<void> {
  await makeFolder(dirname(path));
  // Renaming would replace a device or a pipe (as root even /dev/null) by a plain file.
  const found = await stat(path).catch(() => null);
  if (found && !found.isFile()) {
    throw new OutputError({
      file: path,
      expected: 'a file or a free name to write to',
      found: 'a folder or a device',
    });
  }
  // The target's name may already be as long as the file system allows, so only its start is reused.
  const aside = join(dirname(path), `.${basename(path).slice(0, 40)}.${randomBytes(6).toString('hex')}.part`);
  try {
    const file = await open(aside, 'wx');
    try {
      await file.writeFile(data);
      if (flush) await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
    if (flush) await syncFolder(dirname(path));
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined);
    throw refusal(path, 'write this file', error);
  }
}

/**
 * Write a value as JSON that people can read; as {@link writeFileAtomic}.
 * @throws {OutputError} likewise
 */
export function writeJsonAtomic(path: string, value: unknown): Promise<void> {
  return writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

function refusal(file: string, act: string, cause: unknown): OutputError {
  return new OutputError({ file, problem: `cannot ${act}: ${explainSystemError(cause)}`, cause });
}

/** A renamed file survives a power cut once its folder is on the disk too; not all systems can, or need to, say so. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => null);
  try {
    await folder?.sync();
  } catch {
    // The rename itself is done.
  } finally {
    await folder?.close();
  }
}
