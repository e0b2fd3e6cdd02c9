/**
 * How unsure the network says it is, as one number per image: the baseline that any out-of-distribution detector must
 * beat.
 */
import { quickExp } from '../math/exponential.js';

/**
 * Mean entropy over all voxels of what the network's logits make each, in nats; +Infinity where the network gave NaN.
 * @param heads logits a voxel, `[heads, voxels]`
 */
export function meanEntropyOfLogits(logits: Float32Array, heads = 1): number {
  return heads === 1 ? meanBinaryEntropy(logits) : meanSoftmaxEntropy(logits, heads);
}

/** With p = softmax(0, z_1 .. z_k) the entropy is log(1 + sum exp z) - sum p z. */
function meanSoftmaxEntropy(logits: Float32Array, heads: number): number {
  const voxels = logits.length / heads;
  let sum = 0;
  for (let i = 0; i < voxels; i++) {
    let largest = 0;
    for (let z = i; z < logits.length; z += voxels) largest = Math.max(largest, logits[z]);
    let total = Math.exp(-largest);
    let weighted = 0;
    for (let z = i; z < logits.length; z += voxels) {
      const e = Math.exp(logits[z] - largest);
      total += e;
      // Where e is 0 the logit may be minus infinity.
      if (e > 0) weighted += e * logits[z];
    }
    sum += largest + Math.log(total) - weighted / total;
  }
  if (Number.isNaN(sum)) return Number.POSITIVE_INFINITY;
  return voxels === 0 ? 0 : sum / voxels;
}

/**
 * Mean binary entropy of the foreground probability over all voxels, in nats (0 to ln 2), from their logits, without a
 * copy of probabilities; +Infinity where the network gave NaN. With e = exp(-|z|) the entropy of logit z is log(1 + e) + |z| e / (1 + e).
 */
function meanBinaryEntropy(logits: Float32Array): number {
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
