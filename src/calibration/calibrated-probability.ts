/**
 * Where a task's temperature acts. It is fitted near the organ, where the errors are; dividing the sure logits of the far
 * background as well would give millions of plain background voxels a chance of some per cent.
 */
import type { LabelSpace } from '../labels/label-space.js';
import { maskOfLogits, probabilitiesInPlace } from '../labels/probability.js';
import type { Vec3 } from '../math/vector.js';
import { dilate } from './dilate.js';
import { regionRadius } from './region.js';
import { logitScale } from './temperature.js';

/**
 * Probabilities of an image's structures: those of logits / T within 3 voxels of the
 * foreground that the logits give, those of the logits beyond. The mask stays as it is.
 * @param logits `[structures, voxels]`, x fastest, of an image of `size` voxels
 * @throws UsageError for a temperature that is not positive, GeometryError where the size does not match
 */
export function calibratedProbability(
  space: LabelSpace,
  logits: Float32Array,
  temperature: number,
  size: Vec3,
): Float32Array {
  return calibrateInPlace(space, logits.slice(), temperature, size);
}

/** {@link calibratedProbability} where the logits are not needed any more: the array itself, now of probabilities. */
export function calibrateInPlace(
  space: LabelSpace,
  logits: Float32Array,
  temperature: number,
  size: Vec3,
): Float32Array {
  const scale = logitScale(temperature);
  const region = dilate(maskOfLogits(space, logits), size, regionRadius);
  return probabilitiesInPlace(space, logits, scale, region);
}
