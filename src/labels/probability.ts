/**
 * From logits to probabilities and masks. Arrays hold a plane of voxels a structure, `[structures, voxels]`.
 * A mask is where a structure is likelier than the background and than every other; of structures that overlap, where
 * each is likelier than not.
 */
import { quickExp } from '../math/exponential.js';
import { type LabelSpace, paintedClasses } from './label-space.js';

/** The next float32 after one half. */
const JUST_ABOVE_HALF = 0.5 + 2 ** -24;

/** Probability of a logit, to be kept in float32: above 0.5 exactly where the logit is above 0. */
export function sigmoid(logit: number): number {
  const p = 1 / (1 + quickExp(-logit));
  return logit > 0 && p < JUST_ABOVE_HALF ? JUST_ABOVE_HALF : p;
}

/**
 * Probabilities in the place of the logits. `scale` multiplies the logits first, of the voxels of `region` alone where
 * there is one.
 */
export function probabilitiesInPlace(
  space: LabelSpace,
  logits: Float32Array,
  scale: number,
  region?: Uint8Array,
): Float32Array {
  const k = space.structures.length;
  const voxels = logits.length / k;
  const planes = isolated(space) ? k : 0;
  for (let p = 0, z = 0; p < planes; p++) {
    for (let i = 0; i < voxels; i++, z++) {
      logits[z] = sigmoid(region === undefined || region[i] === 1 ? scale * logits[z] : logits[z]);
    }
  }
  if (planes === 0) softmaxInPlace(logits, k, (i) => (region === undefined || region[i] === 1 ? scale : 1));
  return logits;
}

/** softmax(0, z_1 .. z_k) of every voxel, less the background's. */
function softmaxInPlace(logits: Float32Array, k: number, scaleAt: (voxel: number) => number): void {
  const voxels = logits.length / k;
  for (let i = 0; i < voxels; i++) {
    const scale = scaleAt(i);
    let largest = 0;
    for (let z = i; z < logits.length; z += voxels) largest = Math.max(largest, scale * logits[z]);
    let sum = Math.exp(-largest);
    for (let z = i; z < logits.length; z += voxels) sum += Math.exp(scale * logits[z] - largest);
    for (let z = i; z < logits.length; z += voxels) logits[z] = Math.exp(scale * logits[z] - largest) / sum;
  }
}

/** Class numbers of logits; NaN is background. */
export function maskOfLogits(space: LabelSpace, logits: Float32Array): Uint8Array<ArrayBuffer> {
  return isolated(space) ? paint(space, logits, 0) : likeliest(logits, space.structures.length, () => 0);
}

/** Class numbers of probabilities. */
export function maskOfProbabilities(space: LabelSpace, probability: Float32Array): Uint8Array<ArrayBuffer> {
  const k = space.structures.length;
  const voxels = probability.length / k;
  const background = (i: number) => {
    let p = 1;
    for (let z = i; z < probability.length; z += voxels) p -= probability[z];
    return p;
  };
  return isolated(space) ? paint(space, probability, 0.5) : likeliest(probability, k, background);
}

/** Probability that a voxel is of any structure: the sum; of structures that overlap, the largest. */
export function foregroundProbability(space: LabelSpace, probability: Float32Array): Float32Array {
  const k = space.structures.length;
  if (k === 1) return probability;
  const voxels = probability.length / k;
  const joined = probability.slice(0, voxels);
  for (let z = voxels; z < probability.length; z++) {
    const i = z % voxels;
    joined[i] = space.overlapping ? Math.max(joined[i], probability[z]) : Math.min(1, joined[i] + probability[z]);
  }
  return joined;
}

/** Whether each structure has a sigmoid of its own: alone, or overlapping others. */
function isolated({ structures, overlapping }: LabelSpace): boolean {
  return overlapping || structures.length === 1;
}

/** Each structure where its value is above `limit`, the later over the earlier. */
function paint(space: LabelSpace, values: Float32Array, limit: number): Uint8Array<ArrayBuffer> {
  const voxels = values.length / space.structures.length;
  const mask = new Uint8Array(voxels);
  let z = 0;
  for (const painted of paintedClasses(space)) {
    for (let i = 0; i < voxels; i++, z++) if (values[z] > limit) mask[i] = painted;
  }
  return mask;
}

/** The structure of the largest value, where that is above the background's. */
function likeliest(values: Float32Array, k: number, background: (voxel: number) => number): Uint8Array<ArrayBuffer> {
  const voxels = values.length / k;
  const mask = new Uint8Array(voxels);
  for (let i = 0; i < voxels; i++) {
    let largest = background(i);
    for (let s = 0; s < k; s++) {
      const value = values[s * voxels + i];
      if (value > largest) {
        largest = value;
        mask[i] = s + 1;
      }
    }
  }
  return mask;
}
