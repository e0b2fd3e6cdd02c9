/** What people read when tensors do not fit: the op, the tensors by name, type and shape, and what was expected. */
import { describe, expect, it } from 'vitest';
import { GraphError } from '../../src/errors.js';
import { evaluate } from '../../src/graph/evaluate.js';
import { gradients } from '../../src/graph/gradients.js';
import { Graph } from '../../src/graph/graph.js';
import { ndArray } from '../../src/graph/nd-array.js';
import { encodeModel } from '../../src/graph/onnx/encode.js';
import { expand, ReduceSum, reduceSum } from '../../src/graph/ops/broadcast.js';
import { conv, convTranspose } from '../../src/graph/ops/conv.js';
import { add, max, mul, neg, relu, sign } from '../../src/graph/ops/elementwise.js';
import { instanceNorm } from '../../src/graph/ops/instance-norm.js';
import { matmul } from '../../src/graph/ops/matmul.js';
import { concat, gather, Pad, pad, reshape, Slice, slice, transpose } from '../../src/graph/ops/shape.js';

/** The message of the GraphError that a call throws. */
function messageOf(call: (graph: Graph) => unknown): string {
  try {
    call(new Graph());
  } catch (error) {
    expect(error).toBeInstanceOf(GraphError);
    return (error as GraphError).message;
  }
  throw new Error('nothing was thrown');
}
const x = (graph: Graph, ...shape: (number | string)[]) => graph.input('x', shape);
const w = (graph: Graph, ...shape: (number | string)[]) => graph.input('w', shape);

