/** Headers for images that come from no file (phantoms, test images, results of other formats). */
import type { Affine, Vec3 } from '../../math/vector.js';
import { determinant, spacingOf } from '../../volume/orientation.js';
import type { Grid } from '../../volume/volume.js';
import { checkAffine } from '../affine-check.js';
import type { ImageHeader } from '../image.js';
import { firstVoxelOffset, type HeaderBytes, headerLength, singleFileMagic, writeField } from './fields.js';
import { parseHeader } from './header.js';

/** Quaternion (b, c, d) of a proper rotation (Shepperd's method: divide by the largest component). */
function quaternionOf(r: readonly number[]): Vec3 {
  const [xx, xy, xz, yx, yy, yz, zx, zy, zz] = r;
  const squares = [1 + xx + yy + zz, 1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz];
  const largest = squares.indexOf(Math.max(...squares));
  const rows = [
    [squares[0], zy - yz, xz - zx, yx - xy],
    [zy - yz, squares[1], yx + xy, xz + zx],
    [xz - zx, yx + xy, squares[2], zy + yz],
    [yx - xy, xz + zx, zy + yz, squares[3]],
  ];
  const scale = 2 * Math.sqrt(squares[largest]);
  const [a, b, c, d] = rows[largest].map((value) => value / scale);
  const sign = a < 0 ? -1 : 1;
  return [sign * b, sign * c, sign * d];
}

/** Columns of an affine, normalised and right-handed, row by row; null where shear makes them no rotation. */
function rotationOf(affine: Affine): { rotation: number[]; handedness: 1 | -1 } | null {
  const spacing = spacingOf(affine);
  const handedness = determinant(affine) < 0 ? -1 : 1;
  const rotation = [0, 1, 2].flatMap((row) =>
    [0, 1, 2].map((column) => (affine[4 * row + column] / spacing[column]) * (column === 2 ? handedness : 1)),
  );
  const dot = (p: number, q: number) =>
    [0, 1, 2].reduce((sum, row) => sum + rotation[3 * row + p] * rotation[3 * row + q], 0);
  const sheared = Math.max(Math.abs(dot(0, 1)), Math.abs(dot(0, 2)), Math.abs(dot(1, 2))) > 1e-5;
  return sheared ? null : { rotation, handedness };
}

/** The longest axis that NIfTI-1 can count. */
const LONGEST = 32767;

/**
 * A fresh little-endian header for float32 voxels on a grid: millimetres, sform, and the same as qform unless the affine
 * is sheared, which a qform cannot say. NIfTI-1, or NIfTI-2 where an axis is too long for it. The grid of the result is
 * the one that the header's fields can hold.
 * @param name what messages call what it is made for
 * @throws {GeometryError} if the affine cannot be used
 */
export function createHeader(grid: Grid, name = 'new header'): ImageHeader {
  checkAffine(grid.affine, 'sform', name);
  const format = grid.size.some((n) => n > LONGEST) ? 'nifti2' : 'nifti1';
  const header: HeaderBytes = { format, littleEndian: true, bytes: new Uint8Array(headerLength[format]) };
  const rotated = rotationOf(grid.affine);
  writeField(header, 'sizeof_hdr', [headerLength[format]]);
  writeField(header, 'magic', singleFileMagic[format]);
  writeField(header, 'dim', [3, ...grid.size, 1, 1, 1, 1]);
  writeField(header, 'pixdim', [rotated?.handedness ?? 1, ...spacingOf(grid.affine), 1, 1, 1, 1]);
  writeField(header, 'datatype', [16]);
  writeField(header, 'bitpix', [32]);
  writeField(header, 'vox_offset', [firstVoxelOffset[format]]);
  writeField(header, 'scl_slope', [1]);
  writeField(header, 'xyzt_units', [2]);
  writeField(header, 'sform_code', [1]);
  writeField(header, 'srow', grid.affine.slice(0, 12));
  if (rotated) {
    writeField(header, 'qform_code', [1]);
    writeField(header, 'quatern', quaternionOf(rotated.rotation));
    writeField(header, 'qoffset', [grid.affine[3], grid.affine[7], grid.affine[11]]);
  }
  return parseHeader(header.bytes, name);
}
