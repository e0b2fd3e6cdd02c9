/** The graph that trains and the graph that is deployed are the same network, whatever runs them. */

import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/graph/evaluate.js';
import { Graph } from '../../src/graph/graph.js';
import { type NdArray, ndArray } from '../../src/graph/nd-array.js';
import { encodeModel } from '../../src/graph/onnx/encode.js';
import { elementCount } from '../../src/graph/shape.js';
import type { Architecture } from '../../src/networks/architecture.js';
import { deployGraph } from '../../src/networks/deploy-graph.js';
import { plainLayers } from '../../src/networks/layers/plain.js';
import { defaultAdamW } from '../../src/networks/optimiser.js';
import { parameterCount, sliceParameters } from '../../src/networks/parameters.js';
import { gramOutput } from '../../src/networks/tensor-names.js';
import { encodeTrainingGraph } from '../../src/networks/training-graph.js';
import { dropoutPlaces, featureLayers, unet, unetParameters } from '../../src/networks/unet.js';
import type { Value, Values } from '../../src/runtime/session.js';
import { expectAllClose, relativeError, runtime } from '../graph/support.js';
import { closedFormWeights, patchBuckets, patchFeeds, sequence } from './closed-form.js';

const three: Architecture = { kind: 'unet', dimensions: 3, channels: [4, 8] };

const imageOf = (batch: number, space: readonly number[]): Value => ({
  shape: [batch, 1, ...space],
  data: sequence(7, batch * elementCount(space)),
});

async function runDeployed(architecture: Architecture, image: Value): Promise<Record<string, Value>> {
  const session = await runtime.open(encodeModel(deployGraph(architecture, closedFormWeights(architecture))));
  const results = await session.run({ image });
  await session.release();
  return results;
}

/** Logits and feature maps in float64, from the flat vector as training has it. */
function runOracle(architecture: Architecture, image: Value): Record<string, NdArray> {
  const specs = unetParameters(architecture);
  const graph = new Graph();
  const flat = graph.input('weights', [parameterCount(specs)]);
  const input = graph.input('image', image.shape);
  const { logits, features } = unet(architecture, input, sliceParameters(specs, flat), plainLayers(input));
  graph.output('logits', logits);
  for (const [name, tensor] of features) graph.output(name, tensor);
  const weights = closedFormWeights(architecture);
  return evaluate(graph, { image: ndArray(image.shape, image.data), weights: ndArray([weights.length], weights) });
}

describe('the deploy graph', () => {
  it.each([
    ['of two stages', three, imageOf(2, [4, 6, 8])],
    ['of four stages, by rows', { ...three, channels: [2, 2, 3, 4] }, imageOf(2, [8, 16, 8])],
  ])('gives the logits and Gram matrices of the training network, %s', async (_, architecture, image) => {
    const found = await runDeployed(architecture, image);
    const expected = runOracle(architecture, image);
    const layers = featureLayers(architecture);
    expect(Object.keys(found)).toEqual(['logits', ...layers.map(({ name }) => gramOutput(name))]);
    const { shape, data } = found.logits;
    expectAllClose(ndArray(shape, data), expected.logits, 1e-5, 'logits');
    for (const { name, channels, stage, rowStep } of layers) {
      const features = expected[name];
      expect(features.shape, name).toEqual([2, channels, ...image.shape.slice(2).map((length) => length / 2 ** stage)]);
      const gram = found[gramOutput(name)];
      expectAllClose(ndArray(gram.shape, gram.data), gramOf(features, rowStep), 1e-5, gramOutput(name));
    }
  });

  /** Sums over the voxels of every `rowStep`-th row of products of channels, `[batch, 1, C, C]`. */
  function gramOf({ shape: [batch, channels, ...space], data }: NdArray, rowStep: number): NdArray {
    const voxels = elementCount(space);
    const [height, width] = space.slice(-2);
    const gram = ndArray([batch, 1, channels, channels]);
    for (let n = 0; n < batch; n++) {
      for (let i = 0; i < channels; i++) {
        for (let j = 0; j < channels; j++) {
          let sum = 0;
          for (let v = 0; v < voxels; v++) {
            if ((Math.floor(v / width) % height) % rowStep !== 0) continue;
            sum += data[(n * channels + i) * voxels + v] * data[(n * channels + j) * voxels + v];
          }
          gram.data[(n * channels + i) * channels + j] = sum;
        }
      }
    }
    return gram;
  }

  it('takes any batch and any size that the stride divides', async () => {
    const session = await runtime.open(encodeModel(deployGraph(three, closedFormWeights(three))));
    for (const [batch, ...space] of [
      [1, 8, 8, 8],
      [3, 2, 4, 6],
      [1, 16, 2, 10],
      [1, 2, 2, 2],
    ]) {
      const { logits, ...grams } = await session.run({ image: imageOf(batch, space) });
      expect(logits.shape).toEqual([batch, 1, ...space]);
      expect(logits.data.every(Number.isFinite)).toBe(true);
      for (const { name, channels } of featureLayers(three)) {
        expect(grams[gramOutput(name)].shape).toEqual([batch, 1, channels, channels]);
      }
    }
    await session.release();
  });

  it('treats the images of a batch one by one', async () => {
    const both = await runDeployed(three, imageOf(2, [4, 4, 4]));
    const { data } = imageOf(2, [4, 4, 4]);
    for (const i of [0, 1]) {
      const alone = await runDeployed(three, { shape: [1, 1, 4, 4, 4], data: data.slice(64 * i, 64 * (i + 1)) });
      for (const name of Object.keys(alone)) {
        const length = alone[name].data.length;
        const part = both[name].data.subarray(length * i, length * (i + 1));
        expect(relativeError(part, alone[name].data), name).toBeLessThan(1e-6);
      }
    }
  });
});