describe('messages of operators', () => {
  it.each<[string, string, (graph: Graph) => unknown]>([
    ['unary of another type', 'Relu(ints_0 int64[1]): expected one float32 tensor.', (g) => relu(g.ints([1]))],
    [
      'shapes that do not broadcast',
      'Add(x float32[2, 3], w float32[2, 4]): expected two float32 tensors that broadcast.',
      (g) => add(x(g, 2, 3), w(g, 2, 4)),
    ],
    [
      'axes beyond the rank',
      'ReduceSum(x float32[2, 3], ints_1 int64[1]): expected axes within the rank, found [2].',
      (g) => reduceSum(x(g, 2, 3), [2]),
    ],
    [
      'axes that are not constant',
      'ReduceSum(x float32[2, 3], axes int64[1]): expected input 1 to be a constant of whole numbers.',
      (g) => g.add(ReduceSum, [x(g, 2, 3), g.input('axes', [1], 'int64')]),
    ],
    [
      'expand to a smaller shape',
      'Expand(x float32[2, 3], ints_1 int64[2]): expected a shape to broadcast to, found [2, 2].',
      (g) => expand(x(g, 2, 3), [2, 2]),
    ],
    [
      'matrices that do not meet',
      'MatMul(x float32[2, 3], w float32[2, 3]): expected float32 matrices [..., m, k] and [..., k, n].',
      (g) => matmul(x(g, 2, 3), w(g, 2, 3)),
    ],
    [
      'a vector for a matrix',
      'MatMul(x float32[3], w float32[3, 1]): expected float32 matrices [..., m, k] and [..., k, n].',
      (g) => matmul(x(g, 3), w(g, 3, 1)),
    ],
    [
      'channels of a convolution',
      'Conv(x float32[1, 2, 8, 8], w float32[4, 3, 3, 3]): expected input [batch, channels, ...space] and weight [out, channels, ...kernel].',
      (g) => conv(x(g, 1, 2, 8, 8), w(g, 4, 3, 3, 3)),
    ],
    [
      'rank of a convolution',
      'Conv(x float32[1, 2, 8, 8], w float32[4, 2, 3]): expected input [batch, channels, ...space] and weight [out, channels, ...kernel].',
      (g) => conv(x(g, 1, 2, 8, 8), w(g, 4, 2, 3)),
    ],
    [
      'kernel larger than the input',
      'Conv(x float32[1, 2, 8, 2], w float32[4, 2, 3, 3]): expected a kernel that fits into the padded input, and named dimensions that scale exactly.',
      (g) => conv(x(g, 1, 2, 8, 2), w(g, 4, 2, 3, 3)),
    ],
    [
      'pads for one axis of two',
      'Conv(x float32[1, 2, 8, 8], w float32[4, 2, 3, 3]): expected a stride, a dilation and two pads for each of 2 spatial axes, found strides [1, 1], dilations [1, 1], pads [1, 1].',
      (g) => conv(x(g, 1, 2, 8, 8), w(g, 4, 2, 3, 3), { pads: [1, 1] }),
    ],
    [
      'stride of 0',
      'Conv(x float32[1, 2, 8], w float32[4, 2, 3]): expected a stride, a dilation and two pads for each of 1 spatial axes, found strides [0], dilations [1], pads [0, 0].',
      (g) => conv(x(g, 1, 2, 8), w(g, 4, 2, 3), { strides: [0] }),
    ],
    [
      'bias of a convolution',
      'Conv(x float32[1, 2, 8], w float32[4, 2, 3], bias float32[2]): expected a bias of 4 values.',
      (g) => conv(x(g, 1, 2, 8), w(g, 4, 2, 3), {}, g.input('bias', [2])),
    ],
    [
      'channels of a transposed convolution',
      'ConvTranspose(x float32[1, 2, 8], w float32[4, 2, 3]): expected input [batch, channels, ...space] and weight [channels, out, ...kernel].',
      (g) => convTranspose(x(g, 1, 2, 8), w(g, 4, 2, 3)),
    ],
    [
      'transposed convolution padded away',
      'ConvTranspose(x float32[1, 2, 1], w float32[2, 2, 3]): expected an output left after cropping by the pads, and named dimensions that scale exactly.',
      (g) => convTranspose(x(g, 1, 2, 1), w(g, 2, 2, 3), { pads: [2, 2] }),
    ],
    [
      'output padding',
      'ConvTranspose(x float32[1, 2, 8], w float32[2, 2, 3]): expected output padding below the stride, found [2].',
      (g) => convTranspose(x(g, 1, 2, 8), w(g, 2, 2, 3), { strides: [2], outputPadding: [2] }),
    ],
    [
      'normalisation without space',
      'InstanceNormalization(x float32[1, 2], w float32[2], bias float32[2]): expected float32 input [batch, channels, ...space], scale and bias [channels].',
      (g) => instanceNorm(x(g, 1, 2), w(g, 2), g.input('bias', [2])),
    ],
    [
      'scale of a normalisation',
      'InstanceNormalization(x float32[1, 2, 5], w float32[3], bias float32[2]): expected float32 input [batch, channels, ...space], scale and bias [channels].',
      (g) => instanceNorm(x(g, 1, 2, 5), w(g, 3), g.input('bias', [2])),
    ],
    [
      'reshape to other elements',
      'Reshape(x float32[2, 3], ints_1 int64[2]): expected as many elements as [4, 2].',
      (g) => reshape(x(g, 2, 3), [4, 2]),
    ],
    [
      'reshape that leaves a fraction',
      'Reshape(x float32[2, 3], ints_1 int64[2]): expected as many elements as [4, -1].',
      (g) => reshape(x(g, 2, 3), [4, -1]),
    ],
    [
      'reshape with two unknowns',
      "Reshape(x float32[2, 3], ints_1 int64[2]): expected a target with at most one -1 and no 0 beyond the input's axes, found [-1, -1].",
      (g) => reshape(x(g, 2, 3), [-1, -1]),
    ],
    [
      'reshape that copies no axis',
      "Reshape(x float32[2, 3], ints_1 int64[3]): expected a target with at most one -1 and no 0 beyond the input's axes, found [2, 3, 0].",
      (g) => reshape(x(g, 2, 3), [2, 3, 0]),
    ],
    [
      'not a permutation',
      'Transpose(x float32[2, 3, 4]): expected a permutation of the axes, found [0, 1, 1].',
      (g) => transpose(x(g, 2, 3, 4), [0, 1, 1]),
    ],
    [
      'concat of unequal shapes',
      'Concat(x float32[2, 3], w float32[3, 3]): expected equal types and shapes but for axis 1, which has a fixed length.',
      (g) => concat([x(g, 2, 3), w(g, 3, 3)], 1),
    ],
    [
      'concat along no axis',
      'Concat(x float32[2, 3], w float32[2, 3]): expected equal types and shapes but for axis 2, which has a fixed length.',
      (g) => concat([x(g, 2, 3), w(g, 2, 3)], 2),
    ],
    [
      'slice of an axis that is not there',
      'Slice(x float32[2, 3], ints_1 int64[1], ints_2 int64[1], ints_3 int64[1], ints_2 int64[1]): expected fixed dimensions on the sliced axes.',
      (g) => slice(x(g, 2, 3), [2], [0], [1]),
    ],
    [
      'slice without a step',
      'Slice(x float32[4], ints_1 int64[1], ints_2 int64[1], ints_1 int64[1], ints_1 int64[1]): expected a start, an end and a step other than 0 for each axis.',
      (g) => g.add(Slice, [x(g, 4), g.ints([0]), g.ints([4]), g.ints([0]), g.ints([0])]),
    ],
    [
      'pad of too few axes',
      'Pad(x float32[2, 3], ints_1 int64[2]): expected a start and an end for each axis.',
      (g) => g.add(Pad, [x(g, 2, 3), g.ints([1, 1])]),
    ],
    [
      'pad that crops everything',
      'Pad(x float32[2, 3], ints_1 int64[4]): expected something left after cropping, found pads [0, -1, 0, -2].',
      (g) => pad(x(g, 2, 3), [0, -1], [0, -2]),
    ],
    [
      'indices beyond an axis',
      'Gather(x float32[2, 3], ints_1 int64[2]): expected indices within axis 1, found [0, 3].',
      (g) => gather(x(g, 2, 3), 1, [0, 3]),
    ],
  ])('%s', (_, message, call) => {
    expect(messageOf(call)).toBe(message);
  });
});

