/**
 * The nodes of a model, listed so that ONNX Runtime runs them in about the order of the graph. It goes depth-first from the
 * outputs and, of a node's inputs, to the one listed last first; thus each weight gradient comes right after what it needs.
 * But it merges reshapes of reshapes and lists the merged ones anew, at the end: all weight gradients would then wait for
 * the end of the step, and everything that they need with them. So they are merged here.
 */
import type { Graph } from '../graph.js';
import type { Node, Tensor } from '../tensor.js';

export interface ListedNode {
  readonly node: Node;
  readonly inputs: readonly Tensor[];
}

/** The nodes that an output depends on, in the order of the graph, each reshaped tensor reshaped from its source. */
export function listNodes({ nodes, outputs }: Pick<Graph, 'nodes' | 'outputs'>): ListedNode[] {
  const needed = new Map<Node, ListedNode>();
  const pending = outputs.map(({ tensor }) => tensor.node);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node === null || needed.has(node)) continue;
    const inputs = inputsOf(node);
    needed.set(node, { node, inputs });
    pending.push(...inputs.map((input) => input.node));
  }
  return nodes.flatMap((node) => needed.get(node) ?? []);
}

function inputsOf({ op, inputs }: Node): readonly Tensor[] {
  // A 0 copies a length of the very tensor that is reshaped.
  if (op.type !== 'Reshape' || inputs[1].data?.includes(0)) return inputs;
  let [source, shape] = inputs;
  while (source.node?.op.type === 'Reshape') source = source.node.inputs[0];
  return [source, shape];
}
