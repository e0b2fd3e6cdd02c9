/** Low-pass before images are made coarser, so that noise and edges do not alias into the coarse grid. */
import { mapVec3, type Vec3 } from '../math/vector.js';

/** Below this, in voxels, a Gaussian's nearest neighbours weigh less than 1e-5. */
const negligible = 0.2;

/**
 * Gaussian low-pass for going from one grid to another of the same field of view: per axis sigma = (factor - 1) / 2
 * source voxels (scikit-image's `resize(anti_aliasing=True)`), cut at 4 sigma, edges clamped. Axes that keep or gain
 * resolution are untouched; the input is returned as it is where no axis needs smoothing.
 */
export function smoothForResampling(data: Float32Array, from: Vec3, to: Vec3): Float32Array {
  const sigma = mapVec3(from, (n, axis) => (n / to[axis] - 1) / 2);
  return sigma.reduce((values, s, axis) => (s > negligible ? smoothAxis(values, from, axis, s) : values), data);
}

function smoothAxis(data: Float32Array, size: Vec3, axis: number, sigma: number): Float32Array {
  const radius = Math.floor(4 * sigma + 0.5);
  const weights = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-0.5 * ((i - radius) / sigma) ** 2));
  const total = weights.reduce((sum, w) => sum + w, 0);
  const n = size[axis];
  const stride = size.slice(0, axis).reduce((product, side) => product * side, 1);
  const result = new Float32Array(data.length);
  for (let slab = 0; slab < data.length; slab += n * stride)
    for (let j = 0; j < n; j++)
      for (let tap = -radius; tap <= radius; tap++) {
        const weight = weights[tap + radius] / total;
        const source = slab + Math.min(n - 1, Math.max(0, j + tap)) * stride;
        const target = slab + j * stride;
        for (let i = 0; i < stride; i++) result[target + i] += weight * data[source + i];
      }
  return result;
}