describe('messages of gradients', () => {
  it.each<[string, string, (graph: Graph) => unknown]>([
    [
      'a loss of many numbers',
      'gradients: expected a loss of one number, found Neg_1 float32[2, 3].',
      (g) => gradients(neg(x(g, 2, 3)), g.inputs),
    ],
    [
      'a loss of unknown size',
      'loss: expected a shape of numbers, found [batch].',
      (g) => gradients(neg(x(g, 'batch')), g.inputs),
    ],
    [
      'a parameter that does not matter',
      'gradients: w float32[4] does not influence ReduceSum_2 float32[1].',
      (g) => gradients(reduceSum(x(g, 2)), [w(g, 4)]),
    ],
    [
      'a parameter used only after the loss',
      'gradients: w float32[1] does not influence ReduceSum_2 float32[1].',
      (g) => {
        const loss = reduceSum(x(g, 2));
        const other = w(g, 1);
        mul(loss, other);
        return gradients(loss, [other]);
      },
    ],
    [
      'an operator without a gradient',
      'Sign(x float32[2]): has no gradient.',
      (g) => gradients(reduceSum(sign(x(g, 2))), g.inputs),
    ],
    [
      'a maximum',
      'Max(x float32[2], w float32[2]): has no gradient.',
      (g) => gradients(reduceSum(max(x(g, 2), w(g, 2))), g.inputs),
    ],
    [
      'a slice with gaps',
      'gradient of Slice(x float32[8]): expected steps of 1, or whole axes walked backwards.',
      (g) => {
        const thinned = g.add(Slice, [x(g, 8), g.ints([0]), g.ints([8]), g.ints([0]), g.ints([2])]);
        return gradients(reduceSum(thinned), g.inputs);
      },
    ],
  ])('%s', (_, message, call) => {
    expect(messageOf(call)).toBe(message);
  });
});

describe('messages of graphs', () => {
  it.each<[string, string, (graph: Graph) => unknown]>([
    ['a name taken', 'Tensor x exists already.', (g) => [x(g, 2), x(g, 2)]],
    [
      'a constant of another size',
      'Constant weight: expected 6 values, found 5.',
      (g) => g.constant('weight', [2, 3], new Float32Array(5)),
    ],
    ['tensors of two graphs', 'Add: tensor x belongs to another graph.', (g) => add(x(g, 2), x(new Graph(), 2))],
    ['an output twice', 'Output y exists already.', (g) => [g.output('y', x(g, 2)), g.output('y', w(g, 2))]],
    [
      'an output named like a tensor',
      'Output x: expected a name of its own, found x float32[2].',
      (g) => [g.output('x', neg(x(g, 2))), encodeModel(g)],
    ],
    [
      'an input that is not given',
      'evaluate: expected a value for input x, found none.',
      (g) => [g.output('y', x(g, 2)), evaluate(g, {})],
    ],
    [
      'an input of another shape',
      'evaluate: expected x float32[2, depth], found 12 values of shape [3, 4].',
      (g) => [g.output('y', x(g, 2, 'depth')), evaluate(g, { x: ndArray([3, 4]) })],
    ],
    [
      'an input with too few values',
      'evaluate: expected x float32[2, depth], found 7 values of shape [2, 4].',
      (g) => [g.output('y', x(g, 2, 'depth')), evaluate(g, { x: { shape: [2, 4], data: new Float64Array(7) } })],
    ],
  ])('%s', (_, message, call) => {
    expect(messageOf(call)).toBe(message);
  });
});
