/**
 * What the text header of a NRRD or MetaImage file declares, checked against the file before any memory is taken for
 * voxels. Reading the voxels is ITK's work; ITK takes the declared sizes at their word.
 */
import { ImageFormatError, UnsupportedError } from '../errors.js';
import { count, type Vec3 } from '../math/vector.js';
import { checkSize } from '../volume/volume.js';

/** Enough for the text header of a segmentation of hundreds of named segments. */
export const MAXIMUM_TEXT_HEADER = 2 ** 20;

/** Bytes of voxels that fit, with the copies that reading makes, into the 32-bit memory that ITK runs in. */
const MAXIMUM_VOXEL_BYTES = 2 ** 30;

/** Deflate cannot do better than 258 bytes for two bits (zlib's documentation, "maximum compression factor"). */
const MAXIMUM_RATIO = 1032;

export interface DeclaredImage {
  readonly size: Vec3;
  /** Where the voxels are: a path relative to the header's folder, or null for this file. */
  readonly dataFile: string | null;
  /** First byte of the voxels in that file; null where the header does not tell. */
  readonly from: number | null;
  /** The fewest bytes that the voxels can take there. */
  readonly leastBytes: number;
}

export type Encoding = 'raw' | 'deflate' | 'text' | 'hex';

/** Header fields of either format, not yet believed. */
export interface Fields {
  readonly rank: string | undefined;
  readonly sizes: string | undefined;
  readonly bytesPerVoxel: number;
  readonly encoding: Encoding;
  readonly dataFile: string | null;
  readonly from: number | null;
}

/** Fewest bytes of a file that can hold the voxels. */
function leastBytes(voxels: number, bytesPerVoxel: number, encoding: Encoding): number {
  if (encoding === 'deflate') return Math.ceil((voxels * bytesPerVoxel) / MAXIMUM_RATIO);
  // A digit and a separator for each number; the last may lack its separator.
  if (encoding === 'text') return 2 * voxels - 1;
  return voxels * bytesPerVoxel * (encoding === 'hex' ? 2 : 1);
}

/** A plain relative path to one file below the header's folder. */
function checkDataFile(dataFile: string, name: string): void {
  const control = /\p{Cc}/u.test(dataFile);
  if (/^LIST\b/i.test(dataFile) || /%\d*d/.test(dataFile) || control) {
    throw new UnsupportedError(
      `${name}: expected the voxels in one file, found ${control ? 'an unreadable name' : `"${dataFile.slice(0, 80)}"`}. Convert the image to a single file.`,
    );
  }
  if (/^([/\\]|[A-Za-z]:)/.test(dataFile) || dataFile.split(/[/\\]/).includes('..')) {
    throw new UnsupportedError(
      `${name}: expected the file of the voxels beside the header, found "${dataFile.slice(0, 200)}". Move it there and name it without folders.`,
    );
  }
}

/**
 * Check the fields of a header.
 * @throws {ImageFormatError} for fields that are missing or absurd
 * @throws {UnsupportedError} for an image that is not 3D, too large, or in several files
 */
export function checkDeclared(fields: Fields, name: string): DeclaredImage {
  const rank = Number(fields.rank);
  const size = (fields.sizes ?? '').trim().split(/\s+/).map(Number);
  if (!(Number.isInteger(rank) && rank >= 1 && rank <= 16) || size.length !== rank) {
    throw new ImageFormatError(
      `${name}: expected a number of dimensions and as many sizes, found ${rank} and "${(fields.sizes ?? '').slice(0, 80)}": the header is damaged.`,
    );
  }
  const shape = size.join(' x ');
  if (!size.every((n) => Number.isInteger(n) && n >= 1)) {
    throw new ImageFormatError(`${name}: expected positive dimensions, found ${shape}: the header is damaged.`);
  }
  if (rank !== 3) {
    throw new UnsupportedError(
      `${name}: expected a 3D image, found ${rank}D (${shape}). ${rank > 3 ? 'Split it into single volumes first.' : 'Stack its slices first.'}`,
    );
  }
  const grid: Vec3 = [size[0], size[1], size[2]];
  checkSize(grid, name);
  const bytes = count(grid) * fields.bytesPerVoxel;
  if (bytes > MAXIMUM_VOXEL_BYTES) {
    throw new UnsupportedError(
      `${name}: expected at most ${MAXIMUM_VOXEL_BYTES} bytes of voxels in this format, found ${bytes} (${shape}). Convert the image to .nii.gz, crop it or lower its resolution.`,
    );
  }
  if (fields.dataFile !== null) checkDataFile(fields.dataFile, name);
  return {
    size: grid,
    dataFile: fields.dataFile,
    from: fields.from,
    leastBytes: leastBytes(count(grid), fields.bytesPerVoxel, fields.encoding),
  };
}

/**
 * Refuse voxels that cannot be whole.
 * @param length bytes of the file that holds them
 * @throws {ImageFormatError} if it is shorter than the header declares
 */
export function checkLength(declared: DeclaredImage, length: number, name: string): void {
  const expected = (declared.from ?? 0) + declared.leastBytes;
  if (length >= expected) return;
  throw new ImageFormatError(
    `${name}: expected at least ${expected} bytes for ${declared.size.join(' x ')} voxels, found ${length}: the file is truncated. Copy or export it again.`,
  );
}

/** Header bytes as text, one character a byte, so that offsets in it are offsets in the file. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}
