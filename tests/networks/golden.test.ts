/** The network's losses, gradients and updates against PyTorch (golden.py writes golden.json). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/graph/evaluate.js';
import { Graph } from '../../src/graph/graph.js';
import { ndArray } from '../../src/graph/nd-array.js';
import { encodeModel } from '../../src/graph/onnx/encode.js';
import type { Architecture } from '../../src/networks/architecture.js';
import type { LossName } from '../../src/networks/losses.js';
import { type AdamWSettings, adamW, defaultAdamW } from '../../src/networks/optimiser.js';
import { encodeTrainingGraph, trainingGraph } from '../../src/networks/training-graph.js';
import { unetParameters } from '../../src/networks/unet.js';
import type { Value, Values } from '../../src/runtime/session.js';
import { runtime } from '../graph/support.js';
import { closedFormWeights, patchBuckets, patchFeeds, sequence } from './closed-form.js';

interface GradientCase {
  readonly channels: number[];
  readonly groups: number[][];
  /** Where the patches' sequence starts. */
  readonly start: number;
  readonly loss: LossName;
  readonly value: number;
  readonly gradients: Readonly<Record<string, { norm: number; samples: Readonly<Record<string, number>> }>>;
}

interface Golden {
  readonly gradients: readonly GradientCase[];
  readonly optimiser: {
    readonly length: number;
    readonly decayed: number;
    readonly steps: readonly { rate: number; size: number; norm: number; weights: number[] }[];
  };
  readonly training: {
    readonly channels: number[];
    readonly groups: number[][];
    readonly rate: number;
    readonly maximumNorm: number;
    readonly losses: number[];
    readonly norms: number[];
  };
}

const golden: Golden = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8'));

/** With such settings the first moment after one step is the gradient itself. */
const bareGradient: AdamWSettings = { ...defaultAdamW, beta1: 0, maximumNorm: 1e9 };

const scalar = (value: number): Value => ({ shape: [1], data: Float32Array.of(value) });
const vector = (data: Float32Array): Value => ({ shape: [data.length], data });
const architectureOf = (channels: number[]): Architecture => ({ kind: 'unet', dimensions: 3, channels });

function stateFeeds(weights: Float32Array, step: number, rate: number, settings: AdamWSettings) {
  return {
    learningRate: scalar(rate),
    correction1: scalar(1 - settings.beta1 ** step),
    correction2: scalar(1 - settings.beta2 ** step),
    weights: vector(weights),
  };
}

