/** Affines that cannot place voxels are refused, whatever the format they come from. */
import { GeometryError } from '../errors.js';
import type { Affine } from '../math/vector.js';
import { determinant, spacingOf } from '../volume/orientation.js';

/** Spacings outside are damage, not anatomy: from electron microscopy to a field of view of kilometres. */
const SMALLEST_SPACING_MM = 1e-6;
const LARGEST_SPACING_MM = 1e4;

/**
 * Refuse an affine that cannot place voxels.
 * @param source what it comes from, for messages: "sform", "NRRD"
 * @throws {GeometryError} if it is not 16 finite numbers, singular or of unbelievable spacing
 */
export function checkAffine(affine: Affine, source: string, file: string): void {
  const found = `${affine.slice(0, 12).map((value) => Number(value.toPrecision(6)))}`;
  if (affine.length !== 16 || !affine.every(Number.isFinite)) {
    throw new GeometryError({ file, expected: `16 finite numbers in the ${source} affine`, found });
  }
  const spacing = spacingOf(affine);
  if (spacing.some((mm) => mm < SMALLEST_SPACING_MM || mm > LARGEST_SPACING_MM)) {
    throw new GeometryError({
      file,
      expected: `a spacing of ${SMALLEST_SPACING_MM} to ${LARGEST_SPACING_MM} mm in the ${source} affine`,
      found,
    });
  }
  if (Math.abs(determinant(affine)) < 1e-6 * spacing[0] * spacing[1] * spacing[2]) {
    throw new GeometryError({
      file,
      expected: 'an affine that can be inverted',
      found: `${found} (${source}): two axes point the same way`,
    });
  }
}
