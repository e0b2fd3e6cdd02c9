/** How good a mask is likely to be, without a reference: Dice in expectation under calibrated probabilities. */
import { GeometryError } from '../errors.js';
import { type LabelSpace, logitCount } from '../labels/label-space.js';
import { structureMask } from '../labels/reference.js';
import { mean } from '../math/statistics.js';
import type { Vec3 } from '../math/vector.js';
import { dilate } from './dilate.js';
import { regionRadius } from './region.js';

/** The mean over the structures that were found of their {@link estimatedDices}; null where none was. */
export function estimatedDice(
  space: LabelSpace,
  probability: Float32Array,
  mask: Uint8Array,
  size: Vec3,
  radius = regionRadius,
): number | null {
  const k = logitCount(space);
  const voxels = mask.length;
  if (probability.length !== k * voxels) {
    throw new GeometryError({
      file: 'estimated Dice',
      expected: `as many probabilities as mask voxels of ${k} structures (${k * voxels})`,
      found: `${probability.length}`,
    });
  }
  const planeOf = (s: number) => probability.subarray(s * voxels, (s + 1) * voxels);
  const estimates = estimatedDices(space, planeOf, mask, size, radius).filter((value) => value !== null);
  return estimates.length === 0 ? null : mean(estimates);
}

/**
 * By structure, 2 sum(p m) / (sum p + sum m), summed within the prediction dilated by `radius` voxels, since the small
 * probabilities of far background would add up and bias sum p. Null for an empty mask: there is nothing to estimate.
 * Means something only for calibrated probabilities of images in distribution.
 * @param probabilityOf a structure's; each is asked for once, in order
 */
export function estimatedDices(
  space: LabelSpace,
  probabilityOf: (structure: number) => Float32Array,
  mask: Uint8Array,
  size: Vec3,
  radius = regionRadius,
): (number | null)[] {
  return space.structures.map((_, s) => expectedDice(probabilityOf(s), structureMask(space, mask, s), size, radius));
}

/** Of one structure. */
function expectedDice(probability: Float32Array, mask: Uint8Array, size: Vec3, radius: number): number | null {
  const region = dilate(mask, size, radius);
  let overlap = 0;
  let expected = 0;
  let predicted = 0;
  for (let i = 0; i < mask.length; i++) {
    if (region[i] === 0) continue;
    expected += probability[i];
    if (mask[i] === 0) continue;
    overlap += probability[i];
    predicted++;
  }
  return predicted === 0 ? null : (2 * overlap) / (expected + predicted);
}
