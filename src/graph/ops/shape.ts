/** Operators that move values without changing them. */
import { broadcastOffset, forEachIndex, ndArray } from '../nd-array.js';
import { type Dim, elementCount, fixedShape, formatShape, scaleDim, stridesOf } from '../shape.js';
import { constantInts, fail, ints, type OpDefinition, type Tensor } from '../tensor.js';

/** ONNX Reshape: 0 copies the input's dimension at that place, -1 takes what is left. */
export const Reshape: OpDefinition = {
  type: 'Reshape',
  infer: (inputs) => {
    const [x] = inputs;
    const target = constantInts('Reshape', inputs, 1);
    const rest = target.indexOf(-1);
    if (target.some((dim, i) => dim < -1 || (dim === -1 && i !== rest) || (dim === 0 && i >= x.shape.length))) {
      fail(
        'Reshape',
        inputs,
        `a target with at most one -1 and no 0 beyond the input's axes, found [${target.join(', ')}]`,
      );
    }
    const shape: Dim[] = target.map((dim, i) => (dim === 0 ? x.shape[i] : dim));
    // What the -1 must hold: the axes that were not copied, over the lengths that were given.
    const left = x.shape.filter((_, i) => target[i] !== 0);
    const named = left.filter((dim): dim is string => typeof dim === 'string');
    const ratio =
      elementCount(left.filter((dim) => typeof dim === 'number')) / elementCount(target.filter((dim) => dim > 0));
    if (rest < 0 && named.length > 0) fail('Reshape', inputs, 'a -1 where named dimensions are merged');
    if (rest < 0 ? ratio !== 1 : !Number.isInteger(ratio)) {
      fail('Reshape', inputs, `as many elements as ${formatShape(target)}`);
    }
    if (rest >= 0) shape[rest] = mergedDim(ratio, named);
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

/** Length of merged axes: `24`, `depth`, `(2*depth*height)`. The last can only be matched against its like. */
function mergedDim(ratio: number, named: readonly string[]): Dim {
  const scaled = named.length === 1 ? scaleDim(named[0], ratio, 1) : undefined;
  if (scaled !== undefined) return scaled;
  const factors = ratio === 1 && named.length > 0 ? named : [ratio, ...named];
  return factors.length === 1 ? factors[0] : `(${factors.join('*')})`;
}

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
      ({ shape, dtype }) =>
        dtype === first.dtype &&
        shape.length === first.shape.length &&
        shape.every((dim, i) => (i === axis ? typeof dim === 'number' : dim === first.shape[i])),
    );
    if (!fits || axis < 0 || axis >= first.shape.length) {
      fail('Concat', inputs, `equal types and shapes but for axis ${axis}, which has a fixed length`);
    }
    const total = inputs.reduce((sum, { shape }) => sum + (shape[axis] as number), 0);
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

/** The end of an axis of any length. */
const END = 2 ** 31 - 1;

/** ONNX Slice with constant starts, ends, axes and steps; a negative step walks backwards (used to flip kernels). */
export const Slice: OpDefinition = {
  type: 'Slice',
  infer: (inputs) => {
    const [x] = inputs;
    const [starts, ends, axes, steps] = [1, 2, 3, 4].map((i) => constantInts('Slice', inputs, i));
    const shape = [...x.shape];
    if ([starts, ends, steps].some((list) => list.length !== axes.length) || steps.includes(0)) {
      fail('Slice', inputs, 'a start, an end and a step other than 0 for each axis');
    }
    axes.forEach((axis, i) => {
      const dim = x.shape[axis];
      if (typeof dim === 'number') {
        shape[axis] = sliceIndices(dim, starts[i], ends[i], steps[i]).length;
        return;
      }
      // Of a named dimension, which the step is taken to divide, only the whole can be stepped through.
      const kept = starts[i] === 0 && ends[i] === END && steps[i] > 0 ? scaleDim(dim, 1, steps[i]) : undefined;
      if (kept === undefined) fail('Slice', inputs, 'fixed dimensions on the sliced axes');
      shape[axis] = kept;
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
        const length = x.shape[axis] as number;
        before[axis] = sliceIndices(length, starts.data![i], ends.data![i], 1)[0] ?? 0;
        after[axis] = length - before[axis] - (dy.shape[axis] as number);
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

/** Positions that a slice keeps of an axis. Negative starts and ends count from the back, then both are clamped. */
function sliceIndices(length: number, start: number, end: number, step: number): number[] {
  const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
  const [from, to] = [start, end].map((value) => Math.min(Math.max(value < 0 ? value + length : value, low), high));
  const indices: number[] = [];
  for (let i = from; step > 0 ? i < to : i > to; i += step) indices.push(i);
  return indices;
}

/** Zero padding; a negative amount crops. */
export const Pad: OpDefinition = {
  type: 'Pad',
  infer: (inputs) => {
    const [x] = inputs;
    const pads = constantInts('Pad', inputs, 1);
    if (pads.length !== 2 * x.shape.length) fail('Pad', inputs, 'a start and an end for each axis');
    const shape = x.shape.map((dim, i) => {
      const [before, after] = [pads[i], pads[i + x.shape.length]];
      if (before === 0 && after === 0) return dim;
      if (typeof dim !== 'number') fail('Pad', inputs, 'fixed dimensions on the padded axes');
      const kept = dim + Math.min(before, 0) + Math.min(after, 0);
      if (kept < 1) fail('Pad', inputs, `something left after cropping, found pads [${pads.join(', ')}]`);
      return dim + before + after;
    });
    return [{ dtype: x.dtype, shape }];
  },
  gradient: ({ inputs: [x, pads] }, [dy]) => {
    if (!dy) return [null, null];
    const back = Array.from(pads.data!, (value) => -value);
    return [pad(dy, back.slice(0, x.shape.length), back.slice(x.shape.length)), null];
  },
  evaluate: ([x, pads]) => {
    const rank = x.shape.length;
    const result = ndArray(x.shape.map((dim, i) => dim + pads.data[i] + pads.data[i + rank]));
    forEachIndex(x.shape, (index, flat) => {
      const target = index.map((value, i) => value + pads.data[i]);
      if (target.some((value, i) => value < 0 || value >= result.shape[i])) return;
      result.data[broadcastOffset(result.shape, target)] = x.data[flat];
    });
    return [result];
  },
};

/** ONNX Gather along one axis with constant indices: their shape takes the axis' place. */
export const Gather: OpDefinition = {
  type: 'Gather',
  infer: (inputs, attributes) => {
    const [x, indices] = inputs;
    const axis = Number(attributes.axis);
    const length = x.shape[axis];
    const list = constantInts('Gather', inputs, 1);
    if (typeof length !== 'number' || list.some((i) => i < 0 || i >= length)) {
      fail('Gather', inputs, `indices within axis ${axis}, found [${list.join(', ')}]`);
    }
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] }];
  },
  evaluate: ([x, indices], attributes) => {
    const axis = Number(attributes.axis);
    const result = ndArray([...x.shape.slice(0, axis), indices.data.length, ...x.shape.slice(axis + 1)]);
    forEachIndex(result.shape, (index, flat) => {
      const source = index.map((value, i) => (i === axis ? indices.data[value] : value));
      result.data[flat] = x.data[broadcastOffset(x.shape, source)];
    });
    return [result];
  },
};

export const reshape = (x: Tensor, shape: readonly number[]): Tensor => x.graph.add(Reshape, [x, x.graph.ints(shape)]);
export const transpose = (x: Tensor, axes: readonly number[]): Tensor => x.graph.add(Transpose, [x], { perm: axes });
export const concat = (inputs: readonly Tensor[], axis: number): Tensor =>
  inputs[0].graph.add(Concat, inputs, { axis });

/** Zero padding by `before[i]` and `after[i]` on axis i; negative amounts crop. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  if ([...before, ...after].every((value) => value === 0)) return x;
  return x.graph.add(Pad, [x, x.graph.ints([...before, ...after])]);
}

/** The entries of an axis at `indices`, in that order. */
export const gather = (x: Tensor, axis: number, indices: readonly number[]): Tensor =>
  x.graph.add(Gather, [x, x.graph.ints(indices)], { axis });

/** Values from `starts` up to, not including, `ends` on the given axes. */
export function slice(x: Tensor, axes: readonly number[], starts: readonly number[], ends: readonly number[]): Tensor {
  const { graph } = x;
  return graph.add(Slice, [x, graph.ints(starts), graph.ints(ends), graph.ints(axes), graph.ints(axes.map(() => 1))]);
}

/** Every `step`-th element along an axis, from the first on; `step` divides its length. */
export function every(x: Tensor, axis: number, step: number): Tensor {
  const { graph } = x;
  if (step === 1) return x;
  return graph.add(Slice, [x, graph.ints([0]), graph.ints([END]), graph.ints([axis]), graph.ints([step])]);
}

/** Reverse the order along axes. */
export function flip(x: Tensor, axes: readonly number[]): Tensor {
  const { graph } = x;
  const all = (value: number) => graph.ints(axes.map(() => value));
  return graph.add(Slice, [x, all(-1), all(-(2 ** 31)), graph.ints(axes), all(-1)]);
}
