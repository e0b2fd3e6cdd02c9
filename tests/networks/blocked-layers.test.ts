/** Layers on blocked kernels compute what the plain layers do, forward and backward. */
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../src/errors.js';
import { evaluate } from '../../src/graph/evaluate.js';
import { ndArray } from '../../src/graph/nd-array.js';
import { encodeModel } from '../../src/graph/onnx/encode.js';
import { elementCount } from '../../src/graph/shape.js';
import type { Architecture } from '../../src/networks/architecture.js';
import { deployGraph, windowGraph } from '../../src/networks/deploy-graph.js';
import { blockedLayers } from '../../src/networks/layers/blocked.js';
import { chooseLayers } from '../../src/networks/layers/choose-layers.js';
import type { LayersFactory } from '../../src/networks/layers/layers.js';
import { plainLayers } from '../../src/networks/layers/plain.js';
import { defaultAdamW } from '../../src/networks/optimiser.js';
import { trainingGraph } from '../../src/networks/training-graph.js';
import { dropoutPlaces } from '../../src/networks/unet.js';
import type { Value } from '../../src/runtime/session.js';
import { relativeError, runtime } from '../graph/support.js';
import { closedFormWeights, patchBuckets, patchFeeds, sequence } from './closed-form.js';

const straight: Architecture = { kind: 'unet', dimensions: 3, channels: [8, 16] };
const deep: Architecture = { ...straight, channels: [8, 16, 24] };

/** One training step of two patches: its graph and what is fed. */
function trainingStep(architecture: Architecture, layers: LayersFactory, space: readonly number[]) {
  const buckets = patchBuckets([[2, ...space]]);
  const graph = trainingGraph({
    architecture,
    buckets,
    loss: 'ce+dice',
    optimiser: defaultAdamW,
    dropout: true,
    layers,
  });
  const weights = closedFormWeights(architecture);
  const vector = (data: Float32Array) => ({ shape: [data.length], data });
  const masks: [string, Value][] = dropoutPlaces(architecture).map(({ name, channels }, i) => {
    const data = sequence(900 + i, 2 * channels).map((value) => (value > 0 ? 1.25 : 0));
    return [`dropout/${buckets[0].name}/${name}`, { shape: [2, channels, 1, 1, 1], data }];
  });
  const feeds: Record<string, Value> = {
    ...patchFeeds(buckets),
    ...Object.fromEntries(masks),
    weights: vector(weights),
    firstMoment: vector(new Float32Array(weights.length)),
    secondMoment: vector(new Float32Array(weights.length)),
    learningRate: vector(Float32Array.of(1e-3)),
    correction1: vector(Float32Array.of(0.1)),
    correction2: vector(Float32Array.of(0.01)),
  };
  return { graph, feeds };
}

/** The outputs of the step in float64, by the oracle. */
function step(...what: Parameters<typeof trainingStep>) {
  const { graph, feeds } = trainingStep(...what);
  return evaluate(
    graph,
    Object.fromEntries(Object.entries(feeds).map(([name, { shape, data }]) => [name, ndArray(shape, data)])),
  );
}

/** The outputs of the step, by the engine. */
async function stepOnEngine(...what: Parameters<typeof trainingStep>) {
  const { graph, feeds } = trainingStep(...what);
  const session = await runtime.open(encodeModel(graph));
  const results = await session.run(feeds);
  await session.release();
  return results;
}

describe('one training step', () => {
  it.each([
    ['two stages', straight, [4, 6, 8]],
    ['one convolution at full resolution, three at half', { ...straight, convolutions: [1, 3] }, [4, 6, 8]],
    ['three stages', deep, [8, 4, 12]],
    ['a single slice at half resolution', straight, [2, 6, 4]],
  ])('is the same on blocked layers, %s', (_, architecture, space) => {
    const expected = step(architecture, plainLayers, space);
    const found = step(architecture, blockedLayers(8), space);
    expect(Object.keys(found)).toEqual(Object.keys(expected));
    // The first moment is the clipped gradient, up to a factor: every weight's gradient is compared.
    for (const [name, { data }] of Object.entries(expected))
      expect(relativeError(found[name].data, data), name).toBeLessThan(1e-9);
  });
});

