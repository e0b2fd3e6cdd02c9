/**
 * One table for all operators: how to draw a random use of each. Forward and gradient tests both walk it, and the
 * conformance test fails when an exported operator is missing here.
 */
import type { NdArray } from '../../src/graph/nd-array.js';
import { ndArray } from '../../src/graph/nd-array.js';
import * as broadcast from '../../src/graph/ops/broadcast.js';
import * as convolution from '../../src/graph/ops/conv.js';
import * as elementwise from '../../src/graph/ops/elementwise.js';
import * as norm from '../../src/graph/ops/instance-norm.js';
import * as product from '../../src/graph/ops/matmul.js';
import * as shapes from '../../src/graph/ops/shape.js';
import type { OpDefinition, Tensor } from '../../src/graph/tensor.js';
import type { Random } from '../../src/math/random.js';
import { awayFromZero, normalArray, positive } from './support.js';

/** One use of an operator: values of the inputs, and what is built of them. */
export interface Use {
  readonly inputs: Readonly<Record<string, NdArray>>;
  readonly build: (x: Readonly<Record<string, Tensor>>) => Tensor;
  /** What was drawn, for messages. */
  readonly about: string;
}

export interface OpCase {
  readonly op: OpDefinition;
  /** Which use of the operator; a case draws one of many random shapes. */
  readonly name: string;
  readonly draw: (random: Random) => Use;
  /** The operator has a gradient, but not for this use. */
  readonly noGradient?: boolean;
}

const anyLength = (random: Random) => [1, 1, 2, 3, 4, 5, 7][random.integer(7)];
const anyShape = (random: Random, lowest = 0, highest = 5) =>
  Array.from({ length: lowest + random.integer(highest - lowest + 1) }, () => anyLength(random));
const pick = <T>(random: Random, items: readonly T[]): T => items[random.integer(items.length)];
const about = (use: object) => JSON.stringify(use);
const use = (inputs: Use['inputs'], build: Use['build'], options: object = {}): Use => ({
  inputs,
  build,
  about: about({ ...options, ...Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape])) }),
});

type Values = (random: Random, shape: readonly number[]) => NdArray;

const unary = (op: OpDefinition, build: (x: Tensor) => Tensor, values: Values = awayFromZero): OpCase => ({
  op,
  name: 'any shape',
  draw: (random) => use({ x: values(random, anyShape(random)) }, ({ x }) => build(x)),
});

/** Two shapes that broadcast: some axes of length 1, some leading axes missing, on either side. */
function broadcastPair(random: Random): [number[], number[]] {
  const whole = anyShape(random);
  const thin = () =>
    whole.slice(random.chance(0.4) ? random.integer(whole.length + 1) : 0).map((dim) => (random.chance(0.3) ? 1 : dim));
  return [thin(), thin()];
}

const binary = (op: OpDefinition, build: (a: Tensor, b: Tensor) => Tensor): OpCase[] => [
  {
    op,
    name: 'broadcast',
    draw: (random) => {
      const [a, b] = broadcastPair(random);
      return use({ a: awayFromZero(random, a), b: awayFromZero(random, b) }, (x) => build(x.a, x.b));
    },
  },
  {
    op,
    name: 'one tensor on both sides',
    draw: (random) => use({ a: awayFromZero(random, anyShape(random)) }, (x) => build(x.a, x.a)),
  },
];

interface Axis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pads: readonly [number, number];
  readonly outputPadding: number;
}

const transposedLength = (length: number, a: Axis) =>
  a.stride * (length - 1) + a.dilation * (a.kernel - 1) + 1 - a.pads[0] - a.pads[1] + a.outputPadding;

