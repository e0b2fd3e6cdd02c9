/** A network of several logits: its losses, its gradients, and that it learns. */
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/graph/evaluate.js';
import { gradients } from '../../src/graph/gradients.js';
import { Graph } from '../../src/graph/graph.js';
import { type NdArray, ndArray } from '../../src/graph/nd-array.js';
import { encodeModel } from '../../src/graph/onnx/encode.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { createRandom } from '../../src/math/random.js';
import type { Architecture } from '../../src/networks/architecture.js';
import { deployGraph, windowGraph } from '../../src/networks/deploy-graph.js';
import { blockedLayers } from '../../src/networks/layers/blocked.js';
import { chooseLayers } from '../../src/networks/layers/choose-layers.js';
import { plainLayers } from '../../src/networks/layers/plain.js';
import { lossNames, segmentationLoss } from '../../src/networks/losses.js';
import { defaultAdamW } from '../../src/networks/optimiser.js';
import { initialWeights } from '../../src/networks/parameters.js';
import { trainingGraph } from '../../src/networks/training-graph.js';
import { unetParameters } from '../../src/networks/unet.js';
import { relativeError, runtime } from '../graph/support.js';

const HEADS = 3;
const shape = [2, HEADS, 2, 3, 2];
const voxels = 12;
const random = createRandom('structures');

/** Image 0 has all three structures, the second not annotated; image 1 is of a task of two. */
const masks = { present: [1, 1, 1, 1, 1, 0], annotated: [1, 0, 1, 1, 1, 0] };
const logits = Float64Array.from({ length: 2 * HEADS * voxels }, () => 2 * random.normal());
const classes = Array.from(
  { length: 2 * voxels },
  (_, i) => [0, 1, 3, 0, 1, 2][(i < voxels ? 0 : 3) + random.integer(3)],
);
const label = Float64Array.from(logits, (_, i) => {
  const [image, head, voxel] = [Math.floor(i / (HEADS * voxels)), Math.floor(i / voxels) % HEADS, i % voxels];
  return classes[image * voxels + voxel] === head + 1 ? 1 : 0;
});

const feeds: Record<string, NdArray> = {
  logits: ndArray(shape, logits),
  label: ndArray(shape, label),
  present: ndArray([2, HEADS, 1, 1, 1], Float64Array.from(masks.present)),
  annotated: ndArray([2, HEADS, 1, 1, 1], Float64Array.from(masks.annotated)),
};

function lossGraph(
  name: (typeof lossNames)[number],
  build: (loss: Tensor, dice: Tensor, x: Tensor, graph: Graph) => void,
) {
  const graph = new Graph();
  const x = graph.input('logits', shape);
  const y = graph.input('label', shape);
  const [present, annotated] = ['present', 'annotated'].map((mask) => graph.input(mask, [2, HEADS, 1, 1, 1]));
  const { loss, dice } = segmentationLoss(name, x, y, { structures: { present, annotated } });
  build(loss, dice, x, graph);
  return graph;
}

/** The same by plain loops: cross-entropy over a task's structures, Dice over the annotated ones. */
function expected(values: Float64Array): { ce: number; dice: number[] } {
  let ce = 0;
  const dice = [0, 1].map((image) => {
    const at = (mask: number[], k: number) => mask[image * HEADS + k] === 1;
    const sums = Array.from({ length: HEADS }, () => ({ overlap: 0, total: 0 }));
    for (let v = 0; v < voxels; v++) {
      const e = [0, 1, 2].map((k) => (at(masks.present, k) ? Math.exp(values[(image * HEADS + k) * voxels + v]) : 0));
      const sum = 1 + e[0] + e[1] + e[2];
      const right = classes[image * voxels + v];
      const hidden = [0, 1, 2].filter((k) => at(masks.present, k) && !at(masks.annotated, k));
      const background = (1 + hidden.reduce((s, k) => s + e[k], 0)) / sum;
      ce -= Math.log(right === 0 ? background : e[right - 1] / sum) / (2 * voxels);
      for (const k of [0, 1, 2]) {
        sums[k].overlap += right === k + 1 ? e[k] / sum : 0;
        sums[k].total += e[k] / sum + (right === k + 1 ? 1 : 0);
      }
    }
    const scores = sums.flatMap(({ overlap, total }, k) =>
      at(masks.annotated, k) ? (2 * overlap + 1) / (total + 1) : [],
    );
    return scores.reduce((a, b) => a + b, 0) / scores.length;
  });
  return { ce, dice };
}

