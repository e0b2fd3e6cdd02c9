/** Trilinear resampling between grids that cover the same field of view: three passes, one an axis. */
import { GeometryError } from '../errors.js';
import { count, type Vec3 } from '../math/vector.js';

/** For each output sample along an axis: its two neighbours and the weight of the upper one. */
interface Taps {
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  readonly weight: Float64Array;
}

/** Voxel centres at half-integers (`align_corners=false`); beyond the outermost centres the edge value holds. */
function makeTaps(from: number, to: number): Taps {
  const lower = new Int32Array(to);
  const upper = new Int32Array(to);
  const weight = new Float64Array(to);
  for (let i = 0; i < to; i++) {
    const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    lower[i] = Math.floor(at);
    weight[i] = at - lower[i];
    // A sample on a voxel centre takes nothing from its neighbour, not even 0 * NaN.
    upper[i] = weight[i] > 0 ? lower[i] + 1 : lower[i];
  }
  return { lower, upper, weight };
}

function resampleX(data: Float32Array, from: number, to: number): Float32Array {
  const { lower, upper, weight } = makeTaps(from, to);
  const rows = data.length / from;
  const out = new Float32Array(rows * to);
  for (let row = 0; row < rows; row++) {
    const source = row * from;
    const target = row * to;
    for (let i = 0; i < to; i++) {
      const a = data[source + lower[i]];
      out[target + i] = a + weight[i] * (data[source + upper[i]] - a);
    }
  }
  return out;
}

/** An axis whose samples lie `stride` apart in memory: whole rows or planes are blended at once. */
function resampleStrided(data: Float32Array, from: number, to: number, stride: number): Float32Array {
  const { lower, upper, weight } = makeTaps(from, to);
  const blocks = data.length / (from * stride);
  const out = new Float32Array(blocks * to * stride);
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < to; i++) {
      const w = weight[i];
      const below = (block * from + lower[i]) * stride;
      const above = (block * from + upper[i]) * stride;
      const target = (block * to + i) * stride;
      for (let j = 0; j < stride; j++) {
        const a = data[below + j];
        out[target + j] = a + w * (data[above + j] - a);
      }
    }
  }
  return out;
}

/**
 * Resample to another number of voxels over the same field of view, voxel centres aligned as by
 * `torch.nn.functional.interpolate(mode='trilinear', align_corners=False)`. No low-pass filter goes first.
 * @param data values of size `from`, x fastest; not changed
 * @returns new values of size `to`
 * @throws {GeometryError} if sizes are not positive integers or do not fit the data
 */
export function resampleLinear(data: Float32Array, from: Vec3, to: Vec3): Float32Array {
  if (data.length !== count(from) || ![...from, ...to].every((n) => Number.isInteger(n) && n > 0)) {
    throw new GeometryError(
      `Resampling: expected positive sizes and data to match, found ${from.join(' x ')} to ${to.join(' x ')} with ${data.length} values.`,
    );
  }
  let current = data;
  const size = [...from];
  // Axes that shrink go first, so that later passes have fewer voxels to blend.
  const order = [0, 1, 2].sort((a, b) => to[a] / from[a] - to[b] / from[b]);
  for (const axis of order) {
    if (size[axis] === to[axis]) continue;
    const stride = size.slice(0, axis).reduce((product, n) => product * n, 1);
    current = axis === 0 ? resampleX(current, size[0], to[0]) : resampleStrided(current, size[axis], to[axis], stride);
    size[axis] = to[axis];
  }
  return current === data ? data.slice() : current;
}
