/** Operators that move values without changing them. */
import { broadcastOffset, forEachIndex, ndArray } from '../nd-array.js';
import { ints, type OpDefinition } from '../op.js';
import { type Dim, elementCount, fixedShape, formatShape, stridesOf } from '../shape.js';
import { constantInts, fail, type Tensor } from '../tensor.js';

/** ONNX Reshape: 0 copies the input's dimension at that place, -1 takes what is left. */
export const Reshape: OpDefinition = {
  type: 'Reshape',
  infer: (inputs) => {
    const [x] = inputs;
    const target = constantInts('Reshape', inputs, 1);
    const shape: Dim[] = target.map((dim, i) => (dim === 0 ? x.shape[i] : dim));
    const rest = shape.indexOf(-1);
    const copied = (dim: Dim, i: number) => typeof dim === 'string' && target[i] === 0;
    const left = x.shape.filter((dim, i) => !copied(dim, i));
    const known = shape.filter((dim, i) => dim !== -1 && !copied(dim, i));
    if (left.every((dim) => typeof dim === 'number')) {
      const total = elementCount(left as number[]);
      const product = elementCount(known as number[]);
      if (rest >= 0) shape[rest] = total / product;
      if (rest >= 0 ? !Number.isInteger(shape[rest]) : total !== product) {
        fail('Reshape', inputs, `as many elements as ${formatShape(target)}`);
      }
    } else if (rest >= 0) {
      // What is left has named dimensions: its product is a name of its own that nothing can be matched against.
      shape[rest] = `(${left.join('*')})`;
    } else fail('Reshape', inputs, 'a -1 where named dimensions are merged');
    return [{ dtype: x.dtype, shape }];
  },
  gradient: ({ inputs: [x] }, [dy]) => [dy && reshape(dy, fixedShape(x.shape, 'gradient of Reshape')), null],
  evaluate: ([x, target]) => {
    const shape = Array.from(target.data, (dim, i) => (dim === 0 ? x.shape[i] : dim));
    const rest = shape.indexOf(-1);
    if (rest >= 0) shape[rest] = x.data.length / -elementCount(shape);
    return [ndArray(shape, x.data)];
  },
};

export const Transpose: OpDefinition = {
  type: 'Transpose',
  infer: (inputs, attributes) => {
    const axes = ints(attributes, 'perm');
    const [x] = inputs;
    if ([...axes].sort((a, b) => a - b).join() !== x.shape.map((_, i) => i).join()) {
      fail('Transpose', inputs, `a permutation of the axes, found [${axes.join(', ')}]`);
    }
    return [{ dtype: x.dtype, shape: axes.map((axis) => x.shape[axis]) }];
  },
  gradient: ({ attributes }, [dy]) => {
    const axes = ints(attributes, 'perm');
    return [
      dy &&
        transpose(
          dy,
          axes.map((_, i) => axes.indexOf(i)),
        ),
    ];
  },
  evaluate: ([x], attributes) => {
    const axes = ints(attributes, 'perm');
    const strides = stridesOf(x.shape);
    const result = ndArray(axes.map((axis) => x.shape[axis]));
    forEachIndex(result.shape, (index, flat) => {
      result.data[flat] = x.data[index.reduce((offset, i, k) => offset + i * strides[axes[k]], 0)];
    });
    return [result];
  },
};

export const Concat: OpDefinition = {
  type: 'Concat',
  infer: (inputs, attributes) => {
    const axis = Number(attributes.axis);
    const [first] = inputs;
    const fits = inputs.every(
      ({ shape }) =>
        shape.length === first.shape.length && shape.every((dim, i) => i === axis || dim === first.shape[i]),
    );
    if (!fits) fail('Concat', inputs, `equal shapes but for axis ${axis}`);
    const total = inputs.reduce((sum, { shape }) => sum + fixedShape([shape[axis]], 'Concat axis')[0], 0);
    return [{ dtype: first.dtype, shape: first.shape.map((dim, i) => (i === axis ? total : dim)) }];
  },
  gradient: ({ inputs, attributes }, [dy], wanted) => {
    const axis = Number(attributes.axis);
    let start = 0;
    return inputs.map((x, i) => {
      const length = x.shape[axis] as number;
      start += length;
      return dy && wanted[i] ? slice(dy, [axis], [start - length], [start]) : null;
    });
  },
  evaluate: (inputs, attributes) => {
    const axis = Number(attributes.axis);
    const lengths = inputs.map((x) => x.shape[axis]);
    const result = ndArray(inputs[0].shape.map((dim, i) => (i === axis ? lengths.reduce((a, b) => a + b) : dim)));
    forEachIndex(result.shape, (index, flat) => {
      let part = 0;
      let position = index[axis];
      while (position >= lengths[part]) position -= lengths[part++];
      const source = index.map((value, i) => (i === axis ? position : value));
      result.data[flat] = inputs[part].data[broadcastOffset(inputs[part].shape, source)];
    });
    return [result];
  },
};