/** Inputs and options of a convolution, as ConvOptions want them. */
function convolutionUse(random: Random, axes: readonly Axis[], transposed: boolean): Use {
  const rank = axes.length;
  const [batch, cin, cout] = [1 + random.integer(2), 1 + random.integer(3), 1 + random.integer(3)];
  const space = axes.map((a) => {
    const extent = a.dilation * (a.kernel - 1) + 1;
    let length = 1 + random.integer(rank > 2 ? 4 : 6);
    while (transposed ? transposedLength(length, a) < 1 : length + a.pads[0] + a.pads[1] < extent) length++;
    return length;
  });
  const options = {
    strides: axes.map((a) => a.stride),
    dilations: axes.map((a) => a.dilation),
    pads: [...axes.map((a) => a.pads[0]), ...axes.map((a) => a.pads[1])],
  };
  const outputPadding = axes.map((a) => a.outputPadding);
  const bias = random.chance(0.5) && { b: normalArray(random, [cout]) };
  const kernel = axes.map((a) => a.kernel);
  const inputs: Record<string, NdArray> = {
    x: normalArray(random, [batch, cin, ...space]),
    w: normalArray(random, transposed ? [cin, cout, ...kernel] : [cout, cin, ...kernel]),
    ...bias,
  };
  return use(
    inputs,
    ({ x, w, b }) =>
      transposed
        ? convolution.convTranspose(x, w, { ...options, outputPadding }, b)
        : convolution.conv(x, w, options, b),
    { ...options, ...(transposed && { outputPadding }) },
  );
}

/** Cases of one kind of axis in 1D, 2D and 3D; every axis is drawn anew. */
const convolutions = (name: string, axis: (random: Random) => Partial<Axis>, onlyForward = false): OpCase[] =>
  [1, 2, 3].flatMap((rank) =>
    [false, ...(onlyForward ? [] : [true])].map((transposed) => ({
      op: transposed ? convolution.ConvTranspose : convolution.Conv,
      name: `${rank}D, ${name}`,
      draw: (random: Random) => {
        const axes = Array.from({ length: rank }, (): Axis => {
          const drawn = { kernel: 3, stride: 1, dilation: 1, pads: [0, 0] as const, outputPadding: 0, ...axis(random) };
          // Extents of a transposed convolution must not be padded away altogether.
          return transposed ? { ...drawn, outputPadding: random.integer(drawn.stride) } : drawn;
        });
        return convolutionUse(random, axes, transposed);
      },
    })),
  );

const anyPads = (random: Random, highest = 2): [number, number] => [
  random.integer(highest + 1),
  random.integer(highest + 1),
];

const matrices = (random: Random): Use => {
  const [m, k, n] = [anyLength(random), anyLength(random), anyLength(random)];
  const [a, b] = random.chance(0.3) ? [[], []] : broadcastPair(random).map((shape) => shape.slice(-2));
  return use({ a: normalArray(random, [...a, m, k]), b: normalArray(random, [...b, k, n]) }, (x) =>
    product.matmul(x.a, x.b),
  );
};

/** A target for Reshape: the same elements in other axes, some written as 0 (copy) or -1 (the rest). */
function reshapeTarget(random: Random, shape: readonly number[]): number[] {
  const factors = random.shuffle(shape);
  const target: number[] = [];
  for (const factor of factors) {
    if (target.length > 0 && random.chance(0.4)) target[target.length - 1] *= factor;
    else target.push(factor);
  }
  const written = target.map((dim, i) => (dim === shape[i] && random.chance(0.5) ? 0 : dim));
  if (written.length > 0 && random.chance(0.5)) written[random.integer(written.length)] = -1;
  return written;
}

/** A Slice by raw starts, ends and steps, negative ones included, that keeps at least one value per axis. */
function rawSlice(random: Random, steps: readonly number[]): Use {
  const shape = anyShape(random, 1);
  const axes = random.shuffle(shape.map((_, i) => i)).slice(random.integer(shape.length));
  const ranges = axes.map((axis) => {
    const length = shape[axis];
    const step = pick(random, steps);
    const [low, high] = [random.integer(length), random.integer(length)].sort((p, q) => p - q);
    // First and last position kept; the end lies one beyond, in the direction of the step.
    const [first, last] = step > 0 ? [low, high] : [high, low];
    const fromBack = (position: number) => (random.chance(0.4) ? position - length : position);
    const end = step > 0 ? last + 1 : last - 1;
    const beyond = step > 0 ? 2 ** 31 - 1 : -(2 ** 31);
    return { start: fromBack(first), end: end >= length || end < 0 ? beyond : fromBack(end), step };
  });
  const list = (key: 'start' | 'end' | 'step') => ranges.map((range) => range[key]);
  return use(
    { x: normalArray(random, shape) },
    ({ x }) => {
      const { graph } = x;
      return graph.add(shapes.Slice, [
        x,
        ...[list('start'), list('end'), axes, list('step')].map((v) => graph.ints(v)),
      ]);
    },
    { axes, ranges },
  );
}

