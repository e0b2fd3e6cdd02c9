/** Where the time goes: ONNX Runtime's own profile of the training step and of the forward pass, by operator. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { encodeModel } from '../dist/graph/onnx/encode.js';
import { windowGraph } from '../dist/networks/deploy-graph.js';
import { chooseLayers } from '../dist/networks/layers/choose-layers.js';
import { defaultAdamW } from '../dist/networks/optimiser.js';
import { encodeTrainingGraph } from '../dist/networks/training-graph.js';
import { ort } from '../dist/runtime/engine.node.js';
import { createOnnxRuntime } from '../dist/runtime/onnxruntime.node.js';
import { architecture, exampleWeights, randomImage, THREADS, withFolder } from './network.mjs';
import { formatSeconds, publish } from './results.mjs';

const SIDE = 48;
const BATCH = 2;
const RUNS = 5;

export async function profile({ quick, output }) {
  const { layers } = await chooseLayers(architecture, createOnnxRuntime({ threads: THREADS }));
  const shape = [BATCH, 1, SIDE, SIDE, SIDE];
  const image = new ort.Tensor('float32', randomImage(BATCH * SIDE ** 3), shape);
  const weights = exampleWeights();
  const vector = (data) => new ort.Tensor('float32', data, [data.length]);
  const step = {
    name: 'training step',
    model: encodeTrainingGraph({
      architecture,
      layers,
      buckets: [{ name: 'patch', batch: BATCH, space: [SIDE, SIDE, SIDE] }],
      loss: 'ce+dice',
      optimiser: defaultAdamW,
      dropout: false,
    }),
    feeds: {
      'image/patch': image,
      'label/patch': new ort.Tensor(
        'float32',
        Float32Array.from(image.data, (v) => (v > 0.5 ? 1 : 0)),
        shape,
      ),
      weights: vector(weights),
      firstMoment: vector(new Float32Array(weights.length)),
      secondMoment: vector(new Float32Array(weights.length)),
      learningRate: vector(Float32Array.of(1e-3)),
      correction1: vector(Float32Array.of(0.1)),
      correction2: vector(Float32Array.of(0.01)),
    },
  };
  const forward = {
    name: 'forward pass',
    model: encodeModel(windowGraph(architecture, weights, shape, layers)),
    feeds: { image },
  };
  const results = await withFolder(async (folder) => {
    const list = [];
    for (const one of [step, forward]) list.push({ name: one.name, ...(await measure(one, folder)) });
    return list;
  });
  await publish(
    'profile',
    {
      title: `Time by operator, batch ${BATCH} x ${SIDE}^3, ${THREADS} threads, mean of ${RUNS} runs`,
      tables: results.map(({ name, total, operators }) => ({
        caption: `${name}: ${formatSeconds(total)} in operators`,
        columns: ['operator', 'calls', 'time', 'share'],
        rows: operators.map(({ operator, calls, seconds }) => [
          operator,
          calls,
          formatSeconds(seconds),
          `${((100 * seconds) / total).toFixed(1)} %`,
        ]),
      })),
      notes: ['Profiling slows each operator a little; shares are what to read.'],
      data: { threads: THREADS, batch: BATCH, side: SIDE, results },
    },
    { output, quick },
  );
}

/** Seconds and calls of each operator in one run. */
async function measure({ name, model, feeds }, folder) {
  const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: THREADS,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    enableProfiling: true,
    profileFilePrefix: path.join(folder, name.replaceAll(' ', '-')),
  });
  for (let i = 0; i <= RUNS; i++) await session.run(feeds);
  session.endProfiling();
  await session.release();
  const events = await readProfile(folder, name.replaceAll(' ', '-'));
  const runs = events.filter((event) => event.name === 'model_run');
  // The first run warms up.
  const from = runs[0].ts + runs[0].dur;
  const byOperator = new Map();
  for (const { cat, name: event, ts, dur, args } of events) {
    if (cat !== 'Node' || !event.endsWith('_kernel_time') || ts < from) continue;
    const entry = byOperator.get(args.op_name) ?? { operator: args.op_name, calls: 0, seconds: 0 };
    entry.calls += 1 / RUNS;
    entry.seconds += dur / 1e6 / RUNS;
    byOperator.set(args.op_name, entry);
  }
  for (const entry of byOperator.values()) entry.calls = Math.round(entry.calls);
  const operators = [...byOperator.values()].sort((a, b) => b.seconds - a.seconds);
  if (operators.length === 0) throw new Error(`${name}: ONNX Runtime's profile names no operator.`);
  return { total: operators.reduce((sum, { seconds }) => sum + seconds, 0), operators };
}

async function readProfile(folder, prefix) {
  const file = (await readdir(folder)).find((one) => one.startsWith(prefix) && one.endsWith('.json'));
  if (file === undefined) throw new Error(`${prefix}: ONNX Runtime wrote no profile.`);
  return JSON.parse(await readFile(path.join(folder, file), 'utf8'));
}
