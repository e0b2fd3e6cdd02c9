/** The oracle: runs a graph in plain float64 TypeScript. Slow and obvious; the engine is tested against it. */
import { GraphError } from '../errors.js';
import type { Graph } from './graph.js';
import { type NdArray, ndArray } from './nd-array.js';
import { elementCount, fixedShape, formatShape } from './shape.js';
import { describe, type Tensor } from './tensor.js';

/** Values of all outputs of a graph, by name, for the given inputs. Throws GraphError for a missing or unfitting input. */
export function evaluate(graph: Graph, feeds: Readonly<Record<string, NdArray>>): Record<string, NdArray> {
  const values = new Map<Tensor, NdArray>();
  for (const input of graph.inputs) {
    const value = feeds[input.name];
    if (!value) throw new GraphError({ file: 'evaluate', expected: `a value for input ${input.name}`, found: 'none' });
    const { shape, data } = value;
    const fits =
      shape.length === input.shape.length && input.shape.every((dim, i) => typeof dim === 'string' || dim === shape[i]);
    if (!fits || data.length !== elementCount(shape)) {
      throw new GraphError({
        file: 'evaluate',
        expected: describe(input),
        found: `${data.length} values of shape ${formatShape(shape)}`,
      });
    }
    values.set(input, value);
  }
  for (const constant of graph.constants) {
    values.set(constant, ndArray(fixedShape(constant.shape, constant.name), constant.data));
  }
  for (const { op, inputs, outputs, attributes } of graph.nodes) {
    const results = op.evaluate(
      inputs.map((input) => values.get(input)!),
      attributes,
    );
    outputs.forEach((output, i) => {
      values.set(output, results[i]);
    });
  }
  return Object.fromEntries(graph.outputs.map(({ name, tensor }) => [name, values.get(tensor)!]));
}
