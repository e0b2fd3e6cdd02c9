/** Files of images on disk, with the operating system's refusals turned into messages that name the file. */
import { type FileHandle, open, readlink, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { ImageFormatError, isCandorError, UnsupportedError } from '../errors.js';
import { explainSystemError } from '../files/system-error.js';
import { imageEndings } from './file-names.js';
import type { ImageFile } from './format.js';

/** Node's largest single read; no 3D image that Candor takes needs more. */
const MAXIMUM_FILE = 2 ** 31 - 1;

/** What tells that a file is still the one that was opened first. */
interface Identity {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ino: number;
}

/** The target of a link that leads nowhere, where it is one of git-annex's; null otherwise. */
async function annexLink(file: string): Promise<string | null> {
  const target = await readlink(file).catch(() => '');
  return /annex[/\\]objects/.test(target) ? target : null;
}

async function refusal(file: string, error: unknown): Promise<Error> {
  if (isCandorError(error)) return error;
  if ((error as NodeJS.ErrnoException).code === 'ENOENT' && (await annexLink(file)) !== null) {
    return new ImageFormatError({
      file,
      expected: 'an image',
      found: 'a link of git-annex whose contents are not here',
      remedy: 'fetch them with "git annex get" or "datalad get"',
      cause: error,
    });
  }
  const problem = `cannot read this image: ${explainSystemError(error)}`;
  return new ImageFormatError({ file, problem, cause: error });
}

/** Open, check that it is a plain file (a pipe or a device would never end), act, close. */
async function withFile<T>(file: string, act: (handle: FileHandle, found: Identity) => Promise<T>): Promise<T> {
  let handle: FileHandle | undefined;
  try {
    // Before it is opened: opening a pipe waits for somebody to write.
    const found = await stat(file);
    if (!found.isFile()) {
      const what = found.isDirectory() ? 'a folder' : 'a device or a pipe';
      throw new ImageFormatError({ file, expected: `an image file (${imageEndings})`, found: what });
    }
    handle = await open(file, 'r');
    return await act(handle, found);
  } catch (error) {
    throw await refusal(file, error);
  } finally {
    await handle?.close();
  }
}

/** Fill the array from its index `filled` on with the file's bytes at the same places; returns what could be filled. */
async function fill(handle: FileHandle, bytes: Uint8Array, filled: number): Promise<Uint8Array> {
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** A file of which each byte is read once, and kept until it is let go. */
export interface DiskFile extends ImageFile {
  /** Forget what was read; the next call reads anew. */
  letGo(): void;
}

/**
 * A plain file.
 * @throws {ImageFormatError} where there is none, or it cannot be read
 */
export async function openDiskFile(file: string): Promise<DiskFile> {
  const opened = await withFile(file, (_, found) => Promise.resolve(found));
  let kept: Uint8Array = new Uint8Array(0);
  const read = async (length: number) => {
    if (kept.length >= length) return kept.subarray(0, length);
    kept = await withFile(file, async (handle, found) => {
      const same = (['size', 'mtimeMs', 'ino'] as const).every((key) => found[key] === opened[key]);
      if (!same) {
        const problem = 'the file changed while it was read';
        throw new ImageFormatError({ file, problem, remedy: 'start again once it is complete' });
      }
      const bytes = new Uint8Array(length);
      bytes.set(kept);
      return await fill(handle, bytes, kept.length);
    });
    return kept;
  };
  return {
    name: file,
    length: opened.size,
    start: (length) => read(Math.min(length, opened.size)),
    whole: async () => {
      if (opened.size <= MAXIMUM_FILE) return await read(opened.size);
      const expected = `a file of at most ${MAXIMUM_FILE} bytes`;
      throw new ImageFormatError({ file, expected, found: `${opened.size}` });
    },
    beside: (name, links) => openBeside(file, name, links),
    letGo: () => {
      kept = new Uint8Array(0);
    },
  };
}

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );

async function openBeside(file: string, name: string, links: 'follow' | 'refuse'): Promise<DiskFile | null> {
  const asNamed = path.join(path.dirname(file), name);
  if (links === 'follow') return (await exists(asNamed)) ? await openDiskFile(asNamed) : null;
  // A header that is a link stands beside the voxels of the file that it leads to.
  const folder = path.dirname(await realpath(file));
  const beside = path.join(folder, name);
  if (!(await exists(beside))) {
    if ((await annexLink(beside)) === null) return null;
    throw await refusal(beside, Object.assign(new Error(), { code: 'ENOENT' }));
  }
  if (path.relative(folder, await realpath(beside)).startsWith('..')) {
    throw new UnsupportedError({
      file,
      expected: `the voxels' file ${name} in the header's folder`,
      found: 'a link that leaves it',
      remedy: 'put the file itself there',
    });
  }
  return await openDiskFile(beside);
}
