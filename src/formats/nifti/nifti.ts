/** NIfTI-1 and NIfTI-2 files, plain or gzipped, to images: every size is checked before memory is taken. */
import { ImageFormatError, UnsupportedError } from '../../errors.js';
import { count } from '../../math/vector.js';
import type { Volume } from '../../volume/volume.js';
import { gunzipStart, isGzip, maximumInflatedLength, verifyChecksum } from '../inflate.js';
import { firstVoxelOffset, readNumber } from './fields.js';
import { decodeNiftiHeader, type ImageHeader, type NiftiLayout } from './header.js';
import { convertVoxels, voxelTypes } from './voxels.js';

export { createHeader } from './create.js';
export { decodeNiftiHeader, type ImageHeader } from './header.js';

/** An image as read from a file. */
export interface Image {
  /** The file's name or path, as the reader was given it. */
  readonly name: string;
  /** Values after scl_slope and scl_inter, in the file's voxel order. NaN stays NaN. */
  readonly volume: Volume;
  readonly header: ImageHeader;
}

/** Stored * slope + intercept; a slope of 0 or not finite means "not scaled" (NIfTI-1 standard, nibabel). */
function scalingOf(header: ImageHeader, name: string): { slope: number; intercept: number } {
  const slope = readNumber(header, 'scl_slope');
  const intercept = readNumber(header, 'scl_inter');
  if (slope === 0 || !Number.isFinite(slope)) return { slope: 1, intercept: 0 };
  if (!Number.isFinite(intercept)) {
    throw new ImageFormatError(`${name}: expected a finite scl_inter beside scl_slope ${slope}, found ${intercept}.`);
  }
  return { slope, intercept };
}

/** Bytes that extensions between header and voxels may take; inflating them costs time and memory. */
const MAXIMUM_EXTENSIONS = 2 ** 26;

/** First byte of the voxels and the byte after their last, in their file before compression. */
function voxelRange(header: ImageHeader, layout: NiftiLayout, name: string): { from: number; to: number } {
  const least = layout === 'pair' ? 0 : firstVoxelOffset[header.format];
  // Some writers leave 0 in single files; readers take it as "directly after the header".
  const from = readNumber(header, 'vox_offset') || least;
  if (!Number.isInteger(from) || from < least || from > MAXIMUM_EXTENSIONS) {
    throw new ImageFormatError(
      `${name}: expected voxels from byte ${least} to ${MAXIMUM_EXTENSIONS} on, found vox_offset ${from}.`,
    );
  }
  return { from, to: from + count(header.grid.size) * voxelTypes[header.datatype].bytes };
}

function truncated(header: ImageHeader, name: string, expected: number, found: string): ImageFormatError {
  const what = `${header.grid.size.join(' x ')} voxels of ${voxelTypes[header.datatype].name}`;
  return new ImageFormatError(
    `${name}: expected ${expected} bytes for ${what}, found ${found}: the file is truncated. Copy or export it again.`,
  );
}

/** The file's bytes up to the last voxel, inflated where needed. */
function bytesToLastVoxel(bytes: Uint8Array, header: ImageHeader, end: number, name: string): Uint8Array {
  if (!isGzip(bytes)) {
    if (bytes.length < end) throw truncated(header, name, end, `${bytes.length}`);
    return bytes;
  }
  if (end > maximumInflatedLength(bytes.length)) {
    throw truncated(header, name, end, `${bytes.length} compressed bytes, too few for so many`);
  }
  const inflated = gunzipStart(bytes, end, name);
  if (inflated.length < end) throw truncated(header, name, end, `${inflated.length} after decompression`);
  verifyChecksum(bytes, inflated, name);
  return inflated;
}

/**
 * Decode a NIfTI file. Takes memory for the voxels that the header declares and the file really holds, no more.
 * @param bytes the whole file, gzipped or not (told by its first bytes, not by its name)
 * @param name what error messages call the file
 * @param voxels of a pair, the whole .img file, likewise; `bytes` is then the .hdr file
 * @throws {ImageFormatError} if it is foreign, damaged or truncated
 * @throws {UnsupportedError} if it is valid but not 3D, its voxels are not single numbers, or it is too large
 * @throws {GeometryError} if its affine is not finite, singular or of unbelievable spacing
 */
export function decodeNifti(bytes: Uint8Array, name: string, voxels?: Uint8Array): Image {
  const layout = voxels ? 'pair' : 'single';
  const header = decodeNiftiHeader(bytes, name, layout);
  const scaling = scalingOf(header, name);
  const { from, to } = voxelRange(header, layout, name);
  try {
    const plain = bytesToLastVoxel(voxels ?? bytes, header, to, name);
    const data = new Float32Array(count(header.grid.size));
    convertVoxels(plain.subarray(from, to), header.datatype, header.littleEndian, scaling, data);
    return { name, volume: { ...header.grid, data }, header };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UnsupportedError(
      `${name}: expected an image that fits into memory, found ${header.grid.size.join(' x ')} voxels. Crop it or lower its resolution.`,
      { cause: error },
    );
  }
}
