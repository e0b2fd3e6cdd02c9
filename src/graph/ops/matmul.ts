/** Matrix products, batched over leading axes. */
import { broadcastOffset, forEachIndex, ndArray } from '../nd-array.js';
import { broadcastShapes } from '../shape.js';
import { fail, type OpDefinition, type Tensor } from '../tensor.js';
import { reduceToShape } from './broadcast.js';
import { transpose } from './shape.js';

export const MatMul: OpDefinition = {
  type: 'MatMul',
  infer: (inputs) => {
    const [a, b] = inputs.map((x) => x.shape);
    const batch = inputs.length === 2 ? broadcastShapes(a.slice(0, -2), b.slice(0, -2)) : undefined;
    const fits = inputs.every((x) => x.dtype === 'float32');
    if (!fits || !batch || a.length < 2 || b.length < 2 || a.at(-1) !== b.at(-2)) {
      fail('MatMul', inputs, 'float32 matrices [..., m, k] and [..., k, n]');
    }
    return [{ dtype: 'float32', shape: [...batch, a.at(-2)!, b.at(-1)!] }];
  },
  gradient: ({ inputs: [a, b] }, [dy], wanted) => [
    dy && wanted[0] ? reduceToShape(matmul(dy, swapLast(b)), a.shape) : null,
    dy && wanted[1] ? reduceToShape(matmul(swapLast(a), dy), b.shape) : null,
  ],
  evaluate: ([a, b]) => {
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)) as number[];
    const inner = a.shape.at(-1)!;
    const result = ndArray([...batch, a.shape.at(-2)!, b.shape.at(-1)!]);
    forEachIndex(result.shape, (index, flat) => {
      const lead = index.slice(0, -2);
      const [row, column] = index.slice(-2);
      let sum = 0;
      for (let k = 0; k < inner; k++) {
        sum +=
          a.data[broadcastOffset(a.shape, [...lead, row, k])] * b.data[broadcastOffset(b.shape, [...lead, k, column])];
      }
      result.data[flat] = sum;
    });
    return [result];
  },
};

export const matmul = (a: Tensor, b: Tensor): Tensor => a.graph.add(MatMul, [a, b]);

/** Swap the last two axes. */
export function swapLast(x: Tensor): Tensor {
  const axes = x.shape.map((_, i) => i);
  [axes[axes.length - 1], axes[axes.length - 2]] = [axes[axes.length - 2], axes[axes.length - 1]];
  return transpose(x, axes);
}
