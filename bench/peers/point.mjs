/**
 * One point of a growth or memory curve, in a process of its own, so that its peak memory is its own.
 *
 * usage: node point.mjs '{"kind": ..., ...}', kinds:
 * predict: size, threads -> a whole volume of `size` voxels through a predictor with a named task
 * step: channels, batch, side, threads, repeats -> training steps as `candor train` runs them
 * ood: bank, tasks, calibration -> judging one image
 * Prints {"seconds", "peakBytes", "startBytes", ...}; startBytes: resident before the work, libraries loaded.
 */

import { createPredictor } from '../../dist/inference/predictor.js';
import { createRandom } from '../../dist/math/random.js';
import { chooseLayers } from '../../dist/networks/layers/choose-layers.js';
import { defaultAdamW } from '../../dist/networks/optimiser.js';
import { initialWeights } from '../../dist/networks/parameters.js';
import { encodeTrainingGraph } from '../../dist/networks/training-graph.js';
import { unetParameters } from '../../dist/networks/unet.js';
import { judge } from '../../dist/ood/verdict.js';
import { createOnnxRuntime } from '../../dist/runtime/onnxruntime.node.js';
import { exampleFeatures, exampleModel, exampleOod, examplePlan } from '../example-model.mjs';
import { median, timed } from '../rounds.mjs';

/** The narrowest network of four stages: what grows is the same, and the largest scan takes minutes, not an hour. */
const NARROW = { kind: 'unet', dimensions: 3, channels: [4, 8, 16, 32] };

async function predict({ size, threads }) {
  const plan = examplePlan({ spacing: [1, 1, 1], patch: [64, 64, 64], overlap: 0, network: NARROW });
  const model = await exampleModel([{ name: 'organ', plan }], { network: NARROW });
  const predictor = await createPredictor(model, createOnnxRuntime({ threads }));
  const data = new Float32Array(size[0] * size[1] * size[2]);
  for (let i = 0; i < data.length; i++) data[i] = ((Math.imul(i, 2654435761) >>> 16) & 1023) - 512;
  const affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  const startBytes = process.memoryUsage().rss;
  const { seconds, value } = await timed(() => predictor.predict({ data, size, affine }, { task: 'organ' }));
  return { seconds, startBytes, windows: value.windows, foreground: value.foregroundVoxels };
}

async function step({ channels, batch, side, threads, repeats }) {
  const architecture = { kind: 'unet', dimensions: 3, channels };
  const buckets = [{ name: 'patch', batch, space: [side, side, side] }];
  const startBytes = process.memoryUsage().rss;
  const runtime = createOnnxRuntime({ threads });
  const { layers } = await chooseLayers(architecture, runtime);
  const session = await runtime.open(
    encodeTrainingGraph({ architecture, layers, buckets, loss: 'ce+dice', optimiser: defaultAdamW, dropout: false }),
  );
  const random = createRandom(0);
  const shape = [batch, 1, side, side, side];
  const image = Float32Array.from({ length: batch * side ** 3 }, () => random.normal());
  const label = image.map((value) => (value > 0.5 ? 1 : 0));
  const vector = (data) => ({ shape: [data.length], data });
  let weights = initialWeights(unetParameters(architecture), 0);
  let [firstMoment, secondMoment] = [new Float32Array(weights.length), new Float32Array(weights.length)];
  const times = [];
  for (let t = 1; t <= repeats + 1; t++) {
    const { seconds, value } = await timed(() =>
      session.run({
        'image/patch': { shape, data: image },
        'label/patch': { shape, data: label },
        weights: vector(weights),
        firstMoment: vector(firstMoment),
        secondMoment: vector(secondMoment),
        learningRate: vector(Float32Array.of(1e-3)),
        correction1: vector(Float32Array.of(1 - defaultAdamW.beta1 ** t)),
        correction2: vector(Float32Array.of(1 - defaultAdamW.beta2 ** t)),
      }),
    );
    weights = value['weights/next'].data;
    [firstMoment, secondMoment] = [value['firstMoment/next'].data, value['secondMoment/next'].data];
    times.push(seconds);
  }
  return { seconds: median(times.slice(1)), startBytes };
}

async function ood({ bank, tasks, calibration }) {
  const startBytes = process.memoryUsage().rss;
  const names = Array.from({ length: tasks }, (_, i) => `task${i}`);
  const fitted = await timed(async () => exampleOod(names, { bank, calibration }));
  const state = fitted.value;
  const random = createRandom('bench image');
  const features = Object.fromEntries(names.map((name) => [name, exampleFeatures(state.layers, random)]));
  const times = [];
  for (let i = 0; i < 21; i++) times.push((await timed(async () => judge(state, features, { alpha: 0.05 }))).seconds);
  return { seconds: median(times), fitSeconds: fitted.seconds, startBytes };
}

const { kind, ...options } = JSON.parse(process.argv[2]);
const result = await { predict, step, ood }[kind](options);
console.log(JSON.stringify({ ...result, peakBytes: process.resourceUsage().maxRSS * 1024 }));
