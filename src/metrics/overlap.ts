/** How much of a mask is right: Dice overlap and volumes. Non-zero voxels are foreground. */
import { GeometryError } from '../errors.js';
import type { Vec3 } from '../math/vector.js';

/** Voxel counts that overlap measures are made of. */
export interface Overlap {
  readonly intersection: number;
  readonly predicted: number;
  readonly reference: number;
}

/** Count foreground voxels of both masks and of their intersection. */
export function overlap(prediction: Uint8Array, reference: Uint8Array): Overlap {
  if (prediction.length !== reference.length) {
    throw new GeometryError({
      file: 'masks on different grids',
      expected: `as many voxels of the prediction as of the reference (${reference.length})`,
      found: `${prediction.length}`,
    });
  }
  let intersection = 0;
  let predicted = 0;
  let referenced = 0;
  for (let i = 0; i < prediction.length; i++) {
    const p = prediction[i] !== 0 ? 1 : 0;
    const r = reference[i] !== 0 ? 1 : 0;
    predicted += p;
    referenced += r;
    intersection += p & r;
  }
  return { intersection, predicted, reference: referenced };
}

/**
 * Dice coefficient, 2 |A and B| / (|A| + |B|).
 * Empty masks: both empty is perfect agreement, 1; one empty is a failure, 0.
 */
export function dice(prediction: Uint8Array, reference: Uint8Array): number {
  return diceOfOverlap(overlap(prediction, reference));
}

/** As {@link dice}, from counts. */
function diceOfOverlap(counts: Overlap): number {
  const sum = counts.predicted + counts.reference;
  return sum === 0 ? 1 : (2 * counts.intersection) / sum;
}

/** Volume of a number of voxels in millilitres; spacing in mm. */
export function volumeMl(voxels: number, spacing: Vec3): number {
  return (voxels * spacing[0] * spacing[1] * spacing[2]) / 1000;
}