export const opCases: readonly OpCase[] = [
  ...binary(elementwise.Add, elementwise.add),
  ...binary(elementwise.Sub, elementwise.sub),
  ...binary(elementwise.Mul, elementwise.mul),
  ...binary(elementwise.Div, elementwise.div),
  ...binary(elementwise.Min, elementwise.min),
  ...binary(elementwise.Max, elementwise.max),
  unary(elementwise.Neg, elementwise.neg),
  unary(elementwise.Exp, elementwise.exp),
  unary(elementwise.Log, elementwise.log, positive),
  unary(elementwise.Sqrt, elementwise.sqrt, positive),
  unary(elementwise.Abs, elementwise.abs),
  unary(elementwise.Sign, elementwise.sign),
  unary(elementwise.Relu, elementwise.relu),
  unary(elementwise.Sigmoid, elementwise.sigmoid, (random, shape) => normalArray(random, shape, 4)),
  unary(elementwise.Softplus, elementwise.softplus, (random, shape) => normalArray(random, shape, 8)),
  {
    op: broadcast.ReduceSum,
    name: 'some axes',
    draw: (random) => {
      const shape = anyShape(random);
      const axes = random.shuffle(shape.map((_, i) => i)).slice(random.integer(shape.length + 1));
      return use({ x: normalArray(random, shape) }, ({ x }) => broadcast.reduceSum(elementwise.neg(x), axes), { axes });
    },
  },
  {
    op: broadcast.ReduceSum,
    name: 'all axes',
    draw: (random) => use({ x: normalArray(random, anyShape(random)) }, ({ x }) => broadcast.reduceSum(x)),
  },
  {
    op: broadcast.Expand,
    name: 'new and longer axes',
    draw: (random) => {
      const [from, to] = broadcastPair(random);
      return use({ x: normalArray(random, from) }, ({ x }) => broadcast.expand(x, to), { to });
    },
  },
  { op: product.MatMul, name: 'batched and broadcast', draw: matrices },
  {
    op: product.MatMul,
    name: 'Gram matrix',
    draw: (random) =>
      use({ x: normalArray(random, [2, anyLength(random), anyLength(random)]) }, ({ x }) =>
        product.matmul(x, product.swapLast(x)),
      ),
  },
  {
    op: shapes.Reshape,
    name: 'any target',
    draw: (random) => {
      const shape = anyShape(random);
      const target = reshapeTarget(random, shape);
      return use({ x: normalArray(random, shape) }, ({ x }) => shapes.reshape(x, target), { target });
    },
  },
  {
    op: shapes.Transpose,
    name: 'any order',
    draw: (random) => {
      const shape = anyShape(random, 1);
      const perm = random.shuffle(shape.map((_, i) => i));
      return use({ x: normalArray(random, shape) }, ({ x }) => shapes.transpose(x, perm), { perm });
    },
  },
  {
    op: shapes.Concat,
    name: 'several parts, one of them twice',
    draw: (random) => {
      const shape = anyShape(random, 1);
      const axis = random.integer(shape.length);
      const part = () => normalArray(random, shape.with(axis, anyLength(random)));
      return use({ p: part(), q: part(), r: part() }, ({ p, q, r }) => shapes.concat([p, q, r, p], axis), { axis });
    },
  },
  { op: shapes.Slice, name: 'step 1', draw: (random) => rawSlice(random, [1]) },
  {
    op: shapes.Slice,
    name: 'steps of any sign',
    draw: (random) => rawSlice(random, [-3, -2, -1, 1, 2, 3]),
    noGradient: true,
  },
  {
    op: shapes.Slice,
    name: 'flip',
    draw: (random) => {
      const shape = anyShape(random, 1);
      const axes = random.shuffle(shape.map((_, i) => i)).slice(random.integer(shape.length));
      return use({ x: normalArray(random, shape) }, ({ x }) => shapes.flip(x, axes), { axes });
    },
  },
  {
    op: shapes.Pad,
    name: 'cropping one side',
    draw: (random) => {
      const shape = anyShape(random, 1).map((dim) => dim + 2);
      const before = shape.map(() => random.integer(5) - 2);
      const after = before.map((value) => -value);
      return use({ x: awayFromZero(random, shape) }, ({ x }) => shapes.pad(x, before, after), { before, after });
    },
  },
  {
    op: shapes.Gather,
    name: 'repeated and missing indices',
    noGradient: true,
    draw: (random) => {
      const shape = anyShape(random, 1);
      const axis = random.integer(shape.length);
      const indices = Array.from({ length: 1 + random.integer(6) }, () => random.integer(shape[axis]));
      return use({ x: awayFromZero(random, shape) }, ({ x }) => shapes.gather(x, axis, indices), { axis, indices });
    },
  },
  {
    op: elementwise.HardSigmoid,
    name: 'above zero or not',
    noGradient: true,
    draw: (random) => {
      const shape = anyShape(random);
      return use({ x: awayFromZero(random, shape) }, ({ x }) => elementwise.isPositive(elementwise.relu(x)), { shape });
    },
  },
  {
    op: shapes.Pad,
    name: 'any axes',
    draw: (random) => {
      const shape = anyShape(random, 1);
      const some = () => shape.map(() => random.integer(3));
      const [before, after] = [some(), some().with(0, 1)];
      return use({ x: normalArray(random, shape) }, ({ x }) => shapes.pad(x, before, after), { before, after });
    },
  },
  ...convolutions('padding as usual', () => ({ pads: [1, 1] })),
  ...convolutions('any stride, dilation and padding', (random) => {
    const [kernel, dilation] = [1 + random.integer(3), 1 + random.integer(2)];
    return { kernel, dilation, stride: 1 + random.integer(3), pads: anyPads(random, kernel === 1 ? 0 : 1) };
  }),
  ...convolutions('stride 1, dilated', (random) => ({
    kernel: 1 + random.integer(3),
    dilation: 1 + random.integer(3),
    pads: anyPads(random, 1),
  })),
  ...convolutions('dilated along the last axis', () => ({ kernel: 2, dilation: 2, stride: 2, pads: [1, 0] })),
  ...convolutions('1x1 kernel', () => ({ kernel: 1 })),
  ...convolutions('1x1 kernel, strided: input that no output saw', () => ({ kernel: 1, stride: 2 })),
  ...convolutions('kernel equal to the stride', (random) => {
    const kernel = 2 + random.integer(2);
    return { kernel, stride: kernel };
  }),
  ...convolutions('even kernel, padded at one end', (random) => ({
    kernel: 2,
    pads: pick(random, [
      [0, 1],
      [1, 0],
    ]),
  })),
  // No output of a transposed convolution would be left, hence forward and backward of Conv alone.
  ...convolutions(
    'more padding than the kernel is wide',
    (random) => ({ kernel: 1 + random.integer(2), pads: [2, 3] }),
    true,
  ),
  ...[[5], [3, 4], [2, 3, 4]].map(
    (space): OpCase => ({
      op: norm.InstanceNormalization,
      name: `${space.length}D`,
      draw: (random) => {
        // Several channels: of a lone one, a sum that cancels to nothing would be the yardstick of its own error.
        const [batch, channels] = [1 + random.integer(2), 3 + random.integer(3)];
        const shape = [batch, channels, ...space.map((length) => length + random.integer(3))];
        return use(
          {
            x: normalArray(random, shape, random.between(0.5, 3), random.between(-4, 4)),
            scale: awayFromZero(random, [channels]),
            bias: normalArray(random, [channels]),
          },
          ({ x, scale, bias }) => norm.instanceNorm(x, scale, bias),
        );
      },
    }),
  ),
  {
    op: norm.InstanceNormalization,
    name: 'constant channel beside others',
    draw: (random) => {
      const x = normalArray(random, [1, 2, 3, 5]);
      x.data.fill(7.25, 0, 15);
      return use({ x, scale: awayFromZero(random, [2]), bias: ndArray([2]) }, (t) =>
        norm.instanceNorm(t.x, t.scale, t.bias, 0.01),
      );
    },
  },
];