describe('losses of several structures', () => {
  it('are a softmax cross-entropy and a Dice a structure, without those that are absent or not annotated', () => {
    const { ce, dice } = expected(logits);
    const diceLoss = 1 - (dice[0] + dice[1]) / 2;
    for (const [name, value] of [
      ['ce', ce],
      ['dice', diceLoss],
      ['ce+dice', ce + diceLoss],
    ] as const) {
      const found = evaluate(
        lossGraph(name, (loss, ofImages, _x, graph) => {
          graph.output('loss', loss);
          graph.output('dice', ofImages);
        }),
        feeds,
      );
      expect(found.loss.data[0]).toBeCloseTo(value, 6);
      expect(found.dice.data[0]).toBeCloseTo(dice[0], 6);
      expect(found.dice.data[1]).toBeCloseTo(dice[1], 6);
    }
  });

  it.each(lossNames)('have the gradient of central differences, %s, in the oracle as in the engine', async (name) => {
    const graph = lossGraph(name, (loss, _dice, x, g) => {
      g.output('loss', loss);
      g.output('gradient', gradients(loss, [x])[0]);
    });
    const { gradient } = evaluate(graph, feeds);
    const h = 1e-5;
    for (let i = 0; i < logits.length; i += 5) {
      const [up, down] = [h, -h].map((step) => {
        const moved = logits.with(i, logits[i] + step);
        return evaluate(graph, { ...feeds, logits: ndArray(shape, moved) }).loss.data[0];
      });
      expect(gradient.data[i]).toBeCloseTo((up - down) / (2 * h), 8);
    }
    // A logit of a structure that the task does not have learns nothing.
    expect(gradient.data.slice(5 * voxels).every((value) => value === 0)).toBe(true);
    const session = await runtime.open(encodeModel(graph));
    const values = Object.entries(feeds).map(([key, array]) => [
      key,
      { shape: array.shape, data: Float32Array.from(array.data) },
    ]);
    const found = await session.run(Object.fromEntries(values));
    await session.release();
    expect(relativeError(found.gradient.data, gradient.data)).toBeLessThan(1e-5);
  });
});

const architecture: Architecture = { kind: 'unet', dimensions: 3, channels: [8, 16], heads: HEADS };

describe('a network of three logits', () => {
  it('gives the same logits by plain and by blocked layers', async () => {
    const weights = initialWeights(unetParameters(architecture), 1);
    const image = { shape: [2, 1, 4, 6, 8], data: Float32Array.from({ length: 2 * 192 }, () => random.normal()) };
    const run = async (graph: Graph) => {
      const session = await runtime.open(encodeModel(graph));
      const { logits: found } = await session.run({ image });
      await session.release();
      return found;
    };
    const plain = await run(deployGraph(architecture, weights));
    expect(plain.shape).toEqual([2, HEADS, 4, 6, 8]);
    const { name } = await chooseLayers(architecture, runtime);
    if (name !== 'plain') {
      const blocked = await run(windowGraph(architecture, weights, image.shape, blockedLayers(8)));
      expect(blocked.shape).toEqual(plain.shape);
      expect(relativeError(blocked.data, plain.data)).toBeLessThan(1e-5);
    }
  });

  it('has whole-step gradients that agree with central differences of the loss', () => {
    const small: Architecture = { ...architecture, channels: [2, 3] };
    const specs = unetParameters(small);
    const weights = Float64Array.from(initialWeights(specs, 2));
    const buckets = [{ name: 'g', batch: 1, space: [2, 4, 2] }];
    // With such settings the first moment after one step is the gradient.
    const optimiser = { ...defaultAdamW, beta1: 0, maximumNorm: 1e9 };
    const graph = trainingGraph({
      architecture: small,
      buckets,
      loss: 'ce+dice',
      optimiser,
      dropout: false,
      layers: plainLayers,
    });
    const vector = (data: Float64Array) => ndArray([data.length], data);
    const one = vector(Float64Array.of(1));
    const inputs = {
      'image/g': ndArray(
        [1, 1, 2, 4, 2],
        Float64Array.from({ length: 16 }, () => random.normal()),
      ),
      'label/g': ndArray(
        [1, HEADS, 2, 4, 2],
        Float64Array.from({ length: 48 }, (_, i) => (i % 16 === Math.floor(i / 16) ? 1 : 0)),
      ),
      'present/g': ndArray([1, HEADS, 1, 1, 1], Float64Array.of(1, 1, 1)),
      'annotated/g': ndArray([1, HEADS, 1, 1, 1], Float64Array.of(1, 1, 1)),
      firstMoment: vector(new Float64Array(weights.length)),
      secondMoment: vector(new Float64Array(weights.length)),
      learningRate: one,
      correction1: one,
      correction2: one,
    };
    const at = (w: Float64Array) => evaluate(graph, { ...inputs, weights: vector(w) });
    const gradient = at(weights)['firstMoment/next'].data;
    const head = weights.length - HEADS - 2 * HEADS;
    for (const i of [0, 30, head, head + 3, weights.length - 1]) {
      const [up, down] = [1e-5, -1e-5].map((h) => at(weights.with(i, weights[i] + h)).loss.data[0]);
      expect(gradient[i]).toBeCloseTo((up - down) / 2e-5, 6);
    }
  });
});
