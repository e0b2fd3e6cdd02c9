/**
 * Where a task's temperature acts. It is fitted near the organ, where the errors are; dividing the sure logits of the far
 * background as well would give millions of plain background voxels a chance of some per cent.
 */
import type { Vec3 } from '../math/vector.js';
import { dilate } from './dilate.js';
import { regionRadius } from './region.js';
import { logitScale, sigmoid } from './temperature.js';

/**
 * Foreground probability of an image: sigmoid(logit / T) within 3 voxels of the mask (logit > 0), sigmoid(logit) beyond.
 * The mask stays as it is: above 0.5 exactly where the logit is above 0.
 * @param logits x fastest, of an image of `size` voxels
 * @throws UsageError for a temperature that is not positive, GeometryError where the size does not match
 */
export function calibratedProbability(logits: Float32Array, temperature: number, size: Vec3): Float32Array {
  return calibrateInPlace(logits.slice(), temperature, size);
}

/** {@link calibratedProbability} where the logits are not needed any more: the array itself, now of probabilities. */
export function calibrateInPlace(logits: Float32Array, temperature: number, size: Vec3): Float32Array {
  const scale = logitScale(temperature);
  const region = dilate(logits, size, regionRadius);
  for (let i = 0; i < logits.length; i++) logits[i] = sigmoid(region[i] === 1 ? scale * logits[i] : logits[i]);
  return logits;
}
