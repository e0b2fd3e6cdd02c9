/**
 * What an operator is: its ONNX name, how shapes follow, how gradients follow, and a slow, obvious evaluation in
 * float64 that the tests hold the engine against. Each operator is one constant in `ops/`.
 */
import type { NdArray } from './nd-array.js';
import type { Shape } from './shape.js';
import type { DataType, Node, Tensor } from './tensor.js';

/** ONNX attribute values. Whole numbers are written as integers unless the name is listed in `floatAttributes`. */
export type Attribute = number | string | readonly number[];
export type Attributes = Readonly<Record<string, Attribute>>;

export interface OutputType {
  readonly dtype: DataType;
  readonly shape: Shape;
}

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

/** Attribute as a list of whole numbers, with a default. */
export function ints(attributes: Attributes, name: string, fallback: readonly number[] = []): readonly number[] {
  const value = attributes[name];
  return value === undefined ? fallback : typeof value === 'object' ? value : [Number(value)];
}
