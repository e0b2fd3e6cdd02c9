/** Tensors and nodes of a graph under construction: names, types and shapes, no values but those of constants. */
import { GraphError } from '../errors.js';
import type { Graph } from './graph.js';
import type { Attributes, OpDefinition } from './op.js';
import { formatShape, type Shape } from './shape.js';

export type DataType = 'float32' | 'int64' | 'bool';
/** Values of a constant: float32 tensors hold floats, int64 tensors whole numbers. */
export type ConstantData = Float32Array | readonly number[];

export interface Tensor {
  readonly graph: Graph;
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

/** `conv1.weight float32[16, 1, 3, 3, 3]`, for messages. */
export function describe(tensor: Tensor): string {
  return `${tensor.name} ${tensor.dtype}${formatShape(tensor.shape)}`;
}

/** Throw a GraphError that names the op and its input tensors with their shapes. */
export function fail(op: string, inputs: readonly Tensor[], expected: string): never {
  throw new GraphError(`${op}(${inputs.map(describe).join(', ')}): expected ${expected}.`);
}

/** Whole-number values of a constant input (axes, pads, a target shape). */
export function constantInts(op: string, inputs: readonly Tensor[], index: number): readonly number[] {
  const data = inputs[index]?.data;
  if (data === undefined) fail(op, inputs, `input ${index} to be a constant of whole numbers`);
  return Array.from(data);
}