/** ONNX Slice with constant starts, ends, axes and steps; a negative step walks backwards (used to flip kernels). */
export const Slice: OpDefinition = {
  type: 'Slice',
  infer: (inputs) => {
    const [x] = inputs;
    const [starts, ends, axes, steps] = [1, 2, 3, 4].map((i) => constantInts('Slice', inputs, i));
    const shape = [...x.shape];
    axes.forEach((axis, i) => {
      const dim = x.shape[axis];
      if (typeof dim !== 'number') fail('Slice', inputs, 'fixed dimensions on the sliced axes');
      shape[axis] = sliceIndices(dim, starts[i], ends[i], steps[i]).length;
    });
    return [{ dtype: x.dtype, shape }];
  },
  gradient: ({ inputs: [x, starts, ends, axes, steps] }, [dy]) => {
    if (!dy) return [null, null, null, null, null];
    const stepList = Array.from(steps.data!);
    const axisList = Array.from(axes.data!);
    if (stepList.every((step) => step === 1)) {
      const before = x.shape.map(() => 0);
      const after = x.shape.map(() => 0);
      axisList.forEach((axis, i) => {
        before[axis] = starts.data![i];
        after[axis] = (x.shape[axis] as number) - Math.min(ends.data![i], x.shape[axis] as number);
      });
      return [pad(dy, before, after), null, null, null, null];
    }
    const whole = axisList.every((axis) => dy.shape[axis] === x.shape[axis]);
    if (!whole || stepList.some((step) => step !== -1)) {
      fail('gradient of Slice', [x], 'steps of 1, or whole axes walked backwards');
    }
    return [flip(dy, axisList), null, null, null, null];
  },
  evaluate: ([x, starts, ends, axes, steps]) => {
    const picks = x.shape.map((dim) => Array.from({ length: dim }, (_, i) => i));
    axes.data.forEach((axis, i) => {
      picks[axis] = sliceIndices(x.shape[axis], starts.data[i], ends.data[i], steps.data[i]);
    });
    const result = ndArray(picks.map((list) => list.length));
    forEachIndex(result.shape, (index, flat) => {
      const source = index.map((value, axis) => picks[axis][value]);
      result.data[flat] = x.data[broadcastOffset(x.shape, source)];
    });
    return [result];
  },
};

function sliceIndices(length: number, start: number, end: number, step: number): number[] {
  const clampTo = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
  const from = step > 0 ? clampTo(start, 0, length) : clampTo(start < 0 ? start + length : start, -1, length - 1);
  const to = step > 0 ? clampTo(end < 0 ? end + length : end, 0, length) : clampTo(end, -1, length - 1);
  const indices: number[] = [];
  for (let i = from; step > 0 ? i < to : i > to; i += step) indices.push(i);
  return indices;
}

/** Zero padding. */
export const Pad: OpDefinition = {
  type: 'Pad',
  infer: (inputs) => {
    const [x] = inputs;
    const pads = constantInts('Pad', inputs, 1);
    if (pads.length !== 2 * x.shape.length) fail('Pad', inputs, 'a start and an end for each axis');
    const shape = x.shape.map((dim, i) => {
      const extra = pads[i] + pads[i + x.shape.length];
      return extra === 0 ? dim : fixedShape([dim], 'Pad')[0] + extra;
    });
    return [{ dtype: x.dtype, shape }];
  },
  gradient: ({ inputs: [x, pads] }, [dy]) => {
    if (!dy) return [null, null];
    const starts = x.shape.map((_, i) => pads.data![i]);
    const ends = x.shape.map((dim, i) => starts[i] + (dim as number));
    return [
      slice(
        dy,
        x.shape.map((_, i) => i),
        starts,
        ends,
      ),
      null,
    ];
  },
  evaluate: ([x, pads]) => {
    const rank = x.shape.length;
    const result = ndArray(x.shape.map((dim, i) => dim + pads.data[i] + pads.data[i + rank]));
    forEachIndex(x.shape, (index, flat) => {
      result.data[
        broadcastOffset(
          result.shape,
          index.map((value, i) => value + pads.data[i]),
        )
      ] = x.data[flat];
    });
    return [result];
  },
};

export const reshape = (x: Tensor, shape: readonly number[]): Tensor => x.graph.add(Reshape, [x, x.graph.ints(shape)]);
export const transpose = (x: Tensor, axes: readonly number[]): Tensor => x.graph.add(Transpose, [x], { perm: axes });
export const concat = (inputs: readonly Tensor[], axis: number): Tensor =>
  inputs[0].graph.add(Concat, inputs, { axis });

/** Zero padding by `before[i]` and `after[i]` on axis i. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  if ([...before, ...after].every((value) => value === 0)) return x;
  return x.graph.add(Pad, [x, x.graph.ints([...before, ...after])]);
}

/** Values from `starts` up to, not including, `ends` on the given axes. */
export function slice(x: Tensor, axes: readonly number[], starts: readonly number[], ends: readonly number[]): Tensor {
  const { graph } = x;
  return graph.add(Slice, [x, graph.ints(starts), graph.ints(ends), graph.ints(axes), graph.ints(axes.map(() => 1))]);
}

/** Reverse the order along axes. */
export function flip(x: Tensor, axes: readonly number[]): Tensor {
  const { graph } = x;
  const all = (value: number) => graph.ints(axes.map(() => value));
  return graph.add(Slice, [x, all(-1), all(-(2 ** 31)), graph.ints(axes), all(-1)]);
}
