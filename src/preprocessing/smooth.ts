/** Low-pass before images are made coarser, so that noise and edges do not alias into the coarse grid. */
import { composeKernels, type Kernel, linearKernel, makeKernel } from '../volume/kernel.js';

/** Below this, in voxels, a Gaussian's nearest neighbours weigh less than 1e-5. */
const negligible = 0.2;

/**
 * From `from` to `to` samples over the same field of view: Gaussian low-pass with sigma = (from / to - 1) / 2 source
 * samples (scikit-image's `resize(anti_aliasing=True)`) where that is worth it, then linear interpolation.
 */
export function antiAliasKernel(from: number, to: number): Kernel {
  const sigma = (from / to - 1) / 2;
  const linear = linearKernel(from, to);
  return sigma > negligible ? composeKernels(gaussianKernel(from, sigma), linear) : linear;
}

/** Gaussian along an axis of `n` samples, cut at 4 sigma, edges clamped. */
export function gaussianKernel(n: number, sigma: number): Kernel {
  const radius = Math.floor(4 * sigma + 0.5);
  const profile = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-0.5 * ((i - radius) / sigma) ** 2));
  const total = profile.reduce((sum, w) => sum + w, 0);
  return makeKernel(
    n,
    Array.from({ length: n }, (_, i) => {
      const first = Math.max(0, i - radius);
      const weights = new Array<number>(Math.min(n - 1, i + radius) - first + 1).fill(0);
      profile.forEach((weight, k) => {
        weights[Math.min(n - 1, Math.max(0, i + k - radius)) - first] += weight / total;
      });
      return { first, weights };
    }),
  );
}
