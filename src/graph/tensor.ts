/**
 * Tensors, nodes and operators of a graph under construction, defined together because each is made of the others:
 * names, types and shapes, no values but those of constants.
 */
import { GraphError } from '../errors.js';
import type { NdArray } from './nd-array.js';
import { formatShape, type Shape } from './shape.js';

export type DataType = 'float32' | 'int64' | 'bool';
/** Values of a constant: float32 tensors hold floats, int64 tensors whole numbers. */
export type ConstantData = Float32Array | readonly number[];

export interface Tensor {
  readonly graph: GraphBuilder;
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: Shape;
  /** The node that makes it; null for inputs and constants. */
  readonly node: Node | null;
  /** Values of a constant (an ONNX initializer). */
  readonly data?: ConstantData;
}

export interface Node {
  readonly op: OpDefinition;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Attributes;
}

/** Nodes that count as one for differentiation, with a rule of its own that is faster than its parts' rules. */
export interface Composite {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly nodes: readonly Node[];
  gradient(dy: Tensor, wanted: readonly boolean[]): (Tensor | null)[];
}

/** ONNX attribute values. Whole numbers are written as integers unless the name is listed in `floatAttributes`. */
export type Attribute = number | string | readonly number[];
export type Attributes = Readonly<Record<string, Attribute>>;

export interface OutputType {
  readonly dtype: DataType;
  readonly shape: Shape;
}

/**
 * What an operator is: its ONNX name, how shapes follow, how gradients follow, and a slow, obvious evaluation in
 * float64 that the tests hold the engine against. Each operator is one constant in `ops/`.
 */
export interface OpDefinition {
  /** Operator name in ONNX. */
  readonly type: string;
  /** Operator set; empty for the standard one. */
  readonly domain?: string;
  /** Attributes that ONNX stores as float32 even where the value is whole. */
  readonly floatAttributes?: readonly string[];
  /** Output types; throws GraphError (by `fail`) naming op, tensors and shapes. */
  infer(inputs: readonly Tensor[], attributes: Attributes): OutputType[];
  /**
   * Gradients with respect to each input, null where there is none. `dy[i]` is the gradient of output i, null where
   * nothing downstream depends on it. `wanted[i]` says whether input i's gradient is needed at all.
   */
  gradient?(node: Node, dy: readonly (Tensor | null)[], wanted: readonly boolean[]): (Tensor | null)[];
  /** The operator in plain float64 loops. */
  evaluate(inputs: readonly NdArray[], attributes: Attributes): NdArray[];
}

/** What operators ask of the graph that they add nodes to. */
export interface GraphBuilder {
  /** Nodes in the order they were made, which is a valid order of execution. */
  readonly nodes: readonly Node[];
  readonly composites: readonly Composite[];
  /** A tensor fed at every run. */
  input(name: string, shape: Shape, dtype?: DataType): Tensor;
  /** A named float32 constant. */
  constant(name: string, shape: readonly number[], data: Float32Array): Tensor;
  /** A scalar constant; equal ones are shared. */
  scalar(value: number): Tensor;
  /** A constant of equal values; equal ones are shared. */
  filled(value: number, shape: readonly number[]): Tensor;
  /** A small constant table; equal ones are shared. */
  table(values: readonly number[], shape: readonly number[]): Tensor;
  /** A list of whole numbers (axes, pads, a target shape); equal ones are shared. */
  ints(values: readonly number[]): Tensor;
  /** Add a node of one output. Throws GraphError where shapes or types do not fit. */
  add(op: OpDefinition, inputs: readonly Tensor[], attributes?: Attributes): Tensor;
  /** What `build` adds becomes one step of differentiation, from `inputs` to its result. */
  composite(
    name: string,
    inputs: readonly Tensor[],
    build: () => Tensor,
    gradient: (dy: Tensor, wanted: readonly boolean[], y: Tensor) => (Tensor | null)[],
  ): Tensor;
}

/** `conv1.weight float32[16, 1, 3, 3, 3]`, for messages. */
export function describe(tensor: Tensor): string {
  return `${tensor.name} ${tensor.dtype}${formatShape(tensor.shape)}`;
}

/** Throw a GraphError that names the op and its input tensors with their shapes. */
export function fail(op: string, inputs: readonly Tensor[], expected: string): never {
  throw new GraphError({ file: `${op}(${inputs.map(describe).join(', ')})`, expected });
}

/** Whole-number values of a constant input (axes, pads, a target shape). */
export function constantInts(op: string, inputs: readonly Tensor[], index: number): readonly number[] {
  const data = inputs[index]?.data;
  if (data === undefined) fail(op, inputs, `input ${index} to be a constant of whole numbers`);
  return Array.from(data);
}

/** Attribute as a list of whole numbers, with a default. */
export function ints(attributes: Attributes, name: string, fallback: readonly number[] = []): readonly number[] {
  const value = attributes[name];
  return value === undefined ? fallback : typeof value === 'object' ? value : [Number(value)];
}
