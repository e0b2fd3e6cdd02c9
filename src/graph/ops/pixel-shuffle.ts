/**
 * Space to depth and back (Shi et al. 2016), in any number of dimensions, out of reshapes and transposes: what turns
 * a strided or transposed convolution whose kernel is its stride into a matrix product.
 */
import { elementCount, fixedShape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { reshape, transpose } from './shape.js';

/**
 * `[n, c * prod(factors), ...space]` to `[n, c, ...space * factors]`: channel blocks become neighbouring voxels.
 * The innermost axis is interleaved first, as a plain matrix transpose; then whole rows move.
 */
export function depthToSpace(x: Tensor, factors: readonly number[]): Tensor {
  const [batch, blocks, ...space] = fixedShape(x.shape, 'depthToSpace');
  const rank = factors.length;
  const channels = blocks / elementCount(factors);
  const innermost = factors[rank - 1];
  const pairs = reshape(x, [(batch * blocks) / innermost, innermost, elementCount(space)]);
  const row = space[rank - 1] * innermost;
  const outer = [...factors.slice(0, -1), ...space.slice(0, -1)];
  const rows = reshape(transpose(pairs, [0, 2, 1]), [batch * channels, ...outer, row]);
  const order = factors.slice(0, -1).flatMap((_, i) => [rank + i, 1 + i]);
  const shuffled = transpose(rows, [0, ...order, 2 * rank - 1]);
  return reshape(shuffled, [batch, channels, ...space.map((length, i) => length * factors[i])]);
}

/**
 * `[n, prod(factors) * c, ...space]`, the last axis's factor outermost in the channels, to `[n, c, ...space * factors]`,
 * where lengths may be named: one axis after another takes its factor from the channels beside it, since a reshape can
 * leave only one length open.
 */
export function namedDepthToSpace(x: Tensor, factors: readonly number[]): Tensor {
  const rank = factors.length;
  const last = rank + 1;
  let channels = x.shape[1] as number;
  // Which axis of space lies at each place between batch and channels.
  let order = factors.map((_, i) => i);
  let result = transpose(x, [0, ...order.map((i) => i + 2), 1]);
  for (let axis = rank - 1; axis >= 0; axis--) {
    const next = [...order.filter((i) => i !== axis), axis];
    if (order[rank - 1] !== axis) result = transpose(result, [0, ...next.map((i) => order.indexOf(i) + 1), last]);
    order = next;
    channels /= factors[axis];
    result = reshape(result, [0, ...new Array<number>(rank - 1).fill(0), -1, channels]);
  }
  return transpose(result, [0, last, ...factors.map((_, i) => order.indexOf(i) + 1)]);
}
