/** Every gradient rule: the oracle's gradient against central differences, and the engine's against the oracle's. */
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/graph/evaluate.js';
import { gradients } from '../../src/graph/gradients.js';
import type { Graph } from '../../src/graph/graph.js';
import { ndArray } from '../../src/graph/nd-array.js';
import { reduceSum } from '../../src/graph/ops/broadcast.js';
import { conv, convTranspose } from '../../src/graph/ops/conv.js';
import { add, exp, mul, reduceMean, relu, sigmoid, softplus, sub } from '../../src/graph/ops/elementwise.js';
import { instanceNorm } from '../../src/graph/ops/instance-norm.js';
import { concat } from '../../src/graph/ops/shape.js';
import { fixedShape } from '../../src/graph/shape.js';
import { createRandom, type Random } from '../../src/math/random.js';
import { opCases, type Use } from './op-cases.js';
import { type Arrays, awayFromZero, expectEngineMatchesOracle, graphOf, normalArray, positive } from './support.js';

const DRAWS = 6;
const STEP = 1e-4;
/** Values of each parameter that are moved on their own; the others are covered by the dense directions. */
const COORDINATES = 12;

/** A graph with `loss`, a random weighted sum of the use's result, and `d<name>` for each input. */
function gradientGraph({ inputs, build }: Use, random: Random) {
  const { graph, tensors } = graphOf(inputs);
  const result = build(tensors);
  const weights = awayFromZero(random, fixedShape(result.shape, 'result'));
  const loss = reduceSum(mul(result, graph.input('upstream', weights.shape)));
  const names = Object.keys(inputs);
  const found = gradients(
    loss,
    names.map((name) => tensors[name]),
  );
  graph.output('loss', loss);
  for (const [i, name] of names.entries()) graph.output(`d${name}`, found[i]);
  return { graph, arrays: { ...inputs, upstream: weights } as Arrays, names };
}

/** Fifth-order central difference of the loss along a direction of one input. */
function centralDifference(graph: Graph, arrays: Arrays, name: string, direction: ArrayLike<number>): number {
  const at = (step: number) => {
    const { shape, data } = arrays[name];
    const moved = ndArray(
      shape,
      data.map((value, i) => value + step * direction[i]),
    );
    return evaluate(graph, { ...arrays, [name]: moved }).loss.data[0];
  };
  return (8 * (at(STEP) - at(-STEP)) - (at(2 * STEP) - at(-2 * STEP))) / (12 * STEP);
}

function expectGradientsMatchDifferences(graph: Graph, arrays: Arrays, names: readonly string[], random: Random) {
  const found = evaluate(graph, arrays);
  // Differences need the loss alone.
  const lossOnly = lossGraph(graph);
  for (const name of names) {
    const gradient = found[`d${name}`].data;
    expect(found[`d${name}`].shape).toEqual(arrays[name].shape);
    const largest = gradient.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const coordinates = random.shuffle(Array.from(gradient.keys())).slice(0, COORDINATES);
    for (const i of coordinates) {
      const direction = new Float64Array(gradient.length).with(i, 1);
      const difference = centralDifference(lossOnly, arrays, name, direction);
      expect(Math.abs(gradient[i] - difference), `d${name}[${i}]`).toBeLessThanOrEqual(1e-6 * largest + 1e-10);
    }
    for (let k = 0; k < 2; k++) {
      const direction = awayFromZero(random, [gradient.length]).data.map((value) => value / 2);
      const slope = gradient.reduce((sum, value, i) => sum + value * direction[i], 0);
      const difference = centralDifference(lossOnly, arrays, name, direction);
      const tolerance = 1e-6 * largest * Math.sqrt(gradient.length) + 1e-10;
      expect(Math.abs(slope - difference), `d${name} along a direction`).toBeLessThanOrEqual(tolerance);
    }
  }
}

/** The nodes that lead to the loss, which are those made before the gradients. */
function lossGraph(graph: Graph): Graph {
  const loss = graph.outputs.find(({ name }) => name === 'loss')!;
  const nodes = graph.nodes.slice(0, graph.nodes.indexOf(loss.tensor.node!) + 1);
  return Object.assign(Object.create(graph), { nodes, outputs: [loss] });
}

const differentiable = opCases.filter(({ op, noGradient }) => op.gradient && !noGradient);

describe('gradient rules', () => {
  it.each(differentiable.map((c) => [`${c.op.type}, ${c.name}`, c] as const))('%s', async (label, { op, draw }) => {
    for (let seed = 0; seed < DRAWS; seed++) {
      const random = createRandom('gradients', label, seed);
      const drawn = draw(random);
      try {
        const { graph, arrays, names } = gradientGraph(drawn, random);
        expectGradientsMatchDifferences(graph, arrays, names, random);
        await expectEngineMatchesOracle(graph, arrays);
      } catch (cause) {
        throw new Error(`${op.type} ${drawn.about}: ${(cause as Error).message}`, { cause });
      }
    }
  });
});
