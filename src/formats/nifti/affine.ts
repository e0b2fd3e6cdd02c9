/** A NIfTI header's three ways to place voxels in space, and which is used: the same choice as nibabel. */
import { GeometryError } from '../../errors.js';
import type { Affine, Vec3 } from '../../math/vector.js';
import { checkAffine } from '../affine-check.js';
import type { AffineSource } from '../image.js';
import { type HeaderBytes, readField, readNumber } from './fields.js';

/** Millimetres in the header's unit of length (xyzt_units, its three lowest bits); an unknown one is taken for mm. */
export function unitOf(header: HeaderBytes): { name: string; mm: number } {
  const code = readNumber(header, 'xyzt_units') & 7;
  if (code === 1) return { name: 'metre', mm: 1000 };
  return code === 3 ? { name: 'micrometre', mm: 0.001 } : { name: 'millimetre', mm: 1 };
}

/** In the header's unit. Zero stands for "not given" in pixdim, and a sign there means nothing. */
export function pixdimSpacing(header: HeaderBytes): Vec3 {
  const [, x, y, z] = readField(header, 'pixdim').map((value) => Math.abs(value) || 1);
  return [x, y, z];
}

/** NIfTI-1 standard, method 3; in the header's unit. */
export function sformAffine(header: HeaderBytes): Affine {
  return [...readField(header, 'srow'), 0, 0, 0, 1];
}

/** The quaternion that a qform turns by; null for one that is no rotation. */
function quaternion(header: HeaderBytes): { a: number; b: number; c: number; d: number } | null {
  const [b, c, d] = readField(header, 'quatern');
  const aSquared = 1 - (b * b + c * c + d * d);
  // float32 rounding makes half turns a little longer than 1; more than that is not a rotation.
  if (!(aSquared >= -1e-3)) return null;
  return { a: Math.sqrt(Math.max(0, aSquared)), b, c, d };
}

/** NIfTI-1 standard, method 2: quaternion (a recovered from b, c, d), spacing, handedness, offset. Null as above. */
export function qformAffine(header: HeaderBytes): Affine | null {
  const turn = quaternion(header);
  if (!turn) return null;
  const { a, b, c, d } = turn;
  const [ox, oy, oz] = readField(header, 'qoffset');
  const [sx, sy, sz] = pixdimSpacing(header);
  const handed = readNumber(header, 'pixdim') === -1 ? -sz : sz;
  const s = 2 / (a * a + b * b + c * c + d * d);
  return [
    ...[(1 - s * (c * c + d * d)) * sx, s * (b * c - a * d) * sy, s * (b * d + a * c) * handed, ox],
    ...[s * (b * c + a * d) * sx, (1 - s * (b * b + d * d)) * sy, s * (c * d - a * b) * handed, oy],
    ...[s * (b * d - a * c) * sx, s * (c * d + a * b) * sy, (1 - s * (b * b + c * c)) * handed, oz],
    ...[0, 0, 0, 1],
  ];
}

/** nibabel's `get_base_affine`: x to the left, the origin at the centre of the image. */
function pixdimAffine(header: HeaderBytes, size: Vec3): Affine {
  const [sx, sy, sz] = pixdimSpacing(header);
  const [ox, oy, oz] = [(sx * (size[0] - 1)) / 2, (-sy * (size[1] - 1)) / 2, (-sz * (size[2] - 1)) / 2];
  return [-sx, 0, 0, ox, 0, sy, 0, oy, 0, 0, sz, oz, 0, 0, 0, 1];
}

/** An affine with its lengths in another unit. */
export function scaleAffine(affine: Affine, factor: number): Affine {
  return factor === 1 ? affine : affine.map((value, i) => (i < 12 ? value * factor : value));
}

/**
 * The affine of a header in millimetres: sform if its code is above 0, else qform if its code is, else pixdim alone.
 * @throws {GeometryError} if it is not finite, singular or of unbelievable spacing
 */
export function chooseAffine(
  header: HeaderBytes,
  size: Vec3,
  file: string,
): { affine: Affine; affineSource: AffineSource } {
  let affineSource: AffineSource;
  let affine: Affine;
  if (readNumber(header, 'sform_code') > 0) {
    affineSource = 'sform';
    affine = sformAffine(header);
  } else if (readNumber(header, 'qform_code') > 0) {
    affineSource = 'qform';
    const fromQuaternion = qformAffine(header);
    if (!fromQuaternion) {
      throw new GeometryError({
        file,
        expected: 'a unit quaternion in the qform',
        found: `(${readField(header, 'quatern').join(', ')}), which is longer than 1`,
        remedy: 'set the orientation again',
      });
    }
    affine = fromQuaternion;
  } else {
    affineSource = 'pixdim';
    affine = pixdimAffine(header, size);
  }
  affine = scaleAffine(affine, unitOf(header).mm);
  checkAffine(affine, affineSource, file);
  return { affine, affineSource };
}
