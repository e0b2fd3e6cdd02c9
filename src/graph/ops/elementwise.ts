/** Element-wise operators with numpy broadcasting. */
import { broadcastOffset, forEachIndex, ndArray } from '../nd-array.js';
import { broadcastShapes, elementCount, fixedShape } from '../shape.js';
import { fail, type Node, type OpDefinition, type Tensor } from '../tensor.js';
import { reduceSum, reduceToShape } from './broadcast.js';

/** Slope that takes any activation that is not negligible to 1. */
const STEEP = 1e30;

type UnaryGradient = (x: Tensor, y: Tensor, dy: Tensor) => Tensor;
type BinaryGradient = (a: Tensor, b: Tensor, y: Tensor, dy: Tensor) => { a: () => Tensor; b: () => Tensor };

function unary(type: string, value: (x: number) => number, gradient?: UnaryGradient): OpDefinition {
  return {
    type,
    infer: (inputs) => {
      if (inputs.length !== 1 || inputs[0].dtype !== 'float32') fail(type, inputs, 'one float32 tensor');
      return [{ dtype: 'float32', shape: inputs[0].shape }];
    },
    gradient: gradient && (({ inputs, outputs }, [dy]) => [dy && gradient(inputs[0], outputs[0], dy)]),
    evaluate: ([x]) => [ndArray(x.shape, x.data.map(value))],
  };
}

function binary(type: string, value: (a: number, b: number) => number, gradient: BinaryGradient): OpDefinition {
  return {
    type,
    infer: (inputs) => {
      const shape = inputs.length === 2 ? broadcastShapes(inputs[0].shape, inputs[1].shape) : undefined;
      if (!shape || inputs.some((x) => x.dtype !== 'float32')) fail(type, inputs, 'two float32 tensors that broadcast');
      return [{ dtype: 'float32', shape }];
    },
    gradient: (node: Node, [dy], wanted) => {
      if (!dy) return [null, null];
      const [a, b] = node.inputs;
      const parts = gradient(a, b, node.outputs[0], dy);
      return [
        wanted[0] ? reduceToShape(parts.a(), a.shape) : null,
        wanted[1] ? reduceToShape(parts.b(), b.shape) : null,
      ];
    },
    evaluate: ([a, b]) => {
      const result = ndArray(broadcastShapes(a.shape, b.shape) as number[]);
      forEachIndex(result.shape, (index, flat) => {
        result.data[flat] = value(a.data[broadcastOffset(a.shape, index)], b.data[broadcastOffset(b.shape, index)]);
      });
      return [result];
    },
  };
}

export const Add = binary(
  'Add',
  (a, b) => a + b,
  (_a, _b, _y, dy) => ({ a: () => dy, b: () => dy }),
);
export const Sub = binary(
  'Sub',
  (a, b) => a - b,
  (_a, _b, _y, dy) => ({ a: () => dy, b: () => neg(dy) }),
);
export const Mul = binary(
  'Mul',
  (a, b) => a * b,
  (a, b, _y, dy) => ({ a: () => mul(dy, b), b: () => mul(dy, a) }),
);
export const Div = binary(
  'Div',
  (a, b) => a / b,
  (_a, b, y, dy) => ({
    a: () => div(dy, b),
    b: () => neg(div(mul(dy, y), b)),
  }),
);
export const Neg = unary(
  'Neg',
  (x) => -x,
  (_x, _y, dy) => neg(dy),
);
export const Exp = unary('Exp', Math.exp, (_x, y, dy) => mul(dy, y));
export const Log = unary('Log', Math.log, (x, _y, dy) => div(dy, x));
export const Sqrt = unary('Sqrt', Math.sqrt, (x, y, dy) => div(mul(dy, x.graph.scalar(0.5)), y));
export const Abs = unary('Abs', Math.abs, (x, _y, dy) => mul(dy, sign(x)));
/** Piecewise constant; it has no gradient rule, so a loss that depends on a parameter through it is refused. */
export const Sign = unary('Sign', Math.sign);
/** `max(0, min(1, alpha x + beta))`; used on numbers that are not differentiated. */
export const HardSigmoid: OpDefinition = {
  ...unary('HardSigmoid', (x) => x),
  floatAttributes: ['alpha', 'beta'],
  evaluate: ([x], { alpha, beta }) => [
    ndArray(
      x.shape,
      x.data.map((value) => Math.max(0, Math.min(1, Number(alpha) * value + Number(beta)))),
    ),
  ],
};
export const Relu = unary(
  'Relu',
  (x) => Math.max(x, 0),
  (_x, y, dy) => mul(dy, isPositive(y)),
);
export const Sigmoid = unary(
  'Sigmoid',
  (x) => 1 / (1 + Math.exp(-x)),
  (x, y, dy) => mul(dy, mul(y, sub(x.graph.scalar(1), y))),
);
export const Softplus = unary(
  'Softplus',
  (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  (x, _y, dy) => mul(dy, sigmoid(x)),
);

/** Element-wise minimum and maximum of two tensors; used on numbers that are not differentiated. */
function selection(type: 'Min' | 'Max', value: (a: number, b: number) => number): OpDefinition {
  const { gradient: _none, ...op } = binary(type, value, (_a, _b, _y, dy) => ({ a: () => dy, b: () => dy }));
  return op;
}
export const Min = selection('Min', Math.min);
export const Max = selection('Max', Math.max);

export const add = (a: Tensor, b: Tensor): Tensor => a.graph.add(Add, [a, b]);
export const sub = (a: Tensor, b: Tensor): Tensor => a.graph.add(Sub, [a, b]);
export const mul = (a: Tensor, b: Tensor): Tensor => a.graph.add(Mul, [a, b]);
export const div = (a: Tensor, b: Tensor): Tensor => a.graph.add(Div, [a, b]);
export const min = (a: Tensor, b: Tensor): Tensor => a.graph.add(Min, [a, b]);
export const max = (a: Tensor, b: Tensor): Tensor => a.graph.add(Max, [a, b]);
export const neg = (x: Tensor): Tensor => x.graph.add(Neg, [x]);
export const exp = (x: Tensor): Tensor => x.graph.add(Exp, [x]);
export const log = (x: Tensor): Tensor => x.graph.add(Log, [x]);
export const sqrt = (x: Tensor): Tensor => x.graph.add(Sqrt, [x]);
export const abs = (x: Tensor): Tensor => x.graph.add(Abs, [x]);
export const sign = (x: Tensor): Tensor => x.graph.add(Sign, [x]);
/** 1 where a value that is not negative is above 0, else 0: as one clamp, ten times as fast as Sign. */
export const isPositive = (x: Tensor): Tensor => x.graph.add(HardSigmoid, [x], { alpha: STEEP, beta: 0 });
export const relu = (x: Tensor): Tensor => x.graph.add(Relu, [x]);
export const sigmoid = (x: Tensor): Tensor => x.graph.add(Sigmoid, [x]);
export const softplus = (x: Tensor): Tensor => x.graph.add(Softplus, [x]);

/** Mean over axes (default: all); reduced axes stay as length 1. */
export function reduceMean(x: Tensor, axes: readonly number[] = x.shape.map((_, i) => i)): Tensor {
  const n = elementCount(
    fixedShape(
      axes.map((axis) => x.shape[axis]),
      'mean',
    ),
  );
  return mul(reduceSum(x, axes), x.graph.scalar(1 / n));
}