describe('the chosen layers on the engine', () => {
  it.each([
    ['three stages', { ...straight, channels: [16, 32, 64] }, [16, 24, 32]],
    ['two stages', { ...straight, channels: [32, 48] }, [24, 16, 20]],
    ['four stages, Gram matrices by rows', { ...straight, channels: [16, 16, 32, 32] }, [8, 16, 24]],
    ['one convolution at full resolution', { ...straight, channels: [16, 32], convolutions: [1] }, [8, 16, 20]],
  ] satisfies [string, Architecture, number[]][])(
    'agree with the plain deploy graph, %s',
    async (_, architecture, space) => {
      const weights = closedFormWeights(architecture);
      const image = { shape: [2, 1, ...space], data: sequence(5, 2 * elementCount(space)) };
      const { layers } = await chooseLayers(architecture, runtime);
      const [plain, fast] = await Promise.all(
        [deployGraph(architecture, weights), windowGraph(architecture, weights, image.shape, layers)].map(
          async (graph) => {
            const session = await runtime.open(encodeModel(graph));
            const results = await session.run({ image });
            await session.release();
            return results;
          },
        ),
      );
      for (const [name, { data, shape }] of Object.entries(plain)) {
        expect(fast[name].shape, name).toEqual(shape);
        expect(relativeError(fast[name].data, data), name).toBeLessThan(1e-4);
      }
    },
  );

  it.each([
    ['stacks of less than a block of slices', [4, 8, 12]],
    ['stacks of whole blocks', [16, 8, 8]],
    ['stacks of whole blocks and a rest', [20, 8, 8]],
  ])('train as the plain ones do, %s', async (_, space) => {
    const architecture: Architecture = { ...straight, channels: [16, 32] };
    const { name, layers } = await chooseLayers(architecture, runtime);
    expect(name).toMatch(/^blocked/);
    const expected = await stepOnEngine(architecture, plainLayers, space);
    const found = await stepOnEngine(architecture, layers, space);
    // Rounding turns the ReLU of a value next to zero, and with it the gradients of its surroundings.
    for (const [name, { data }] of Object.entries(expected))
      expect(relativeError(found[name].data, data), name).toBeLessThan(1e-2);
  });

  it('are the plain ones for an engine that lacks blocked kernels, and for channels that do not fit', async () => {
    const without = {
      ...runtime,
      name: 'without',
      open: () => Promise.reject(new EngineError({ problem: 'no such operator' })),
    };
    expect((await chooseLayers(straight, without)).name).toBe('plain');
    expect((await chooseLayers({ ...straight, channels: [6, 12] }, runtime)).name).toBe('plain');
  });

  it('are the plain ones, without a trial, where the engine would compute others on another device', async () => {
    const elsewhere = {
      ...runtime,
      device: 'webgpu' as const,
      capabilities: { blockedKernels: false },
      open: () => Promise.reject(new Error('asked for a session')),
    };
    expect((await chooseLayers({ ...straight, channels: [16, 32] }, elsewhere)).name).toBe('plain');
  });

  it('are the plain ones where an engine computes something else under the same names', async () => {
    const wrong = {
      ...runtime,
      name: 'wrong',
      open: async (model: Uint8Array) => {
        const session = await runtime.open(model);
        return {
          run: async (feeds: Parameters<typeof session.run>[0]) => {
            const results = await session.run(feeds);
            for (const { data } of Object.values(results)) data[0] += 1;
            return results;
          },
          release: () => session.release(),
        };
      },
    };
    expect((await chooseLayers({ ...straight, channels: [16, 32] }, wrong)).name).toBe('plain');
  });
});
