/** Images from disk, with the operating system's refusals turned into messages that name the file. */
import { access, type FileHandle, open, stat } from 'node:fs/promises';
import { ImageFormatError, isCandorError } from '../errors.js';
import { explainSystemError } from '../files/system-error.js';
import { MAXIMUM_TEXT_HEADER } from './declared.js';
import { itkFiles, itkFormatOf, readItkHeader, readItkImage } from './itk/itk-image.node.js';
import { decodeNifti, decodeNiftiHeader, type Image, type ImageHeader } from './nifti/nifti.js';

/** Enough for a gzipped header, whatever name and comment the gzip file carries. */
const START = 16384;

/** Node's largest single read; no 3D image that Candor takes needs more. */
const MAXIMUM_FILE = 2 ** 31 - 1;

/** Open, check that it is a plain file (a pipe or a device would never end), act, close. */
async function withImageFile<T>(path: string, act: (file: FileHandle, length: number) => Promise<T>): Promise<T> {
  let file: FileHandle | undefined;
  try {
    // Before it is opened: opening a pipe waits for somebody to write.
    const found = await stat(path);
    if (found.isDirectory()) {
      throw new ImageFormatError(
        `${path}: expected an image file (.nii, .nii.gz, .hdr, .nrrd, .nhdr, .mha or .mhd), found a folder.`,
      );
    }
    if (!found.isFile()) {
      throw new ImageFormatError(
        `${path}: expected an image file (.nii, .nii.gz, .hdr, .nrrd, .nhdr, .mha or .mhd), found a device or a pipe.`,
      );
    }
    file = await open(path, 'r');
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

async function readWhole(file: FileHandle, length: number, path: string): Promise<Uint8Array> {
  if (length > MAXIMUM_FILE) {
    throw new ImageFormatError(`${path}: expected a file of at most ${MAXIMUM_FILE} bytes, found ${length}.`);
  }
  return await readBytes(file, length);
}

/** The two files of a NIfTI pair, named by either; null for the name of another kind of image. */
async function pairOf(path: string): Promise<{ header: string; voxels: string } | null> {
  const [, stem, half] = /^(.*)\.(hdr|img)(?:\.gz)?$/i.exec(path) ?? [];
  if (stem === undefined) return null;
  const other = half.toLowerCase() === 'hdr' ? 'img' : 'hdr';
  const endings = [`.${other}`, `.${other}.gz`, `.${other.toUpperCase()}`];
  let found: string | undefined;
  for (const ending of endings) {
    const exists = await access(stem + ending).then(
      () => true,
      () => false,
    );
    if (exists) found ??= stem + ending;
  }
  if (found === undefined) {
    await withImageFile(path, () => Promise.resolve());
    throw new ImageFormatError(
      `${path}: expected ${stem}.${other} or ${stem}.${other}.gz beside it, the other half of a NIfTI pair, found neither.`,
    );
  }
  return other === 'img' ? { header: path, voxels: found } : { header: found, voxels: path };
}

/**
 * Read an image: NIfTI in one file or a pair, NRRD, MetaImage.
 * @throws {ImageFormatError} if the file cannot be read, is foreign, damaged or truncated
 * @throws {UnsupportedError | GeometryError} as `decodeNifti` and `readItkImage`
 */
export async function readImage(path: string): Promise<Image> {
  const format = itkFormatOf(path);
  if (format) {
    return await withImageFile(path, async (file, length) => {
      const start = await readBytes(file, Math.min(length, MAXIMUM_TEXT_HEADER));
      return await readItkImage({ path, length, start }, format);
    });
  }
  const pair = await pairOf(path);
  if (pair) {
    const header = await readPairHeader(pair.header);
    decodeNiftiHeader(header, pair.header, 'pair');
    const voxels = await withImageFile(pair.voxels, (file, length) => readWhole(file, length, pair.voxels));
    return decodeNifti(header, pair.header, voxels);
  }
  return await withImageFile(path, async (file, length) => {
    // A foreign file of any size is refused by its first bytes.
    decodeNiftiHeader(await readBytes(file, Math.min(length, START)), path);
    return decodeNifti(await readWhole(file, length, path), path);
  });
}

function readPairHeader(path: string): Promise<Uint8Array> {
  return withImageFile(path, (file, length) => readBytes(file, Math.min(length, START)));
}

/**
 * The files that an image consists of, the header's first; each is a plain one.
 * @throws {ImageFormatError} if one cannot be read
 */
export async function imageFiles(path: string): Promise<string[]> {
  const format = itkFormatOf(path);
  if (format) {
    return await withImageFile(path, async (file, length) => {
      const start = await readBytes(file, Math.min(length, MAXIMUM_TEXT_HEADER));
      return await itkFiles({ path, length, start }, format);
    });
  }
  const pair = await pairOf(path);
  const files = pair ? [pair.header, pair.voxels] : [path];
  for (const file of files) await withImageFile(file, () => Promise.resolve());
  return files;
}

/** Read the header alone, from the start of the file; errors as {@link readImage}. */
export async function readImageHeader(path: string): Promise<ImageHeader> {
  const format = itkFormatOf(path);
  if (format) {
    return await withImageFile(path, async (file, length) => {
      const start = await readBytes(file, Math.min(length, MAXIMUM_TEXT_HEADER));
      return await readItkHeader({ path, length, start }, format);
    });
  }
  const pair = await pairOf(path);
  if (pair) return decodeNiftiHeader(await readPairHeader(pair.header), pair.header, 'pair');
  return await withImageFile(path, async (file, length) =>
    decodeNiftiHeader(await readBytes(file, Math.min(length, START)), path),
  );
}
