/** Monte-Carlo dropout: what is dropped, what stays as it was, and that a seed fixes it all. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { calibratedProbability } from '../../src/calibration/calibrated-probability.js';
import { UsageError } from '../../src/errors.js';
import { encodeModel } from '../../src/graph/onnx/encode.js';
import { type DropoutNetwork, dropoutOf, openDropoutNetwork } from '../../src/inference/dropout.js';
import { createPredictor, type Predictor } from '../../src/inference/predictor.js';
import { createRandom } from '../../src/math/random.js';
import type { Model } from '../../src/model/model.js';
import type { Architecture } from '../../src/networks/architecture.js';
import { deployGraph } from '../../src/networks/deploy-graph.js';
import { channelMask, dropoutGraph } from '../../src/networks/dropout-graph.js';
import { splitWeights } from '../../src/networks/parameters.js';
import { dropoutInput } from '../../src/networks/tensor-names.js';
import { dropoutPlaces, unetParameters } from '../../src/networks/unet.js';
import { prepareImage } from '../../src/preprocessing/preprocess.js';
import type { Values } from '../../src/runtime/session.js';
import { closedFormWeights, sequence } from '../networks/closed-form.js';
import { architecture, makeBallModel, runtime } from '../support/ball-model.js';
import { ballTasks, makeBall } from '../support/balls.js';
import { digest } from '../support/digest.js';
import { oneStructure } from '../support/labels.js';

let plain: Model;
let model: Model;
let network: DropoutNetwork;
let predictor: Predictor;
beforeAll(async () => {
  plain = await makeBallModel();
  const settings = { ...plain.provenance.settings, dropout: 0.4 };
  model = { ...plain, provenance: { ...plain.provenance, settings } };
  network = await openDropoutNetwork(model, runtime);
  predictor = await createPredictor(model, runtime);
});
afterAll(async () => {
  await network.release();
  await predictor.release();
});

const { volume } = makeBall(ballTasks[0], 20);
const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);

describe('the graph with dropout', () => {
  const deep: Architecture = { kind: 'unet', dimensions: 3, channels: [4, 6, 8] };
  const weights = closedFormWeights(deep);
  const image = { shape: [2, 1, 4, 8, 4], data: sequence(11, 256) };

  async function logitsOf(graph: ReturnType<typeof deployGraph>, masks: Values = {}): Promise<Float32Array> {
    const session = await runtime.open(encodeModel(graph));
    const { logits } = await session.run({ image, ...masks });
    await session.release();
    return logits.data;
  }
  const masksOf = (value: (channel: number) => number): Values =>
    Object.fromEntries(
      dropoutPlaces(deep).map(({ name, channels }) => [
        dropoutInput(name),
        { shape: [1, channels, 1, 1, 1], data: Float32Array.from({ length: channels }, (_, c) => value(c)) },
      ]),
    );

  it('is the deploy graph where nothing is dropped', async () => {
    const expected = await logitsOf(deployGraph(deep, weights));
    const found = await logitsOf(
      dropoutGraph(deep, weights),
      masksOf(() => 1),
    );
    expect(largestDifference(found, expected)).toBeLessThan(1e-5);
  });

  it('is the deploy graph without the channels that are dropped', async () => {
    const dropped = (channel: number) => channel % 3 === 1;
    const without = weights.slice();
    const parts = splitWeights(unetParameters(deep), without);
    // Scale and bias of nothing before the ReLU is the same as a factor of nothing after it.
    for (const { name } of dropoutPlaces(deep)) {
      for (const part of ['scale', 'bias']) {
        const values = parts.get(`${name}.norm1.${part}`)!;
        values.forEach((_, channel) => {
          if (dropped(channel)) values[channel] = 0;
        });
      }
    }
    const expected = await logitsOf(deployGraph(deep, without));
    const found = await logitsOf(
      dropoutGraph(deep, weights),
      masksOf((channel) => (dropped(channel) ? 0 : 1)),
    );
    expect(largestDifference(found, expected)).toBeLessThan(1e-5);
    expect(largestDifference(found, await logitsOf(deployGraph(deep, weights)))).toBeGreaterThan(0.01);
  });

  it('drops at the rate it should and keeps the expectation', () => {
    const mask = channelMask(20_000, 0.3, createRandom('mask'));
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / 0.7)]));
    const mean = mask.reduce((a, b) => a + b, 0) / mask.length;
    // Five standard errors.
    expect(Math.abs(mean - 1)).toBeLessThan(5 * Math.sqrt(0.3 / 0.7 / mask.length));
  });
});

describe('a pass with dropout', () => {
  it('is fixed by seed and number, whatever was run before', async () => {
    const window = sequence(3, 8 ** 3);
    const run = async (seed: number, pass: number) => digest(await network.sample(seed, pass)(window, [8, 8, 8]));
    const first = await run(0, 0);
    const others = [await run(0, 1), await run(1, 0), await run(1, 1)];
    expect(new Set([first, ...others]).size).toBe(4);
    expect(await run(0, 0)).toBe(first);
  });
});

describe('predict with dropout', () => {
  it('averages the calibrated probabilities of its passes', async () => {
    const task = 'bright';
    const { plan, calibration } = model.tasks[0];
    expect(plan.patch).toEqual(volume.size);
    const { probability, mask } = await predictor.predict(volume, { task, mc: 3, seed: 5 });
    // The image is one window, which the plan only normalises.
    const { image: data } = prepareImage(volume, plan);
    const mean = new Float64Array(data.length);
    for (let pass = 0; pass < 3; pass++) {
      const logits = await network.sample(5, pass)(data, plan.patch);
      calibratedProbability(oneStructure, logits, calibration.temperature, volume.size).forEach((p, i) => {
        mean[i] += p / 3;
      });
    }
    expect(largestDifference(probability, Float32Array.from(mean))).toBeLessThan(1e-6);
    expect([...mask]).toEqual(Array.from(probability, (p) => (p > 0.5 ? 1 : 0)));
  });

  it('judges by the plain pass, and runs the further passes for the chosen task alone', async () => {
    const without = await predictor.predict(volume, { alpha: 0.2 });
    const dropped = await predictor.predict(volume, { alpha: 0.2, mc: 4 });
    expect(dropped.detectors).toEqual(without.detectors);
    expect(digest(dropped.logits)).toBe(digest(without.logits));
    expect(digest(dropped.probability)).not.toBe(digest(without.probability));
    expect(dropped.passes).toBe(without.passes + 4);
    const { windows } = await predictor.predict(volume, { task: dropped.task });
    expect(dropped.windows).toBe(without.windows + 4 * windows);
    expect(without.verdict.verdict).toBe('in-distribution');
    expect(dropped.estimatedDice).not.toBe(without.estimatedDice);
  });

  it('is repeatable by its seed, which is 0 unless given', async () => {
    const run = async (options: { mc: number; seed?: number }) =>
      digest((await predictor.predict(volume, { task: 'bright', ...options })).probability);
    expect(await run({ mc: 2, seed: 0 })).toBe(await run({ mc: 2 }));
    expect(await run({ mc: 2, seed: 1 })).not.toBe(await run({ mc: 2 }));
  });

  it('goes to the plain result where almost nothing is dropped', async () => {
    const settings = { ...model.provenance.settings, dropout: 1e-7 };
    const faint = await createPredictor({ ...model, provenance: { ...model.provenance, settings } }, runtime);
    const [found, expected] = [await faint.predict(volume, { mc: 2 }), await faint.predict(volume)];
    await faint.release();
    expect(largestDifference(found.probability, expected.probability)).toBeLessThan(1e-5);
  });

  it('works with an ensemble: as many passes of each member', async () => {
    const other = { ...model, weights: closedFormWeights(architecture).map((w, i) => w * (1 + 0.3 * Math.sin(i))) };
    const both = await createPredictor(model, runtime, [other]);
    const alone = await createPredictor(other, runtime);
    const options = { task: 'bright', mc: 2, seed: 3 };
    const [joint, one, two] = [
      await both.predict(volume, options),
      await predictor.predict(volume, options),
      await alone.predict(volume, options),
    ];
    await both.release();
    await alone.release();
    const mean = one.probability.map((p, i) => (p + two.probability[i]) / 2);
    expect(largestDifference(joint.probability, mean)).toBeLessThan(1e-6);
    expect(joint.passes).toBe(1 + 2 + 2);
  });

  it('is refused where the model was trained without dropout, before anything is run', async () => {
    for (const dropout of [0, null, 'some', 1, 2, -0.1, undefined]) {
      const { dropout: _, ...rest } = plain.provenance.settings;
      const settings = dropout === undefined ? rest : { ...rest, dropout };
      const without = { ...plain, provenance: { ...plain.provenance, settings } };
      expect(() => dropoutOf(without)).toThrow(UsageError);
      expect(() => dropoutOf(without)).toThrow(/balls was trained without dropout/);
    }
    const dry = await createPredictor(plain, runtime);
    await expect(dry.predict(volume, { mc: 2, signal: AbortSignal.abort() })).rejects.toThrow(UsageError);
    // Giving the memory back works all the same.
    await dry.release();
    const half = await createPredictor(model, runtime, [plain]);
    await expect(half.predict(volume, { mc: 2, signal: AbortSignal.abort() })).rejects.toThrow(UsageError);
    await half.release();
    for (const mc of [-1, 1.5, Number.NaN]) await expect(predictor.predict(volume, { mc })).rejects.toThrow(UsageError);
  });
});
