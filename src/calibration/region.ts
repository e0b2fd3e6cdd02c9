/**
 * The region of interest in which calibration is judged: background far from any structure is trivially right and would
 * flatter every figure.
 */
import { GeometryError } from '../errors.js';
import type { Vec3 } from '../math/vector.js';
import { dilate } from './dilate.js';

/** By how many voxels masks are dilated to regions of interest, wherever a figure is printed. */
export const regionRadius = 3;

/**
 * (prediction or reference) dilated by `radius` voxels: 1 inside, 0 outside. Empty where both masks are.
 */
export function evaluationRegion(
  prediction: Uint8Array,
  reference: Uint8Array,
  size: Vec3,
  radius = regionRadius,
): Uint8Array {
  if (prediction.length !== reference.length) {
    throw new GeometryError({
      file: 'masks on different grids',
      expected: `as many voxels of the prediction as of the reference (${reference.length})`,
      found: `${prediction.length}`,
    });
  }
  return dilate(
    prediction.map((value, i) => value | reference[i]),
    size,
    radius,
  );
}
