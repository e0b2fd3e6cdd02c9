/** Every gradient rule: the oracle's gradient against central differences, and the engine's against the oracle's. */
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/graph/evaluate.js';
import { gradients } from '../../src/graph/gradients.js';
import type { Graph } from '../../src/graph/graph.js';
import { ndArray } from '../../src/graph/nd-array.js';
import { reduceSum } from '../../src/graph/ops/broadcast.js';
import { conv, convTranspose } from '../../src/graph/ops/conv.js';
import { add, exp, mul, reduceMean, relu, softplus, sub } from '../../src/graph/ops/elementwise.js';
import { instanceNorm } from '../../src/graph/ops/instance-norm.js';
import { concat } from '../../src/graph/ops/shape.js';
import { fixedShape } from '../../src/graph/shape.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { createRandom, type Random } from '../../src/math/random.js';
import { opCases, type Use } from './op-cases.js';
import { type Arrays, awayFromZero, expectEngineMatchesOracle, graphOf, normalArray } from './support.js';

const DRAWS = 5;
const STEP = 1e-4;

interface GradientGraph {
  /** Outputs `loss` and, for each parameter, `d<name>`. */
  readonly graph: Graph;
  readonly arrays: Arrays;
  readonly parameters: readonly string[];
}

/** A graph of gradients: the loss is what `build` makes of the inputs, the parameters are all inputs. */
function gradientGraph(inputs: Arrays, build: (x: Readonly<Record<string, Tensor>>) => Tensor): GradientGraph {
  const { graph, tensors } = graphOf(inputs);
  const loss = build(tensors);
  const parameters = Object.keys(inputs);
  const found = gradients(
    loss,
    parameters.map((name) => tensors[name]),
  );
  graph.output('loss', loss);
  for (const [i, name] of parameters.entries()) graph.output(`d${name}`, found[i]);
  return { graph, arrays: inputs, parameters };
}

/** The gradients of a randomly weighted sum of a use's result. */
function gradientsOfUse({ inputs, build }: Use, random: Random): GradientGraph {
  let upstream = ndArray([]);
  const result = gradientGraph(inputs, (x) => {
    const y = build(x);
    // Weights around 1, so that sums do not cancel to nothing in float32.
    upstream = normalArray(random, fixedShape(y.shape, 'result'), 1, 1);
    return reduceSum(mul(y, y.graph.input('upstream', y.shape)));
  });
  return { ...result, arrays: { ...inputs, upstream } };
}

/** The same graph with some of its outputs, and the nodes that lead to them. */
function withOutputs(graph: Graph, wanted: (name: string) => boolean): Graph {
  const outputs = graph.outputs.filter(({ name }) => wanted(name));
  const last = Math.max(...outputs.map(({ tensor }) => (tensor.node ? graph.nodes.indexOf(tensor.node) : -1)));
  return Object.assign(Object.create(graph), { nodes: graph.nodes.slice(0, last + 1), outputs });
}

/** Central difference of fourth order of the loss along a direction of one parameter. */
function centralDifference(graph: Graph, arrays: Arrays, name: string, direction: Float64Array): number {
  const { shape, data } = arrays[name];
  const at = (step: number) => {
    const moved = data.map((value, i) => value + step * direction[i]);
    return evaluate(graph, { ...arrays, [name]: ndArray(shape, moved) }).loss.data[0];
  };
  return (8 * (at(STEP) - at(-STEP)) - (at(2 * STEP) - at(-2 * STEP))) / (12 * STEP);
}

/** Moves `places` values of each parameter on their own, and all of them together along a random direction. */
function expectGradientsMatchDifferences(
  { graph, arrays, parameters }: GradientGraph,
  random: Random,
  places = 10,
): void {
  const found = evaluate(graph, arrays);
  const lossOnly = withOutputs(graph, (name) => name === 'loss');
  for (const name of parameters) {
    const gradient = found[`d${name}`].data;
    expect(found[`d${name}`].shape, `d${name}`).toEqual(arrays[name].shape);
    const largest = gradient.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const some = random.shuffle(Array.from(gradient.keys())).slice(0, places);
    const directions: Float64Array[] = some.map((i) => new Float64Array(gradient.length).with(i, 1));
    directions.push(awayFromZero(random, [gradient.length], 0.2, 1).data);
    for (const direction of directions) {
      const slope = gradient.reduce((sum, value, i) => sum + value * direction[i], 0);
      const length = Math.hypot(...direction);
      const difference = centralDifference(lossOnly, arrays, name, direction);
      expect(Math.abs(slope - difference), `d${name} against differences`).toBeLessThanOrEqual(
        1e-6 * largest * length + 1e-10,
      );
    }
  }
}

/** The engine is asked for the gradients alone: a loss may cancel to nothing, which float32 cannot follow. */
const expectEngineMatches = ({ graph, arrays }: GradientGraph, tolerance?: number) =>
  expectEngineMatchesOracle(
    withOutputs(graph, (name) => name !== 'loss'),
    arrays,
    tolerance,
  );

describe('gradient rules', () => {
  const cases = opCases.filter(({ op, noGradient }) => op.gradient && !noGradient);
  it.each(cases.map((c) => [`${c.op.type}, ${c.name}`, c] as const))('%s', async (label, { draw }) => {
    for (let seed = 0; seed < DRAWS; seed++) {
      const random = createRandom('gradients', label, seed);
      const use = draw(random);
      try {
        const subject = gradientsOfUse(use, random);
        expectGradientsMatchDifferences(subject, random);
        await expectEngineMatches(subject);
      } catch (cause) {
        throw new Error(`${label} ${use.about}: ${(cause as Error).message}`, { cause });
      }
    }
  });
});

