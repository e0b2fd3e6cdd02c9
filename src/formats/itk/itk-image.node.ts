/** NRRD and MetaImage files to images and back: what the header declares is checked here, the reading is ITK's. */
import { mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ImageFormatError, OutputError, UnsupportedError } from '../../errors.js';
import { explainSystemError } from '../../files/system-error.js';
import type { Grid } from '../../volume/volume.js';
import { checkLength, type DeclaredImage } from '../declared.js';
import { decodeMetaImageHeader } from '../metaimage/header.js';
import { checkAffine } from '../nifti/affine.js';
import { createHeader, type Image, type ImageHeader } from '../nifti/nifti.js';
import { decodeNrrdHeader } from '../nrrd/header.js';
import { affineOf, geometryOf } from './geometry.js';
import { type ItkFormat, type ItkImage, itkRead, itkWrite } from './itk.node.js';

/** A file on disk whose start has been read. */
interface StartedFile {
  readonly path: string;
  readonly length: number;
  /** Its first `MAXIMUM_TEXT_HEADER` bytes, or all of it. */
  readonly start: Uint8Array;
}

/** The format of a name, or null for one that is neither NRRD nor MetaImage. */
export function itkFormatOf(fileName: string): ItkFormat | null {
  if (/\.(nrrd|nhdr)$/i.test(fileName)) return 'nrrd';
  return /\.(mha|mhd)$/i.test(fileName) ? 'meta' : null;
}

/** The file as ITK must be given it: links followed, since its file system sees one folder alone. */
async function locate({ path: name }: StartedFile): Promise<string> {
  const real = await realpath(name);
  if (itkFormatOf(real) === null || path.extname(real) !== path.extname(real).toLowerCase()) {
    throw new UnsupportedError(
      `${name}: expected the file ${path.basename(real)} to end in .nrrd, .nhdr, .mha or .mhd. Rename it.`,
    );
  }
  return real;
}

async function checkData(file: StartedFile, real: string, declared: DeclaredImage): Promise<void> {
  if (declared.dataFile === null) {
    checkLength(declared, file.length, file.path);
    return;
  }
  const folder = path.dirname(real);
  try {
    const data = await realpath(path.join(folder, declared.dataFile));
    if (path.relative(folder, data).startsWith('..')) {
      throw new UnsupportedError(
        `${file.path}: expected the voxels' file ${declared.dataFile} in the header's folder, found a link that leaves it.`,
      );
    }
    const found = await stat(data);
    if (!found.isFile()) {
      throw new ImageFormatError(`${file.path}: expected voxels in ${declared.dataFile}, found no plain file.`);
    }
    checkLength(declared, found.size, `${file.path} (voxels in ${declared.dataFile})`);
  } catch (error) {
    if (error instanceof ImageFormatError || error instanceof UnsupportedError) throw error;
    throw new ImageFormatError(
      `${file.path}: cannot read its voxels in ${declared.dataFile}: ${explainSystemError(error)}.`,
      { cause: error },
    );
  }
}

/** What the header declares, checked against the files, and where ITK finds it. */
async function declaration(file: StartedFile, format: ItkFormat): Promise<{ declared: DeclaredImage; real: string }> {
  const declared = (format === 'nrrd' ? decodeNrrdHeader : decodeMetaImageHeader)(file.start, file.path);
  const real = await locate(file);
  await checkData(file, real, declared);
  return { declared, real };
}

