/** Which of a NIfTI header's three ways to place voxels in space is used, and its affine: the same choice as nibabel. */
import { GeometryError } from '../../errors.js';
import type { Affine, Vec3 } from '../../math/vector.js';
import { determinant, spacingOf } from '../../volume/orientation.js';
import { type HeaderBytes, readField, readNumber } from './fields.js';

export type AffineSource = 'sform' | 'qform' | 'pixdim';

/** Spacings outside are damage, not anatomy: from electron microscopy to a field of view of kilometres. */
const SMALLEST_SPACING_MM = 1e-6;
const LARGEST_SPACING_MM = 1e4;

/** Zero stands for "not given" in pixdim, and a sign there means nothing. */
function voxelSpacing(header: HeaderBytes): Vec3 {
  const [, x, y, z] = readField(header, 'pixdim').map((value) => Math.abs(value) || 1);
  return [x, y, z];
}

/** NIfTI-1 standard, method 2: quaternion (a recovered from b, c, d), spacing, handedness, offset. */
function qformAffine(header: HeaderBytes, name: string): Affine {
  const [b, c, d] = readField(header, 'quatern');
  const [ox, oy, oz] = readField(header, 'qoffset');
  const [sx, sy, sz] = voxelSpacing(header);
  const handed = readNumber(header, 'pixdim') === -1 ? -sz : sz;
  const aSquared = 1 - (b * b + c * c + d * d);
  // float32 rounding makes half turns a little longer than 1; more than that is not a rotation.
  if (aSquared < -1e-3) {
    throw new GeometryError(
      `${name}: expected a unit quaternion in the qform, found (${b}, ${c}, ${d}), which is longer than 1. Set the orientation again.`,
    );
  }
  const a = Math.sqrt(Math.max(0, aSquared));
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
  const [sx, sy, sz] = voxelSpacing(header);
  const [ox, oy, oz] = [(sx * (size[0] - 1)) / 2, (-sy * (size[1] - 1)) / 2, (-sz * (size[2] - 1)) / 2];
  return [-sx, 0, 0, ox, 0, sy, 0, oy, 0, 0, sz, oz, 0, 0, 0, 1];
}

/**
 * Refuse an affine that cannot place voxels.
 * @throws {GeometryError} if it is not 16 finite numbers, singular or of unbelievable spacing
 */
export function checkAffine(affine: Affine, source: AffineSource | 'NRRD' | 'MetaImage', name: string): void {
  const found = `found ${affine.slice(0, 12).map((value) => Number(value.toPrecision(6)))}`;
  if (affine.length !== 16 || !affine.every(Number.isFinite)) {
    throw new GeometryError(`${name}: expected 16 finite numbers in the ${source} affine, ${found}.`);
  }
  const spacing = spacingOf(affine);
  if (spacing.some((mm) => mm < SMALLEST_SPACING_MM || mm > LARGEST_SPACING_MM)) {
    throw new GeometryError(
      `${name}: expected a spacing of ${SMALLEST_SPACING_MM} to ${LARGEST_SPACING_MM} mm in the ${source} affine, ${found}.`,
    );
  }
  if (Math.abs(determinant(affine)) < 1e-6 * spacing[0] * spacing[1] * spacing[2]) {
    throw new GeometryError(
      `${name}: expected an affine that can be inverted, ${found} (${source}): two axes point the same way.`,
    );
  }
}

/**
 * The affine of a header: sform if its code is above 0, else qform if its code is, else pixdim alone.
 * @throws {GeometryError} if it is not finite, singular or of unbelievable spacing
 */
export function chooseAffine(
  header: HeaderBytes,
  size: Vec3,
  name: string,
): { affine: Affine; affineSource: AffineSource } {
  let affineSource: AffineSource;
  let affine: Affine;
  if (readNumber(header, 'sform_code') > 0) {
    affineSource = 'sform';
    affine = [...readField(header, 'srow'), 0, 0, 0, 1];
  } else if (readNumber(header, 'qform_code') > 0) {
    affineSource = 'qform';
    affine = qformAffine(header, name);
  } else {
    affineSource = 'pixdim';
    affine = pixdimAffine(header, size);
  }
  checkAffine(affine, affineSource, name);
  return { affine, affineSource };
}
