/**
 * Memory that a graph's tensors take at the peak of a run, derived from the graph itself: a walk in its order that gives
 * each result memory where it is made and frees it after its last use, as the engine's planner does.
 */
import type { Graph } from '../graph/graph.js';
import type { Node, Tensor } from '../graph/tensor.js';

/** Operators whose result is their input under another shape. */
const views = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity']);
/** Operators that the engine lets overwrite an input that nobody needs any more. */
const overwriting = new Set(
  'Add Sub Mul Div Relu Sqrt Exp Log Neg Abs Sigmoid Tanh Reciprocal Softplus Clip Floor Ceil Pow'.split(' '),
);
const bytesPerValue = { float32: 4, int64: 8, bool: 1 };

interface Storage {
  readonly bytes: number;
  uses: number;
}

/** Bytes of a tensor; named dimensions (`depth/4`) are looked up in `sizes`. */
function bytesOf({ shape, dtype }: Tensor, sizes: Readonly<Record<string, number>>): number {
  return shape.reduce<number>((product, dim) => {
    if (typeof dim === 'number') return product * dim;
    // A product of names: `(depth/2*height/2)`.
    const factors = dim
      .replace(/[()]/g, '')
      .split('*')
      .map((factor) => factor.split('/'));
    return factors.reduce((value, [name, divisor = '1']) => (value * (sizes[name] ?? 1)) / Number(divisor), product);
  }, bytesPerValue[dtype]);
}

/**
 * Peak of the bytes of intermediate results and outputs; inputs and constants, which are there all the time, not counted.
 * @param sizes values of named dimensions
 */
export function peakBytes(
  graph: Pick<Graph, 'nodes' | 'outputs'>,
  sizes: Readonly<Record<string, number>> = {},
): number {
  const needed = neededNodes(graph);
  const uses = new Map<Tensor, number>();
  const use = (tensor: Tensor) => uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  for (const { inputs } of needed) inputs.forEach(use);
  for (const { tensor } of graph.outputs) use(tensor);
  const storages = new Map<Tensor, Storage>();
  let live = 0;
  let peak = 0;
  const release = (storage: Storage | undefined) => {
    if (storage && --storage.uses === 0) live -= storage.bytes;
  };
  for (const { op, inputs, outputs } of needed) {
    outputs.forEach((output, i) => {
      const bytes = bytesOf(output, sizes);
      const reusable = inputs
        .map((input) => storages.get(input))
        .find(
          (storage) =>
            storage &&
            (views.has(op.type) || (overwriting.has(op.type) && storage.uses === 1 && storage.bytes === bytes)),
        );
      const count = uses.get(output) ?? 0;
      if (i === 0 && reusable) {
        reusable.uses += count;
        storages.set(output, reusable);
      } else if (count > 0 && !(views.has(op.type) && i === 0)) {
        storages.set(output, { bytes, uses: count });
        live += bytes;
      }
    });
    peak = Math.max(peak, live);
    for (const input of inputs) release(storages.get(input));
  }
  return peak;
}

/** Nodes that an output depends on, in order. */
function neededNodes({ nodes, outputs }: Pick<Graph, 'nodes' | 'outputs'>): Node[] {
  const wanted = new Set<Node>();
  const pending = outputs.map(({ tensor }) => tensor.node);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node === null || wanted.has(node)) continue;
    wanted.add(node);
    pending.push(...node.inputs.map((input) => input.node));
  }
  return nodes.filter((node) => wanted.has(node));
}
