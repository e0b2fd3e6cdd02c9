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
