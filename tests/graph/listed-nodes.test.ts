/** Which nodes of a graph go into a model, and the order in which ONNX Runtime then runs them. */
import { describe, expect, it } from 'vitest';
import { Graph } from '../../src/graph/graph.js';
import { listNodes } from '../../src/graph/onnx/listed-nodes.js';
import { mul, neg } from '../../src/graph/ops/elementwise.js';
import { concat, reshape } from '../../src/graph/ops/shape.js';
import type { Node, Tensor } from '../../src/graph/tensor.js';
import { blockedLayers } from '../../src/networks/layers/blocked.js';
import { defaultAdamW } from '../../src/networks/optimiser.js';
import { trainingGraph } from '../../src/networks/training-graph.js';

describe('the nodes of a model', () => {
  const graph = new Graph();
  const x = graph.input('x', [2, 6]);
  const flat = reshape(neg(x), [12]);
  const square = reshape(flat, [3, 4]);
  mul(square, square);
  graph.output('y', concat([square, reshape(square, [0, -1])], 0));
  const listed = listNodes(graph);

  it('leave out what no output needs, and shapes that are only seen under another', () => {
    expect(listed.map(({ node }) => node.op.type)).toEqual(['Neg', 'Reshape', 'Reshape', 'Concat']);
    expect(listed[1].inputs[0]).toBe(flat.node!.inputs[0]);
  });

  it('keep a shape that another copies a length from', () => {
    expect(listed[2].inputs[0]).toBe(square);
  });
});

it('of a training step run in about the order of the graph: no weight gradient waits for the end', () => {
  const step = trainingGraph({
    architecture: { kind: 'unet', dimensions: 3, channels: [16, 32, 64] },
    buckets: [{ name: 'patch', batch: 1, space: [8, 8, 8] }],
    loss: 'ce+dice',
    optimiser: defaultAdamW,
    dropout: false,
    layers: blockedLayers(16),
  });
  const listed = listNodes(step);
  // What ONNX Runtime would merge it lists anew, elsewhere.
  const places = new Map<Tensor, Node>(listed.flatMap(({ node }) => node.outputs.map((output) => [output, node])));
  for (const { node, inputs } of listed) {
    const merged = node.op.type === 'Reshape' && places.get(inputs[0])?.op.type === 'Reshape';
    expect(merged, node.outputs[0].name).toBe(false);
  }
  const outputs = step.outputs.map(({ tensor }) => tensor.node!);
  const ran = depthFirst(listed, outputs).filter(({ op }) => op.type === 'Conv');
  const added = step.nodes.filter((node) => ran.includes(node));
  const late = ran.filter((node, i) => Math.abs(added.indexOf(node) - i) > 10);
  expect(ran.length).toBeGreaterThan(100);
  expect(late.length / ran.length).toBeLessThan(0.05);
});

/** ONNX Runtime's order: depth-first from the outputs, of a node's inputs the one listed last first. */
function depthFirst(listed: ReturnType<typeof listNodes>, outputs: readonly Node[]): Node[] {
  const place = new Map(listed.map(({ node }, i) => [node, i]));
  const inputs = new Map(listed.map((one) => [one.node, one.inputs]));
  const done = new Set<Node>();
  const visit = (node: Node): void => {
    if (done.has(node)) return;
    const before = inputs.get(node)!.flatMap((tensor) => tensor.node ?? []);
    for (const input of before.sort((a, b) => place.get(b)! - place.get(a)!)) visit(input);
    done.add(node);
  };
  outputs.forEach(visit);
  return [...done];
}
