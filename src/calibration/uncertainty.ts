/**
 * How unsure the network says it is, as one number per image: the baseline that any out-of-distribution detector must
 * beat.
 */
import { quickExp } from '../math/exponential.js';

/**
 * Mean binary entropy of the foreground probability over all voxels, in nats (0 to ln 2), from their logits, without a
 * copy of probabilities; +Infinity where the network gave NaN. With e = exp(-|z|) the entropy of logit z is log(1 + e) + |z| e / (1 + e).
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