describe('the training graph', () => {
  const buckets = patchBuckets([
    [2, 4, 8, 6],
    [1, 8, 4, 4],
  ]);
  const options = { architecture: three, buckets, loss: 'ce+dice', optimiser: defaultAdamW, dropout: false } as const;
  const n = parameterCount(unetParameters(three));
  const scalar: Value = { shape: [1], data: Float32Array.of(0.1) };
  const zeros: Value = { shape: [n], data: new Float32Array(n) };
  const feeds: Values = {
    ...patchFeeds(buckets),
    weights: { shape: [n], data: closedFormWeights(three) },
    firstMoment: zeros,
    secondMoment: zeros,
    learningRate: scalar,
    correction1: scalar,
    correction2: scalar,
  };

  const step = async (dropout: boolean, masks: Values = {}): Promise<Record<string, Value>> => {
    const session = await runtime.open(encodeTrainingGraph({ ...options, dropout }));
    const results = await session.run({ ...feeds, ...masks });
    await session.release();
    return results;
  };

  /** Channel masks of every group and place. */
  const masksOf = (value: (place: string, channel: number) => number): Values =>
    Object.fromEntries(
      buckets.flatMap(({ name, batch, space }) =>
        dropoutPlaces(three).map(({ name: place, channels }) => {
          const data = Float32Array.from({ length: batch * channels }, (_, i) => value(place, i % channels));
          return [`dropout/${name}/${place}`, { shape: [batch, channels, ...space.map(() => 1)], data }];
        }),
      ),
    );

  it('has the loss and the Dice of the logits that the deploy graph gives', async () => {
    const results = await step(false);
    let loss = 0;
    for (const { name, batch } of buckets) {
      const { data: logits } = (await runDeployed(three, feeds[`image/${name}`])).logits;
      const { data: label } = feeds[`label/${name}`];
      const voxels = logits.length / batch;
      const dices = Array.from({ length: batch }, (_, image) => {
        let [overlap, total] = [0, 0];
        for (let i = image * voxels; i < (image + 1) * voxels; i++) {
          const p = 1 / (1 + Math.exp(-logits[i]));
          overlap += p * label[i];
          total += p + label[i];
        }
        return (2 * overlap + 1) / (total + 1);
      });
      expect(relativeError(results[`dice/${name}`].data, dices)).toBeLessThan(1e-5);
      const crossEntropy =
        logits.reduce((sum, z, i) => sum + Math.log1p(Math.exp(z)) - label[i] * z, 0) / logits.length;
      loss += (batch / 3) * (crossEntropy + 1 - dices.reduce((a, b) => a + b, 0) / batch);
    }
    expect(results.loss.data[0]).toBeCloseTo(loss, 5);
  });

  it('is the same with dropout masks of one', async () => {
    const [plain, masked] = [
      await step(false),
      await step(
        true,
        masksOf(() => 1),
      ),
    ];
    expect(relativeError(masked['weights/next'].data, plain['weights/next'].data)).toBeLessThan(1e-4);
    expect(masked.loss.data[0]).toBeCloseTo(plain.loss.data[0], 6);
  });

  it('drops the channels that a mask says: what made them learns nothing', async () => {
    const plain = await step(false);
    const masked = await step(
      true,
      masksOf((_, channel) => (channel === 3 ? 0 : 8 / 7)),
    );
    expect(masked.loss.data[0]).not.toBeCloseTo(plain.loss.data[0], 4);
    let start = 0;
    for (const { name, shape } of unetParameters(three)) {
      const length = elementCount(shape);
      const gradient = masked['firstMoment/next'].data.subarray(start, start + length);
      start += length;
      if (name !== 'encoder1.norm1.scale') continue;
      const learns = Array.from(gradient, (value) => value !== 0);
      expect(learns).toEqual(learns.map((_, channel) => channel !== 3));
    }
  });
});
