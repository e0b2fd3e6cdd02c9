/** Instance normalisation: each channel of each image to mean 0, variance 1, then an affine map per channel. */
import { ndArray } from '../nd-array.js';
import type { OpDefinition } from '../op.js';
import { elementCount, fixedShape } from '../shape.js';
import { fail, type Tensor } from '../tensor.js';
import { reduceSum } from './broadcast.js';
import { add, div, mul, neg, sqrt, sub } from './elementwise.js';
import { matmul } from './matmul.js';
import { reshape } from './shape.js';

export const InstanceNormalization: OpDefinition = {
  type: 'InstanceNormalization',
  floatAttributes: ['epsilon'],
  infer: (inputs) => {
    const [x, scale, bias] = inputs;
    const fits = [scale, bias].every((p) => p.shape.length === 1 && p.shape[0] === x.shape[1]);
    if (x.shape.length < 3 || !fits)
      fail('InstanceNormalization', inputs, 'input [batch, channels, ...space], scale and bias [channels]');
    return [{ dtype: 'float32', shape: x.shape }];
  },
  gradient: ({ inputs: [x, scale], attributes }, [dy], wanted) => {
    if (!dy) return [null, null, null];
    const { graph } = x;
    const [batch, channels, ...space] = fixedShape(x.shape, 'gradient of InstanceNormalization');
    const n = elementCount(space);
    const perVoxel = 1 / n;
    const rows = (t: Tensor) => reshape(t, [batch * channels, 1, n]);
    const dot = (a: Tensor, b: Tensor) =>
      reshape(matmul(rows(a), reshape(b, [batch * channels, n, 1])), [batch, channels, 1]);
    const sum = (t: Tensor) => reshape(reduceSum(rows(t), [2]), [batch, channels, 1]);
    const times = (t: Tensor, factor: number) => mul(t, graph.scalar(factor));
    // Per image and channel: mean and 1/sd of x, and the two sums over dy that everything below is made of.
    const mean = times(sum(x), perVoxel);
    const variance = sub(times(dot(x, x), perVoxel), mul(mean, mean));
    const inverse = div(graph.scalar(1), sqrt(add(variance, graph.scalar(Number(attributes.epsilon)))));
    const sumDy = sum(dy);
    const sumDyNormalised = mul(inverse, sub(dot(dy, x), mul(mean, sumDy)));
    const overBatch = (t: Tensor) => reshape(reduceSum(t, [0]), [channels]);
    const input = () => {
      // dx = a*dy + b*x + c with a, b, c per image and channel: no temporary of the size of x beyond these products.
      const a = mul(inverse, reshape(scale, [1, channels, 1]));
      const b = neg(times(mul(mul(a, inverse), sumDyNormalised), perVoxel));
      const c = sub(neg(times(mul(a, sumDy), perVoxel)), mul(b, mean));
      const flat = (t: Tensor) => reshape(t, [batch, channels, n]);
      return reshape(add(mul(flat(dy), a), add(mul(flat(x), b), c)), [batch, channels, ...space]);
    };
    return [
      wanted[0] ? input() : null,
      wanted[1] ? overBatch(sumDyNormalised) : null,
      wanted[2] ? overBatch(sumDy) : null,
    ];
  },
  evaluate: ([x, scale, bias], attributes) => {
    const volume = elementCount(x.shape.slice(2));
    const result = ndArray(x.shape);
    for (let row = 0; row < x.shape[0] * x.shape[1]; row++) {
      const values = x.data.subarray(row * volume, (row + 1) * volume);
      const mean = values.reduce((a, b) => a + b, 0) / volume;
      const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / volume;
      const factor = scale.data[row % x.shape[1]] / Math.sqrt(variance + Number(attributes.epsilon));
      result.data.set(
        values.map((value) => (value - mean) * factor + bias.data[row % x.shape[1]]),
        row * volume,
      );
    }
    return [result];
  },
};

/** Normalise `[batch, channels, ...space]` per image and channel, then scale and shift per channel. */
export function instanceNorm(x: Tensor, scale: Tensor, bias: Tensor, epsilon = 1e-5): Tensor {
  return x.graph.add(InstanceNormalization, [x, scale, bias], { epsilon });
}
