/** NIfTI headers: recognised, checked and refused before any voxel is touched, because headers lie. */
import { ImageFormatError, UnsupportedError } from '../../errors.js';
import type { Vec3 } from '../../math/vector.js';
import { checkSize, type Grid } from '../../volume/volume.js';
import { gunzipStart, isGzip } from '../inflate.js';
import { type AffineSource, chooseAffine } from './affine.js';
import { type HeaderBytes, headerLength, type NiftiFormat, readField, readNumber } from './fields.js';
import { refusedTypes, voxelTypes } from './voxels.js';

/** What a NIfTI file says about its voxels, with the header's own bytes for writing results on the same grid. */
export interface ImageHeader {
  readonly format: NiftiFormat;
  /** The header proper, 348 or 540 bytes, in the file's byte order. */
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  readonly grid: Grid;
  /** NIfTI data type code of the stored voxels. */
  readonly datatype: number;
  readonly affineSource: AffineSource;
}

/** `single`: header and voxels in one file (.nii). `pair`: in two (.hdr and .img). */
export type NiftiLayout = 'single' | 'pair';

const isNifti = 'expected a NIfTI-1 or NIfTI-2 image (.nii or .nii.gz)';

/** Format and byte order by the header's length, which is also its signature. */
function recognise(start: Uint8Array, name: string): HeaderBytes {
  if (start.length === 0) throw new ImageFormatError(`${name}: ${isNifti}, found an empty file.`);
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  for (const format of ['nifti1', 'nifti2'] as const) {
    for (const littleEndian of [true, false]) {
      if (start.length < 4 || view.getInt32(0, littleEndian) !== headerLength[format]) continue;
      if (start.length < headerLength[format]) {
        throw new ImageFormatError(
          `${name}: expected a header of ${headerLength[format]} bytes, found ${start.length} bytes: the file is truncated.`,
        );
      }
      return { format, littleEndian, bytes: start.slice(0, headerLength[format]) };
    }
  }
  const first = [...start.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const dicom = String.fromCharCode(...start.subarray(128, 132)) === 'DICM';
  throw new ImageFormatError(
    `${name}: ${isNifti}, found ${dicom ? 'a DICOM file; convert it, for example with dcm2niix' : `a file that begins with the bytes ${first}`}.`,
  );
}

function checkMagic(header: HeaderBytes, layout: NiftiLayout, name: string): void {
  const magic = String.fromCharCode(...readField(header, 'magic'));
  const digit = header.format === 'nifti1' ? '1' : '2';
  if (layout === 'single' && magic.startsWith(`ni${digit}\0`)) {
    throw new ImageFormatError(
      `${name}: ${isNifti} in a single file, found the header of a .hdr/.img pair. Name it .hdr, with its .img beside it.`,
    );
  }
  if (layout === 'pair' && header.format === 'nifti1' && !/^n[i+]/.test(magic)) {
    throw new UnsupportedError(
      `${name}: expected the header of a NIfTI pair, found ANALYZE 7.5, which does not say which side is left. Convert it to .nii.gz with a tool that lets you state the orientation.`,
    );
  }
  // NIfTI-2 adds an end-of-line check, as PNG does, which some writers leave zero.
  const begin = `${layout === 'pair' ? 'ni' : 'n+'}${digit}`;
  const whole = digit === '1' ? [`${begin}\0`] : [`${begin}\0\r\n\x1a\n`, `${begin}\0\0\0\0\0`];
  if (!whole.includes(magic)) {
    throw new ImageFormatError(`${name}: expected the magic string "${begin}", found ${JSON.stringify(magic)}.`);
  }
}

/** Grid size of a 3D image, trailing axes of length one dropped. */
function readSize(header: HeaderBytes, name: string): Vec3 {
  const [rank, ...dim] = readField(header, 'dim');
  if (!(rank >= 1 && rank <= 7)) {
    throw new ImageFormatError(`${name}: expected 1 to 7 dimensions, found ${rank}: the header is damaged.`);
  }
  const size = dim.slice(0, rank);
  const shape = size.join(' x ');
  if (!size.every((n) => n >= 1)) {
    throw new ImageFormatError(`${name}: expected positive dimensions, found ${shape}: the header is damaged.`);
  }
  while (size.length > 1 && size.at(-1) === 1) size.pop();
  if (size.length < 3) {
    throw new UnsupportedError(`${name}: expected a 3D image, found ${size.length}D (${shape}).`);
  }
  if (size.length > 3) {
    throw new UnsupportedError(
      `${name}: expected a 3D image, found ${size.length}D (${shape}). Split it into single volumes first.`,
    );
  }
  const [x, y, z] = size;
  checkSize([x, y, z], name);
  return [x, y, z];
}

function readDatatype(header: HeaderBytes, name: string): number {
  const datatype = readNumber(header, 'datatype');
  if (voxelTypes[datatype]) return datatype;
  const wanted = 'expected one integer or float of at most 64 bits a voxel';
  if (refusedTypes[datatype]) {
    throw new UnsupportedError(`${name}: ${wanted}, found ${refusedTypes[datatype]} (data type ${datatype}).`);
  }
  throw new ImageFormatError(`${name}: ${wanted}, found the unknown data type ${datatype}: the header is damaged.`);
}

/**
 * Read and check a header. `bytes` is the file or just its start (a few kilobytes do), gzipped or not.
 * @throws {ImageFormatError} if it is foreign, damaged or truncated, or of the other layout
 * @throws {UnsupportedError} if it is valid but not 3D, is ANALYZE 7.5, or its voxels are not single numbers
 * @throws {GeometryError} if its affine is not finite, singular or of unbelievable spacing
 */
export function decodeNiftiHeader(bytes: Uint8Array, name: string, layout: NiftiLayout = 'single'): ImageHeader {
  const start = isGzip(bytes) ? gunzipStart(bytes, headerLength.nifti2, name) : bytes;
  const header = recognise(start, name);
  checkMagic(header, layout, name);
  const size = readSize(header, name);
  const datatype = readDatatype(header, name);
  const { affine, affineSource } = chooseAffine(header, size, name);
  return { ...header, grid: { size, affine }, datatype, affineSource };
}
