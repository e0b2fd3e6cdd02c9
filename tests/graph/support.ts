/** What the graph tests share: random arrays, running one graph by the engine and by the oracle, and closeness. */
import { expect } from 'vitest';
import { evaluate } from '../../src/graph/evaluate.js';
import { Graph } from '../../src/graph/graph.js';
import { type NdArray, ndArray } from '../../src/graph/nd-array.js';
import { encodeModel } from '../../src/graph/onnx/encode.js';
import { elementCount } from '../../src/graph/shape.js';
import type { Tensor } from '../../src/graph/tensor.js';
import type { Random } from '../../src/math/random.js';
import { createOnnxRuntime } from '../../src/runtime/onnxruntime.node.js';
import type { Values } from '../../src/runtime/session.js';

export type Arrays = Readonly<Record<string, NdArray>>;

/** Standard normal values, rounded to float32 so that engine and oracle are given the same numbers. */
export const normalArray = (random: Random, shape: readonly number[], scale = 1, offset = 0): NdArray =>
  ndArray(
    shape,
    Float32Array.from({ length: elementCount(shape) }, () => offset + scale * random.normal()),
  );

/** Values in ±[low, high): away from zero, where ReLU and absolute value have a kink and a divisor must not lie. */
export const awayFromZero = (random: Random, shape: readonly number[], low = 0.2, high = 2): NdArray =>
  ndArray(
    shape,
    Float32Array.from({ length: elementCount(shape) }, () => random.between(low, high) * (random.chance(0.5) ? 1 : -1)),
  );

export const positive = (random: Random, shape: readonly number[]): NdArray =>
  ndArray(
    shape,
    awayFromZero(random, shape).data.map((value) => Math.abs(value)),
  );

/** A graph with one input per array, in a fixed order. */
export function graphOf<Names extends string>(arrays: Readonly<Record<Names, NdArray>>) {
  const graph = new Graph();
  const tensors = {} as Record<Names, Tensor>;
  for (const name of Object.keys(arrays) as Names[]) tensors[name] = graph.input(name, arrays[name].shape);
  return { graph, tensors };
}

/** Values by name as the engine wants them. */
export const toFeeds = (arrays: Arrays): Values =>
  Object.fromEntries(
    Object.entries(arrays).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
  );

/** One thread: these graphs are too small for more. */
export const runtime = createOnnxRuntime({ threads: 1 });

/** Results of a graph by ONNX Runtime. */
export async function runByEngine(graph: Graph, arrays: Arrays): Promise<Record<string, NdArray>> {
  const session = await runtime.open(encodeModel(graph));
  try {
    const results = await session.run(toFeeds(arrays));
    return Object.fromEntries(Object.entries(results).map(([name, { shape, data }]) => [name, ndArray(shape, data)]));
  } finally {
    await session.release();
  }
}

/** Run a graph both ways and expect every output to agree. */
export async function expectEngineMatchesOracle(graph: Graph, arrays: Arrays, tolerance = 1e-5): Promise<void> {
  const expected = evaluate(graph, arrays);
  const found = await runByEngine(graph, arrays);
  expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
  for (const name of Object.keys(expected)) expectAllClose(found[name], expected[name], tolerance, name);
}

/** Largest absolute difference over the largest expected magnitude. */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let magnitude = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(found[i] - expected[i]);
    difference = Number.isNaN(d) ? Number.POSITIVE_INFINITY : Math.max(difference, d);
    magnitude = Math.max(magnitude, Math.abs(expected[i]));
  }
  return difference === 0 ? 0 : difference / Math.max(magnitude, 1e-30);
}

/** Expect equal shapes, and values equal to within `tolerance` times the largest expected magnitude. */
export function expectAllClose(found: NdArray, expected: NdArray, tolerance: number, what: string): void {
  expect(found.shape, what).toEqual(expected.shape);
  expect(found.data.length, what).toBe(expected.data.length);
  expect(relativeError(found.data, expected.data), what).toBeLessThanOrEqual(tolerance);
}
