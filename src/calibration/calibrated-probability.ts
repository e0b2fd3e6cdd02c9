/**
 * Where a task's temperature acts. It is fitted near the organ, where the errors are; dividing the sure logits of the far
 * background as well would give millions of plain background voxels a chance of some per cent.
 */
import type { Vec3 } from '../math/vector.js';
import { dilate, regionRadius } from './region.js';
import { applyTemperature } from './temperature.js';

/**
 * Foreground probability of an image: sigmoid(logit / T) within 3 voxels of the mask (logit > 0), sigmoid(logit) beyond.
 * The mask stays as it is: above 0.5 exactly where the logit is above 0.
 * @param logits x fastest, of an image of `size` voxels
 * @throws UsageError for a temperature that is not positive, GeometryError where the size does not match
 */
export function calibratedProbability(logits: Float32Array, temperature: number, size: Vec3): Float32Array {
  const probability = applyTemperature(logits, 1);
  const region = dilate(
    Uint8Array.from(logits, (logit) => (logit > 0 ? 1 : 0)),
    size,
    regionRadius,
  );
  const near = applyTemperature(
    logits.filter((_, i) => region[i] === 1),
    temperature,
  );
  let next = 0;
  for (let i = 0; i < probability.length; i++) if (region[i] === 1) probability[i] = near[next++];
  return probability;
}
