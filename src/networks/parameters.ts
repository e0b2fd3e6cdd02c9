/**
 * A network's weights as one flat vector with a table of contents. One vector is one graph input while training:
 * the optimiser is a handful of operations however many tensors there are.
 */
import { GraphError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import { concat, reshape, slice } from '../graph/ops/shape.js';
import { elementCount } from '../graph/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { createRandom } from '../math/random.js';

export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** `he`: normal with variance 2 / fan-in (He et al. 2015, for ReLU); `xavier` with 1 / fan-in; else a constant. */
  readonly initial: 'he' | 'xavier' | number;
  /** Inputs that each output sums over. */
  readonly fanIn: number;
  /** Norms and biases are spared weight decay. */
  readonly decay: boolean;
}

/** Number of weights. */
export function parameterCount(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

/** Where each tensor lies in the flat vector. */
function spans(specs: readonly ParameterSpec[]): { spec: ParameterSpec; start: number; end: number }[] {
  let end = 0;
  return specs.map((spec) => {
    const start = end;
    end += elementCount(spec.shape);
    return { spec, start, end };
  });
}

/** Fresh weights, fixed by the seed; a tensor's values depend on its name alone, not on what stands before it. */
export function initialWeights(specs: readonly ParameterSpec[], seed: number): Float32Array {
  const weights = new Float32Array(parameterCount(specs));
  for (const { spec, start, end } of spans(specs)) {
    const { initial } = spec;
    if (typeof initial === 'number') weights.fill(initial, start, end);
    else {
      const random = createRandom(seed, 'weights', spec.name);
      const sd = Math.sqrt((initial === 'he' ? 2 : 1) / spec.fanIn);
      for (let i = start; i < end; i++) weights[i] = sd * random.normal();
    }
  }
  return weights;
}

/** 1 where weight decay applies, 0 elsewhere, aligned with the flat vector. */
export function decayMask(specs: readonly ParameterSpec[]): Float32Array {
  const mask = new Float32Array(parameterCount(specs));
  for (const { spec, start, end } of spans(specs)) mask.fill(spec.decay ? 1 : 0, start, end);
  return mask;
}

/** Named views into the flat vector. */
export function splitWeights(specs: readonly ParameterSpec[], weights: Float32Array): Map<string, Float32Array> {
  if (weights.length !== parameterCount(specs)) {
    throw new GraphError({
      file: 'Weights',
      expected: `${parameterCount(specs)} values`,
      found: String(weights.length),
    });
  }
  return new Map(spans(specs).map(({ spec, start, end }) => [spec.name, weights.subarray(start, end)]));
}

/** The flat vector from named tensors; throws GraphError for one that is missing or of another size. */
export function joinWeights(specs: readonly ParameterSpec[], parts: ReadonlyMap<string, Float32Array>): Float32Array {
  // Looked at first, filled in afterwards: no memory is taken for weights that are not there.
  const found = spans(specs).map(({ spec, start, end }) => {
    const part = parts.get(spec.name);
    if (part?.length !== end - start) {
      throw new GraphError({
        file: `Weight ${spec.name}`,
        expected: `${end - start} values`,
        found: String(part?.length ?? 'none'),
      });
    }
    return { part, start };
  });
  const weights = new Float32Array(parameterCount(specs));
  for (const { part, start } of found) weights.set(part, start);
  return weights;
}

/** Tensors of a flat weight input, by name. */
export function sliceParameters(specs: readonly ParameterSpec[], flat: Tensor): Map<string, Tensor> {
  return new Map(
    spans(specs).map(({ spec, start, end }) => [spec.name, reshape(slice(flat, [0], [start], [end]), spec.shape)]),
  );
}

/** One flat vector of many tensors, in order. */
export function concatFlat(tensors: readonly Tensor[]): Tensor {
  return concat(
    tensors.map((tensor) => reshape(tensor, [-1])),
    0,
  );
}

/** Tensors of finished weights as constants (ONNX initializers), by name. */
export function constantParameters(
  specs: readonly ParameterSpec[],
  weights: Float32Array,
  graph: Graph,
): Map<string, Tensor> {
  const parts = splitWeights(specs, weights);
  return new Map(specs.map(({ name, shape }) => [name, graph.constant(name, shape, parts.get(name)!)]));
}
