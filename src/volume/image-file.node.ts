/** Images from disk, with the operating system's refusals turned into messages that name the file. */
import { type FileHandle, open } from 'node:fs/promises';
import { ImageFormatError, isCandorError } from '../errors.js';
import { explainSystemError } from '../files/system-error.js';
import { decodeNifti, decodeNiftiHeader, type Image, type ImageHeader } from './nifti.js';

/** Enough for a gzipped header, whatever name and comment the gzip file carries. */
const START = 16384;

/** Node's largest single read; no 3D image that Candor takes needs more. */
const MAXIMUM_FILE = 2 ** 31 - 1;

/** Open, check that it is a plain file (a pipe or a device would never end), act, close. */
async function withImageFile<T>(path: string, act: (file: FileHandle, length: number) => Promise<T>): Promise<T> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const found = await file.stat();
    if (found.isDirectory()) {
      throw new ImageFormatError(`${path}: expected an image file (.nii or .nii.gz), found a folder.`);
    }
    if (!found.isFile()) {
      throw new ImageFormatError(`${path}: expected an image file (.nii or .nii.gz), found a device or a pipe.`);
    }
    return await act(file, found.size);
  } catch (error) {
    if (isCandorError(error)) throw error;
    throw new ImageFormatError(`${path}: cannot read this image: ${explainSystemError(error)}.`, { cause: error });
  } finally {
    await file?.close();
  }
}

async function readBytes(file: FileHandle, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/**
 * Read an image.
 * @throws {ImageFormatError} if the file cannot be read, is foreign, damaged or truncated
 * @throws {UnsupportedError | GeometryError} as {@link decodeNifti}
 */
export function readImage(path: string): Promise<Image> {
  return withImageFile(path, async (file, length) => {
    // A foreign file of any size is refused by its first bytes.
    decodeNiftiHeader(await readBytes(file, Math.min(length, START)), path);
    if (length > MAXIMUM_FILE) {
      throw new ImageFormatError(`${path}: expected a file of at most ${MAXIMUM_FILE} bytes, found ${length}.`);
    }
    return decodeNifti(await readBytes(file, length), path);
  });
}

/** Read the header alone, from the start of the file; errors as {@link readImage}. */
export function readImageHeader(path: string): Promise<ImageHeader> {
  return withImageFile(path, async (file, length) =>
    decodeNiftiHeader(await readBytes(file, Math.min(length, START)), path),
  );
}
