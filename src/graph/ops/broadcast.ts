/** Sums over axes and their mirror image, expansion: each is the other's gradient. */
import { broadcastOffset, forEachIndex, ndArray } from '../nd-array.js';
import { broadcastShapes, fixedShape, formatShape, type Shape, sameShape } from '../shape.js';
import { constantInts, fail, type OpDefinition, type Tensor } from '../tensor.js';
import { reshape } from './shape.js';

export const ReduceSum: OpDefinition = {
  type: 'ReduceSum',
  infer: (inputs) => {
    const axes = constantInts('ReduceSum', inputs, 1);
    const { shape } = inputs[0];
    if (axes.some((axis) => axis < 0 || axis >= shape.length))
      fail('ReduceSum', inputs, `axes within the rank, found [${axes.join(', ')}]`);
    return [{ dtype: inputs[0].dtype, shape: shape.map((dim, i) => (axes.includes(i) ? 1 : dim)) }];
  },
  gradient: ({ inputs: [x] }, [dy]) => [dy && expand(dy, fixedShape(x.shape, 'gradient of ReduceSum')), null],
  evaluate: ([x, axes]) => {
    const list = Array.from(axes.data);
    const result = ndArray(x.shape.map((dim, i) => (list.includes(i) ? 1 : dim)));
    forEachIndex(x.shape, (index, flat) => {
      result.data[broadcastOffset(result.shape, index)] += x.data[flat];
    });
    return [result];
  },
};

export const Expand: OpDefinition = {
  type: 'Expand',
  infer: (inputs) => {
    const target = constantInts('Expand', inputs, 1);
    const shape = broadcastShapes(inputs[0].shape, target);
    if (!shape) fail('Expand', inputs, `a shape to broadcast to, found ${formatShape(target)}`);
    return [{ dtype: inputs[0].dtype, shape }];
  },
  gradient: ({ inputs: [x] }, [dy]) => [dy && reduceToShape(dy, x.shape), null],
  evaluate: ([x, target]) => {
    const result = ndArray(broadcastShapes(x.shape, Array.from(target.data)) as number[]);
    forEachIndex(result.shape, (index, flat) => {
      result.data[flat] = x.data[broadcastOffset(x.shape, index)];
    });
    return [result];
  },
};

/** Sum over axes (default: all); reduced axes stay as length 1. */
export function reduceSum(x: Tensor, axes: readonly number[] = x.shape.map((_, i) => i)): Tensor {
  // To ONNX an empty list means all axes.
  if (axes.length === 0) return x;
  return x.graph.add(ReduceSum, [x, x.graph.ints(axes)], { keepdims: 1 });
}

export const expand = (x: Tensor, shape: readonly number[]): Tensor => x.graph.add(Expand, [x, x.graph.ints(shape)]);

/** Undo broadcasting: sum a gradient down to the shape of the operand it belongs to. */
export function reduceToShape(gradient: Tensor, shape: Shape): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient;
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.map((_, i) => i).filter((i) => i < extra || shape[i - extra] !== gradient.shape[i]);
  const summed = reduceSum(gradient, axes);
  return extra > 0 ? reshape(summed, fixedShape(shape, 'gradient of a broadcast')) : summed;
}
