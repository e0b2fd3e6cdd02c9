/** How good a mask is likely to be, without a reference: Dice in expectation under calibrated probabilities. */
import { GeometryError } from '../errors.js';
import type { Vec3 } from '../math/vector.js';
import { dilate } from './dilate.js';
import { regionRadius } from './region.js';

/**
 * 2 sum(p m) / (sum p + sum m), summed within the prediction dilated by `radius` voxels, since the small probabilities of
 * far background would add up and bias sum p. Null for an empty mask: there is nothing to estimate.
 * Means something only for calibrated probabilities of images in distribution.
 */
export function estimatedDice(
  probability: Float32Array,
  mask: Uint8Array,
  size: Vec3,
  radius = regionRadius,
): number | null {
  if (probability.length !== mask.length) {
    throw new GeometryError(
      `Estimated Dice: expected as many probabilities as mask voxels (${mask.length}), found ${probability.length}.`,
    );
  }
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
