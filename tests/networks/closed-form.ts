/** Weights and patches by formula, the same numbers as in golden.py. */
import { elementCount } from '../../src/graph/shape.js';
import type { Architecture } from '../../src/networks/architecture.js';
import { parameterCount } from '../../src/networks/parameters.js';
import type { PatchBucket } from '../../src/networks/training-graph.js';
import { unetParameters } from '../../src/networks/unet.js';
import type { Value } from '../../src/runtime/session.js';

/** A fixed sequence in [-1, 1), exact in float32. */
export function sequence(start: number, length: number): Float32Array {
  return Float32Array.from({ length }, (_, k) => {
    const word = (BigInt(start + k) * 1103515245n + 12345n) % 2n ** 31n;
    return Number(word / 2n ** 15n) / 2 ** 15 - 1;
  });
}

/** Weights of the order of fresh ones, norms and biases included. */
export function closedFormWeights(architecture: Architecture): Float32Array {
  const specs = unetParameters(architecture);
  const weights = new Float32Array(parameterCount(specs));
  let start = 0;
  for (const { name, shape, initial, fanIn } of specs) {
    const values = sequence(start, elementCount(shape));
    const scale = typeof initial === 'number' ? 0.25 : Math.sqrt((initial === 'he' ? 6 : 3) / fanIn);
    const offset = name.endsWith('.scale') ? 1 : 0;
    values.forEach((value, i) => {
      weights[start + i] = offset + value * scale;
    });
    start += values.length;
  }
  return weights;
}

/** Buckets of patches `[batch, ...space]` in the notation of golden.json. */
export function patchBuckets(buckets: readonly (readonly number[])[]): PatchBucket[] {
  return buckets.map(([batch, ...space], i) => ({ name: `bucket${i}`, batch, space }));
}

/** Image and label of each bucket: the sequence, and a box with a rough surface that the image shows. */
export function patchFeeds(buckets: readonly PatchBucket[], start = 100_000): Record<string, Value> {
  const feeds: Record<string, Value> = {};
  for (const { name, batch, space } of buckets) {
    const shape = [batch, 1, ...space];
    const voxels = elementCount(space);
    const noise = sequence(start, batch * voxels);
    start += noise.length;
    const box = noise.map((_, i) => {
      let rest = i % voxels;
      const inside = [...space].reverse().every((n) => {
        const position = rest % n;
        rest = Math.floor(rest / n);
        return position >= Math.floor(n / 4) && position < Math.floor((3 * n) / 4);
      });
      return inside ? 1 : 0;
    });
    feeds[`image/${name}`] = { shape, data: noise.map((value, i) => value + box[i]) };
    feeds[`label/${name}`] = { shape, data: noise.map((value, i) => (box[i] + 0.6 * value > 0.5 ? 1 : 0)) };
  }
  return feeds;
}
