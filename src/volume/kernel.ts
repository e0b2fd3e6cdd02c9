/** Linear filters along one axis, from one number of samples to another: what resampling and smoothing are made of. */

/** Output i is the sum of `weights[offset[i] + k] * input[first[i] + k]` for k below `offset[i + 1] - offset[i]`. */
export interface Kernel {
  readonly from: number;
  readonly to: number;
  /** Never falls from one output to the next. */
  readonly first: Int32Array;
  readonly offset: Int32Array;
  readonly weights: Float64Array;
  /** Every output is the input of its own index. */
  readonly identity: boolean;
}

/** A kernel from the inputs and weights of each output; a run of inputs without gaps for each. */
export function makeKernel(from: number, taps: readonly { first: number; weights: readonly number[] }[]): Kernel {
  const offset = new Int32Array(taps.length + 1);
  taps.forEach(({ weights }, i) => {
    offset[i + 1] = offset[i] + weights.length;
  });
  return {
    from,
    to: taps.length,
    first: Int32Array.from(taps, ({ first }) => first),
    offset,
    weights: Float64Array.from(taps.flatMap(({ weights }) => weights)),
    identity:
      taps.length === from &&
      taps.every((tap, i) => tap.first === i && tap.weights.length === 1 && tap.weights[0] === 1),
  };
}

/**
 * Linear interpolation with voxel centres at half-integers (`align_corners=false`); beyond the outermost centres the
 * edge value holds. A sample on a voxel centre takes nothing from its neighbour, not even 0 * NaN.
 */
export function linearKernel(from: number, to: number): Kernel {
  return makeKernel(
    from,
    Array.from({ length: to }, (_, i) => {
      const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
      const first = Math.floor(at);
      const weight = at - first;
      return { first, weights: weight > 0 ? [1 - weight, weight] : [1] };
    }),
  );
}

/** One kernel that does what `before` and then `after` would. */
export function composeKernels(before: Kernel, after: Kernel): Kernel {
  if (before.identity) return after;
  const lastOf = ({ first, offset }: Kernel, i: number) => first[i] + offset[i + 1] - offset[i] - 1;
  const taps = Array.from({ length: after.to }, (_, i) => {
    const [low, high] = [after.first[i], lastOf(after, i)];
    const first = before.first[low];
    const weights = new Array<number>(lastOf(before, high) - first + 1).fill(0);
    for (let j = low; j <= high; j++) {
      const share = after.weights[after.offset[i] + j - low];
      for (let k = before.offset[j]; k < before.offset[j + 1]; k++) {
        weights[before.first[j] + k - before.offset[j] - first] += share * before.weights[k];
      }
    }
    return { first, weights };
  });
  return makeKernel(before.from, taps);
}