/** Ask ITK for an image whose declaration has been checked, and hold what it gives against the declaration. */
async function read(
  file: StartedFile,
  format: ItkFormat,
  headerOnly: boolean,
): Promise<{ found: ItkImage; grid: Grid }> {
  const { declared, real } = await declaration(file, format);
  let found: ItkImage;
  try {
    found = await itkRead(format, real, headerOnly);
  } catch (error) {
    throw new ImageFormatError(
      `${file.path}: expected an intact image, but ITK cannot read it: ${(error as Error).message}. Copy or export it again.`,
      { cause: error },
    );
  }
  const { components, pixelType, dimension } = found.imageType;
  if (components !== 1 || pixelType !== 'Scalar' || dimension !== 3) {
    throw new UnsupportedError(
      `${file.path}: expected one number a voxel in 3D, found ${components} of ${pixelType} in ${dimension}D.`,
    );
  }
  const affine = affineOf(found);
  checkAffine(affine, format === 'nrrd' ? 'NRRD' : 'MetaImage', file.path);
  return { found, grid: { size: declared.size, affine } };
}

/** A NIfTI header for results, with the image's grid in full precision beside it. */
function headerFor(grid: Grid): ImageHeader {
  return { ...createHeader(grid), grid };
}

function toFloat32(data: ArrayLike<number> | ArrayLike<bigint>): Float32Array {
  // ITK-Wasm's buffers are shared ones, which not every user of an image takes.
  if (data instanceof Float32Array) return data.buffer instanceof ArrayBuffer ? data : new Float32Array(data);
  if (!(data instanceof BigInt64Array || data instanceof BigUint64Array)) {
    return new Float32Array(data as ArrayLike<number>);
  }
  const values = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) values[i] = Number(data[i]);
  return values;
}

/**
 * Read a NRRD or MetaImage file.
 * @throws {ImageFormatError} if it is foreign, damaged or truncated
 * @throws {UnsupportedError} if it is valid but not a 3D image of single numbers, or too large
 * @throws {GeometryError} if it does not lie in a patient's space, or its affine cannot be used
 */
export async function readItkImage(file: StartedFile, format: ItkFormat): Promise<Image> {
  const { found, grid } = await read(file, format, false);
  const expected = grid.size.join(' x ');
  const data = found.data === null ? new Float32Array(0) : toFloat32(found.data);
  if (found.size.join(' x ') !== expected || data.length !== grid.size.reduce((product, n) => product * n)) {
    throw new ImageFormatError(`${file.path}: expected ${expected} voxels, found ${found.size.join(' x ')}.`);
  }
  return { name: file.path, volume: { ...grid, data }, header: headerFor(grid) };
}

/** The image's own file, and the one of its voxels where they are in another; errors as {@link readItkImage}. */
export async function itkFiles(file: StartedFile, format: ItkFormat): Promise<string[]> {
  const { declared, real } = await declaration(file, format);
  return declared.dataFile === null ? [real] : [real, path.join(path.dirname(real), declared.dataFile)];
}

/** Read the header alone; errors as {@link readItkImage}. */
export async function readItkHeader(file: StartedFile, format: ItkFormat): Promise<ImageHeader> {
  return headerFor((await read(file, format, true)).grid);
}

/**
 * A compressed NRRD or MetaImage file of one number a voxel.
 * @param metadata further header fields
 * @throws {OutputError} where it cannot be made
 */
export async function encodeItkImage(
  data: Uint8Array | Float32Array,
  grid: Grid,
  format: ItkFormat,
  metadata: ReadonlyMap<string, string>,
): Promise<Uint8Array> {
  // ITK writes to files only, and atomic writing wants bytes.
  let folder: string | undefined;
  try {
    folder = await mkdtemp(path.join(tmpdir(), 'candor-'));
    const file = path.join(await realpath(folder), format === 'nrrd' ? 'image.nrrd' : 'image.mha');
    const componentType = data instanceof Uint8Array ? 'uint8' : 'float32';
    const imageType = { dimension: 3, componentType, pixelType: 'Scalar', components: 1 };
    await itkWrite(format, file, {
      imageType,
      name: '',
      ...geometryOf(grid.affine),
      size: [...grid.size],
      data,
      metadata,
    });
    return await readFile(file);
  } catch (error) {
    throw new OutputError(
      `${format === 'nrrd' ? 'NRRD' : 'MetaImage'} result: cannot be made: ${explainSystemError(error)}.`,
      {
        cause: error,
      },
    );
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}
