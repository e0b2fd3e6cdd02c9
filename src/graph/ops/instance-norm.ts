/** Instance normalisation: each channel of each image to mean 0, variance 1, then an affine map per channel. */
import { ndArray } from '../nd-array.js';
import { elementCount, fixedShape } from '../shape.js';
import { fail, type OpDefinition, type Tensor } from '../tensor.js';
import { reduceSum } from './broadcast.js';
import { add, div, mul, neg, sqrt, sub } from './elementwise.js';
import { reshape } from './shape.js';

export const InstanceNormalization: OpDefinition = {
  type: 'InstanceNormalization',
  floatAttributes: ['epsilon'],
  infer: (inputs) => {
    const [x, scale, bias] = inputs;
    const fits = [scale, bias].every((p) => p.shape.length === 1 && p.shape[0] === x.shape[1]);
    if (x.shape.length < 3 || !fits || inputs.some((t) => t.dtype !== 'float32'))
      fail('InstanceNormalization', inputs, 'float32 input [batch, channels, ...space], scale and bias [channels]');
    return [{ dtype: 'float32', shape: x.shape }];
  },
  gradient: ({ inputs: [x, scale], attributes }, [dy], wanted) => {
    if (!dy) return [null, null, null];
    const { graph } = x;
    const [batch, channels, ...space] = fixedShape(x.shape, 'gradient of InstanceNormalization');
    const n = elementCount(space);
    const flat = (t: Tensor) => reshape(t, [batch, channels, n]);
    const sum = (t: Tensor) => reduceSum(flat(t), [2]);
    // A product and a sum run four times faster than a batched matrix product of one row and one column.
    const dot = (a: Tensor, b: Tensor) => sum(mul(flat(a), flat(b)));
    const perVoxel = (t: Tensor) => div(t, graph.scalar(n));
    // Per image and channel: 1/sd of x, and the two sums over dy that everything below is made of. The mean is taken
    // off x first: in float32 a difference of large sums would lose a small variance, or turn it negative.
    const centred = sub(flat(x), perVoxel(sum(x)));
    const variance = perVoxel(dot(centred, centred));
    const inverse = div(graph.scalar(1), sqrt(add(variance, graph.scalar(Number(attributes.epsilon)))));
    const sumDy = sum(dy);
    const sumDyNormalised = mul(inverse, dot(dy, centred));
    const overBatch = (t: Tensor) => reshape(reduceSum(t, [0]), [channels]);
    const input = () => {
      // dx = a*dy + b*centred + c with a, b, c per image and channel.
      const a = mul(inverse, reshape(scale, [1, channels, 1]));
      const b = neg(perVoxel(mul(mul(a, inverse), sumDyNormalised)));
      const c = neg(perVoxel(mul(a, sumDy)));
      return reshape(add(mul(flat(dy), a), add(mul(centred, b), c)), [batch, channels, ...space]);
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