describe('the training graph', () => {
  const cases = golden.gradients.map((one, i) => {
    const shapes = one.groups.map((group) => group.join('x')).join(' + ');
    return [`${one.loss}, ${one.channels.join('-')} channels, ${shapes}`, one, i] as const;
  });

  it.each(cases)('gives the loss and the gradients of PyTorch: %s', async (_, one, i) => {
    const architecture = architectureOf(one.channels);
    const buckets = patchBuckets(one.groups);
    const options = { architecture, buckets, loss: one.loss, optimiser: bareGradient, dropout: false };
    const weights = closedFormWeights(architecture);
    const zeros = vector(new Float32Array(weights.length));
    const feeds: Values = {
      ...patchFeeds(buckets, one.start),
      ...stateFeeds(weights, 1, 1e-3, bareGradient),
      firstMoment: zeros,
      secondMoment: zeros,
    };
    const session = await runtime.open(encodeTrainingGraph(options));
    const byEngine = await session.run(feeds);
    await session.release();
    expectGradients(one, byEngine, 1e-4);
    // The oracle tells a wrong formula from rounding, but it is slow: one 2D and one 3D case are enough. Its constants
    // are float32.
    if (i === 0 || i === 2) {
      const inputs = Object.entries(feeds).map(([name, { shape, data }]) => [name, ndArray(shape, data)] as const);
      expectGradients(one, evaluate(trainingGraph(options), Object.fromEntries(inputs)), 1e-6);
    }
  });

  function expectGradients(
    one: GradientCase,
    results: Readonly<Record<string, { readonly data: ArrayLike<number> }>>,
    tolerance: number,
  ): void {
    expect(Math.abs(results.loss.data[0] / one.value - 1)).toBeLessThan(tolerance);
    const specs = unetParameters(architectureOf(one.channels));
    expect(specs.map(({ name }) => name)).toEqual(Object.keys(one.gradients));
    let start = 0;
    let squares = 0;
    for (const { name, shape } of specs) {
      const length = shape.reduce((a, b) => a * b, 1);
      const gradient = Float64Array.from({ length }, (_, k) => results['firstMoment/next'].data[start + k]);
      const { norm, samples } = one.gradients[name];
      expect(Math.abs(Math.hypot(...gradient) / norm - 1), `norm of ${name}`).toBeLessThan(tolerance);
      for (const [index, value] of Object.entries(samples)) {
        const error = Math.abs(gradient[Number(index)] - value) / (norm / Math.sqrt(length));
        expect(error, `${name}[${index}]`).toBeLessThan(tolerance);
      }
      start += length;
      squares += norm ** 2;
    }
    expect(Math.abs(results.gradientNorm.data[0] / Math.sqrt(squares) - 1)).toBeLessThan(tolerance);
  }

  it('takes the steps that PyTorch takes: 20 losses and gradient norms', async () => {
    const { channels, groups: shapes, rate, maximumNorm, losses, norms } = golden.training;
    const architecture = architectureOf(channels);
    const buckets = patchBuckets(shapes);
    const optimiser = { ...defaultAdamW, maximumNorm };
    const session = await runtime.open(
      encodeTrainingGraph({ architecture, buckets, loss: 'ce+dice', optimiser, dropout: false }),
    );
    const patches = patchFeeds(buckets);
    let weights = closedFormWeights(architecture);
    let firstMoment: Float32Array = new Float32Array(weights.length);
    let secondMoment = firstMoment;
    for (const [i, loss] of losses.entries()) {
      // Somewhere on the way an activation may cross ReLU's kink by rounding, hence the wider tolerance.
      const results = await session.run({
        ...patches,
        ...stateFeeds(weights, i + 1, rate, optimiser),
        firstMoment: vector(firstMoment),
        secondMoment: vector(secondMoment),
      });
      expect(Math.abs(results.loss.data[0] / loss - 1), `loss of step ${i + 1}`).toBeLessThan(1e-3);
      expect(Math.abs(results.gradientNorm.data[0] / norms[i] - 1), `norm of step ${i + 1}`).toBeLessThan(1e-2);
      weights = results['weights/next'].data;
      firstMoment = results['firstMoment/next'].data;
      secondMoment = results['secondMoment/next'].data;
    }
    await session.release();
  });
});

describe('adamW', () => {
  it('updates as torch.optim.AdamW after clip_grad_norm_, over three steps', async () => {
    const { length, decayed, steps } = golden.optimiser;
    const graph = new Graph();
    const input = (name: string, n = length) => graph.input(name, [n]);
    const mask = Float32Array.from({ length }, (_, i) => (i < decayed ? 1 : 0));
    const next = adamW(
      {
        weights: input('weights'),
        gradient: input('gradient'),
        firstMoment: input('firstMoment'),
        secondMoment: input('secondMoment'),
        decayMask: graph.constant('decayMask', [length], mask),
        learningRate: input('learningRate', 1),
        correction1: input('correction1', 1),
        correction2: input('correction2', 1),
      },
      defaultAdamW,
    );
    for (const [name, tensor] of Object.entries(next)) graph.output(`next/${name}`, tensor);
    const session = await runtime.open(encodeModel(graph));
    let weights = sequence(0, length);
    let firstMoment: Float32Array = new Float32Array(length);
    let secondMoment = firstMoment;
    for (const [i, { rate, size, norm, weights: expected }] of steps.entries()) {
      const results = await session.run({
        ...stateFeeds(weights, i + 1, rate, defaultAdamW),
        gradient: vector(sequence(1000 * (i + 1), length).map((value) => value * size)),
        firstMoment: vector(firstMoment),
        secondMoment: vector(secondMoment),
      });
      expect(results['next/gradientNorm'].data[0]).toBeCloseTo(norm, 3);
      weights = results['next/weights'].data;
      firstMoment = results['next/firstMoment'].data;
      secondMoment = results['next/secondMoment'].data;
      weights.forEach((weight, k) => {
        expect(Math.abs(weight - expected[k]), `weight ${k} after step ${i + 1}`).toBeLessThan(2e-6);
      });
    }
    await session.release();
  });
});