describe.each([conv, convTranspose])('every geometry of $name along one axis', (operation) => {
  const sizes = [1, 2, 3].flatMap((kernel) => [1, 2, 3].map((stride) => ({ kernel, stride })));
  it.each(sizes)('kernel $kernel, stride $stride', async ({ kernel, stride }) => {
    const random = createRandom('geometries', operation.name, kernel, stride);
    const geometries = [1, 2].flatMap((dilation) =>
      [0, 1, 2].flatMap((start) =>
        [0, 1].flatMap((end) => [5, 6, 7].map((length) => ({ dilation, pads: [start, end], length }))),
      ),
    );
    const parts = geometries.map(({ dilation, pads, length }, i) => {
      const options = { strides: [stride], dilations: [dilation], pads, outputPadding: [i % stride] };
      return {
        about: JSON.stringify({ ...options, length }),
        inputs: { [`x${i}`]: normalArray(random, [1, 2, length]), [`w${i}`]: normalArray(random, [2, 2, kernel]) },
        build(x: Readonly<Record<string, Tensor>>) {
          const y = operation(x[`x${i}`], x[`w${i}`], options);
          return reduceMean(mul(y, y));
        },
      };
    });
    for (const { about, inputs, build } of parts) {
      try {
        expectGradientsMatchDifferences(gradientGraph(inputs, build), random, 2);
      } catch (cause) {
        throw new Error(`${about}: ${(cause as Error).message}`, { cause });
      }
    }
    // One graph for all, so that the engine opens a single session.
    const inputs = Object.assign({}, ...parts.map((part) => part.inputs));
    await expectEngineMatches(gradientGraph(inputs, (x) => parts.map(({ build }) => build(x)).reduce(add)));
  });
});

describe('gradients', () => {
  const random = createRandom('gradients');

  it('adds up over all uses of a tensor', () => {
    const { graph, arrays } = gradientGraph({ a: ndArray([2], [3, -5]) }, ({ a }) =>
      reduceSum(add(mul(a, a), mul(a, a))),
    );
    expect(Array.from(evaluate(graph, arrays).da.data)).toEqual([12, -20]);
  });

  it('can be taken of tensors inside the graph, and of the loss itself', () => {
    const { graph, tensors } = graphOf({ a: ndArray([2]) });
    const inner = mul(tensors.a, tensors.a);
    const loss = reduceSum(mul(inner, inner));
    gradients(loss, [inner, loss]).forEach((gradient, i) => {
      graph.output(['inner', 'itself'][i], gradient);
    });
    const found = evaluate(graph, { a: ndArray([2], [3, 1]) });
    expect(Array.from(found.inner.data)).toEqual([18, 2]);
    expect(found.itself).toEqual(ndArray([1], [1]));
  });

  it('computes no gradient that nobody asked for', () => {
    const { graph, tensors } = graphOf({ x: normalArray(random, [1, 2, 8, 8]), w: normalArray(random, [3, 2, 2, 2]) });
    const loss = reduceSum(conv(tensors.x, tensors.w, { strides: [2, 2] }));
    gradients(loss, [tensors.w]);
    // The image's gradient would be a transposed convolution.
    expect(graph.nodes.map(({ op }) => op.type)).not.toContain('ConvTranspose');
  });

  it('survive float32 where a channel is constant and far from zero, as air is', async () => {
    const x = normalArray(random, [2, 2, 6, 7, 5], 0.5);
    x.data.fill(Math.fround(-20.3), 0, 6 * 7 * 5);
    const inputs: Arrays = {
      x,
      scale: awayFromZero(random, [2]),
      shift: normalArray(random, [2]),
      upstream: normalArray(random, x.shape),
    };
    const normalised = gradientGraph(inputs, (t) => reduceSum(mul(instanceNorm(t.x, t.scale, t.shift), t.upstream)));
    // The mean itself is rounded to 1 in 10^7, and the norm of that channel is 1/sqrt(epsilon) times as steep.
    await expectEngineMatches(normalised, 1e-2);
  });

  describe.each([2, 3])('of a small U-Net in %iD', (rank) => {
    const all = <T>(value: T) => new Array<T>(rank).fill(value);
    const weight = (out: number, into: number, k: number) => normalArray(random, [out, into, ...all(k)], 0.4);
    const inputs: Arrays = {
      image: normalArray(random, [2, 1, ...all(4)]),
      first: weight(3, 1, 3),
      scale: awayFromZero(random, [3], 0.5, 1.5),
      shift: normalArray(random, [3]),
      down: weight(4, 3, 2),
      downBias: normalArray(random, [4]),
      deep: weight(4, 4, 3),
      up: weight(4, 3, 2),
      last: weight(1, 6, 1),
    };
    const network = (activation: (x: Tensor) => Tensor) => (x: Readonly<Record<string, Tensor>>) => {
      const padded = { pads: all(1).concat(all(1)) };
      const halved = { strides: all(2) };
      const skip = activation(instanceNorm(conv(x.image, x.first, padded), x.scale, x.shift));
      const deep = activation(conv(conv(skip, x.down, halved, x.downBias), x.deep, padded));
      const logits = conv(concat([skip, convTranspose(deep, x.up, halved)], 1), x.last);
      const bell = exp(mul(mul(logits, logits), logits.graph.scalar(-0.5)));
      return add(reduceMean(sub(softplus(logits), mul(logits, x.image))), reduceMean(bell));
    };

    it('agree with differences where it is smooth', () => {
      expectGradientsMatchDifferences(gradientGraph(inputs, network(softplus)), random, 4);
    });

    it('agree between engine and oracle', async () => {
      await expectEngineMatches(gradientGraph(inputs, network(relu)));
    });
  });
});
