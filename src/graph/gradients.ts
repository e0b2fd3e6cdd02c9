/** Reverse-mode differentiation: the gradients of a scalar become nodes of the same graph. */
import { GraphError } from '../errors.js';
import { expand } from './ops/broadcast.js';
import { add } from './ops/elementwise.js';
import { fixedShape } from './shape.js';
import { type Composite, describe, type GraphBuilder, type Node, type Tensor } from './tensor.js';

/**
 * Gradients of a one-element `loss` with respect to each of `parameters`, in order.
 * Throws GraphError where the loss is not one number, a parameter does not influence it, or an op on the way has no
 * gradient rule.
 */
export function gradients(loss: Tensor, parameters: readonly Tensor[]): Tensor[] {
  const { graph } = loss;
  if (fixedShape(loss.shape, 'loss').some((dim) => dim !== 1)) {
    throw new GraphError({ file: 'gradients', expected: 'a loss of one number', found: describe(loss) });
  }
  // Only steps that depend on a parameter carry gradients.
  const relevant = new Set<Tensor>(parameters);
  const path: Step[] = [];
  for (const step of steps(graph)) {
    if (!step.inputs.some((x) => relevant.has(x))) continue;
    for (const output of step.outputs) relevant.add(output);
    path.push(step);
  }
  const gradientOf = new Map<Tensor, Tensor>();
  gradientOf.set(loss, expand(graph.scalar(1), fixedShape(loss.shape, 'loss')));
  for (const step of path.reverse()) {
    const dy = step.outputs.map((output) => gradientOf.get(output) ?? null);
    if (dy.every((tensor) => tensor === null)) continue;
    const wanted = step.inputs.map((x) => relevant.has(x));
    const parts = step.gradient(dy, wanted);
    step.inputs.forEach((x, i) => {
      const part = parts[i];
      if (!wanted[i] || !part) return;
      const sum = gradientOf.get(x);
      gradientOf.set(x, sum ? add(sum, part) : part);
    });
  }
  return parameters.map((parameter) => {
    const gradient = gradientOf.get(parameter);
    if (!gradient)
      throw new GraphError({
        file: 'gradients',
        problem: `${describe(parameter)} does not influence ${describe(loss)}`,
      });
    return gradient;
  });
}

/** A node, or a composite of nodes, as differentiation sees it. */
interface Step {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  gradient(dy: readonly (Tensor | null)[], wanted: readonly boolean[]): (Tensor | null)[];
}

/** The graph as steps in the order of execution: each composite stands where its last node does. */
function steps(graph: GraphBuilder): Step[] {
  const owner = new Map<Node, Composite>();
  for (const composite of graph.composites) for (const node of composite.nodes) owner.set(node, composite);
  return graph.nodes.flatMap((node): Step[] => {
    const composite = owner.get(node);
    if (!composite) return [stepOf(node)];
    if (node !== composite.nodes.at(-1)) return [];
    const { inputs, output } = composite;
    return [{ inputs, outputs: [output], gradient: ([dy], wanted) => composite.gradient(dy!, wanted) }];
  });
}

function stepOf(node: Node): Step {
  const { op, inputs, outputs } = node;
  return {
    inputs,
    outputs,
    gradient(dy, wanted) {
      if (!op.gradient)
        throw new GraphError({ file: `${op.type}(${inputs.map(describe).join(', ')})`, problem: 'has no gradient' });
      return op.gradient(node, dy, wanted);
    },
  };
}
