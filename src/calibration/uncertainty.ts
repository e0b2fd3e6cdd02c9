/**
 * How unsure the network says it is, as one number per image: the baselines that any out-of-distribution detector must
 * beat. Take the region around the prediction (`dilate`), and all voxels for comparison.
 */
import { UsageError } from '../errors.js';
import { quickExp } from '../math/exponential.js';

/**
 * Mean binary entropy of the foreground probability, in nats (0 to ln 2). Higher is less sure.
 * @param region voxels to count, non-zero; all by default. Null where it is empty
 */
export function meanEntropy(probability: Float32Array, region?: Uint8Array): number | null {
  return meanOver(probability, region, (p) => -xLogX(p) - xLogX(1 - p));
}

/**
 * {@link meanEntropy} of all voxels from their logits, without a copy of probabilities; +Infinity where the network gave
 * NaN. With e = exp(-|z|) the entropy of logit z is log(1 + e) + |z| e / (1 + e).
 */
export function meanEntropyOfLogits(logits: Float32Array): number {
  let sum = 0;
  // A sum of logarithms is the logarithm of a product, which is taken only when the product nears the largest float64.
  let product = 1;
  for (let i = 0; i < logits.length; i++) {
    const size = Math.abs(logits[i]);
    // Beyond this the entropy is below 1e-17.
    if (size > 44) continue;
    const e = quickExp(-size);
    if (size > 13) {
      // So small an e loses digits in 1 + e; two terms of its series are exact to 1e-11.
      sum += e * (1 + size - e * (0.5 + size));
      continue;
    }
    product *= 1 + e;
    sum += (size * e) / (1 + e);
    if (product > 1e300) {
      sum += Math.log(product);
      product = 1;
    }
  }
  sum += Math.log(product);
  if (Number.isNaN(sum)) return Number.POSITIVE_INFINITY;
  return logits.length === 0 ? 0 : sum / logits.length;
}

/**
 * Mean probability of the class chosen, max(p, 1 - p), 0.5 to 1. Lower is less sure: negate it for a score of strangeness.
 * @param region as in {@link meanEntropy}
 */
export function meanMaximumProbability(probability: Float32Array, region?: Uint8Array): number | null {
  return meanOver(probability, region, (p) => Math.max(p, 1 - p));
}

function xLogX(x: number): number {
  return x > 0 ? x * Math.log(x) : 0;
}

function meanOver(probability: Float32Array, region: Uint8Array | undefined, of: (p: number) => number): number | null {
  if (region && region.length !== probability.length) {
    throw new UsageError(`Uncertainty: expected a region of ${probability.length} voxels, found ${region.length}.`);
  }
  let sum = 0;
  let n = 0;
  for (let i = 0; i < probability.length; i++) {
    if (region && region[i] === 0) continue;
    const p = probability[i];
    if (!(p >= 0 && p <= 1)) throw new UsageError(`Uncertainty: voxel ${i} has probability ${p}, expected 0 to 1.`);
    sum += of(p);
    n++;
  }
  return n === 0 ? null : sum / n;
}
