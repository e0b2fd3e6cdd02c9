/** Reverse-mode differentiation: the gradients of a scalar become nodes of the same graph. */
import { GraphError } from '../errors.js';
import { expand } from './ops/broadcast.js';
import { add } from './ops/elementwise.js';
import { fixedShape } from './shape.js';
import { describe, type Node, type Tensor } from './tensor.js';

/**
 * Gradients of a one-element `loss` with respect to each of `parameters`, in order.
 * Throws GraphError where the loss is not one number, a parameter does not influence it, or an op on the way has no
 * gradient rule.
 */
export function gradients(loss: Tensor, parameters: readonly Tensor[]): Tensor[] {
  const { graph } = loss;
  if (fixedShape(loss.shape, 'loss').some((dim) => dim !== 1)) {
    throw new GraphError(`gradients: expected a loss of one number, found ${describe(loss)}.`);
  }
  // Only nodes that depend on a parameter carry gradients.
  const relevant = new Set<Tensor>(parameters);
  const path: Node[] = [];
  for (const node of graph.nodes) {
    if (!node.inputs.some((x) => relevant.has(x))) continue;
    for (const output of node.outputs) relevant.add(output);
    path.push(node);
  }
  const gradientOf = new Map<Tensor, Tensor>();
  gradientOf.set(loss, expand(graph.scalar(1), fixedShape(loss.shape, 'loss')));
  for (const node of path.reverse()) {
    const dy = node.outputs.map((output) => gradientOf.get(output) ?? null);
    if (dy.every((tensor) => tensor === null)) continue;
    const wanted = node.inputs.map((x) => relevant.has(x));
    if (!node.op.gradient)
      throw new GraphError(`${node.op.type}(${node.inputs.map(describe).join(', ')}): has no gradient.`);
    const parts = node.op.gradient(node, dy, wanted);
    node.inputs.forEach((x, i) => {
      const part = parts[i];
      if (!wanted[i] || !part) return;
      const sum = gradientOf.get(x);
      gradientOf.set(x, sum ? add(sum, part) : part);
    });
  }
  return parameters.map((parameter) => {
    const gradient = gradientOf.get(parameter);
    if (!gradient) throw new GraphError(`gradients: ${describe(parameter)} does not influence ${describe(loss)}.`);
    return gradient;
  });
}
