/** NIfTI headers: recognised, checked and refused before any voxel is touched, because headers lie. */
import { ImageFormatError, UnsupportedError } from '../../errors.js';
import type { Vec3 } from '../../math/vector.js';
import { describeForeign } from '../foreign.js';
import type { ImageHeader } from '../image.js';
import { gridSize } from '../size-check.js';
import type { VoxelType } from '../voxels.js';
import { chooseAffine } from './affine.js';
import { type HeaderBytes, headerLength, readField, readNumber } from './fields.js';
import { headerRemarks } from './remarks.js';
import { refusedTypes, voxelTypes } from './types.js';

/** `single`: header and voxels in one file (.nii). `pair`: in two (.hdr and .img). */
export type NiftiLayout = 'single' | 'pair';

const isNifti = 'a NIfTI-1 or NIfTI-2 image (.nii or .nii.gz)';

/** Format and byte order by the header's length, which is also its signature; null for other files. */
export function recognise(start: Uint8Array): Omit<HeaderBytes, 'bytes'> | null {
  if (start.length < 4) return null;
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  for (const format of ['nifti1', 'nifti2'] as const) {
    for (const littleEndian of [true, false]) {
      if (view.getInt32(0, littleEndian) === headerLength[format]) return { format, littleEndian };
    }
  }
  return null;
}

function checkMagic(header: HeaderBytes, layout: NiftiLayout, file: string): void {
  const magic = String.fromCharCode(...readField(header, 'magic'));
  const digit = header.format === 'nifti1' ? '1' : '2';
  if (layout === 'single' && magic.startsWith(`ni${digit}\0`)) {
    throw new ImageFormatError({
      file,
      expected: `${isNifti} in a single file`,
      found: 'the header of a .hdr/.img pair',
      remedy: 'name it .hdr, with its .img beside it',
    });
  }
  if (layout === 'pair' && header.format === 'nifti1' && !/^n[i+]/.test(magic)) {
    throw new UnsupportedError({
      file,
      expected: 'the header of a NIfTI pair',
      found: 'ANALYZE 7.5, which does not say which side is left',
      remedy: 'convert it to .nii.gz with a tool that lets you state the orientation',
    });
  }
  // NIfTI-2 adds an end-of-line check, as PNG does, which some writers leave zero.
  const begin = `${layout === 'pair' ? 'ni' : 'n+'}${digit}`;
  const whole = digit === '1' ? [`${begin}\0`] : [`${begin}\0\r\n\x1a\n`, `${begin}\0\0\0\0\0`];
  if (!whole.includes(magic)) {
    throw new ImageFormatError({ file, expected: `the magic string "${begin}"`, found: JSON.stringify(magic) });
  }
}

/** Grid size of a 3D image, trailing axes of length one dropped. */
function readSize(header: HeaderBytes, file: string): Vec3 {
  const [rank, ...dim] = readField(header, 'dim');
  if (!(rank >= 1 && rank <= 7)) {
    const found = `${rank}: the header is damaged`;
    throw new ImageFormatError({ file, expected: '1 to 7 dimensions', found });
  }
  const declared = dim.slice(0, rank);
  const size = [...declared];
  while (size.length > 1 && size.at(-1) === 1) size.pop();
  return gridSize(size, file, declared);
}

function readType(header: HeaderBytes, file: string): VoxelType {
  const code = readNumber(header, 'datatype');
  if (voxelTypes[code]) return voxelTypes[code];
  const expected = 'one integer or float of at most 64 bits a voxel';
  if (refusedTypes[code]) {
    throw new UnsupportedError({ file, expected, found: `${refusedTypes[code]} (data type ${code})` });
  }
  const found = `the unknown data type ${code}: the header is damaged`;
  throw new ImageFormatError({ file, expected, found });
}

/**
 * Read and check a header.
 * @param start the file's first bytes, inflated where it is compressed; those of NIfTI-2 are 540
 * @throws {ImageFormatError} if it is foreign, damaged or truncated, or of the other layout
 * @throws {UnsupportedError} if it is valid but not 3D, is ANALYZE 7.5, or its voxels are not single numbers
 * @throws {GeometryError} if its affine is not finite, singular or of unbelievable spacing
 */
export function parseHeader(start: Uint8Array, file: string, layout: NiftiLayout = 'single'): ImageHeader {
  const known = recognise(start);
  if (!known) throw new ImageFormatError({ file, expected: isNifti, found: describeForeign(start) });
  const length = headerLength[known.format];
  if (start.length < length) {
    const found = `${start.length} bytes: the file is truncated`;
    throw new ImageFormatError({ file, expected: `a header of ${length} bytes`, found });
  }
  const source: HeaderBytes = { ...known, bytes: start.slice(0, length) };
  checkMagic(source, layout, file);
  const size = readSize(source, file);
  const type = readType(source, file);
  const { affine, affineSource } = chooseAffine(source, size, file);
  const remarks = headerRemarks(source, affine, affineSource);
  return { format: 'NIfTI', grid: { size, affine }, type, affineSource, remarks, source };
}

/** The header's own bytes. */
export function sourceOf({ source }: ImageHeader): HeaderBytes {
  return source as HeaderBytes;
}
