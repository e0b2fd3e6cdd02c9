/**
 * Whether training waits for its data: steps on real, augmented batches from the worker thread beside steps on batches
 * that are there already, in turn. `in thread` prepares each batch when its step begins.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createCaseStore } from '../dist/cases/case-store.node.js';
import { makePlans, measureTasks } from '../dist/cases/plan-tasks.node.js';
import { prepareTasks } from '../dist/cases/prepare-tasks.node.js';
import { openDatasets } from '../dist/datasets/open-datasets.node.js';
import { noCache } from '../dist/files/cache.node.js';
import { presets, strideOf } from '../dist/networks/architecture.js';
import { chooseLayers } from '../dist/networks/layers/choose-layers.js';
import { defaultAdamW } from '../dist/networks/optimiser.js';
import { createOnnxRuntime } from '../dist/runtime/onnxruntime.node.js';
import { batchesOnDemand } from '../dist/training/batch-source.js';
import { trainNetwork } from '../dist/training/train-network.js';
import { openWorkerBatches } from '../dist/training/worker-batches.node.js';
import { describeMachine, median } from './machine.mjs';

const DATA = fileURLToPath(new URL('../../shared/data', import.meta.url));
const TASKS = ['hippocampus-mr', 'head-neck-ct', 'heart-cine-mr', 'abdomen-mr'];
/** Of each task; the time of a batch does not depend on how many there are. */
const CASES = 4;
const ROUNDS = 3;
/** Steps of a round, and those of them that are timed: the first ones find a cold engine. */
const [STEPS, TIMED] = [18, 12];
const THREADS = 2;
const BATCH = 2;

export async function feed() {
  if (!existsSync(DATA)) {
    console.log('feed: no scans beside the checkout, nothing measured.');
    return;
  }
  const tasks = await prepare();
  console.log(
    `feeding, ${describeMachine()}, ${THREADS} threads, small preset, batch ${BATCH}, ${ROUNDS} rounds of ${TIMED} steps`,
  );
  const sources = { repeated: repeatedBatches, worker: openWorkerBatches, 'in thread': batchesOnDemand };
  const seconds = { repeated: [], worker: [], 'in thread': [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, openBatches] of Object.entries(sources)) {
      seconds[name].push(...(await timeSteps(tasks, openBatches, round)));
    }
  }
  for (const [name, values] of Object.entries(seconds)) {
    const ratio = median(seconds.repeated) / median(values);
    console.log(
      `${name.padEnd(10)} ${median(values).toFixed(3)} s a step (median)  ` +
        `${ratio.toFixed(3)} of the rate of repeated batches`,
    );
  }
}

async function prepare() {
  const { architecture, patchVoxels } = presets.small;
  const all = await openDatasets(
    TASKS.map((name) => `${DATA}/${name}`),
    0,
  );
  const datasets = all.map((one) => ({ ...one, split: { ...one.split, train: one.split.train.slice(0, CASES) } }));
  const store = createCaseStore(noCache);
  const choices = { stride: strideOf(architecture), patchVoxels, spacing: 'per-task', given: {} };
  const plans = makePlans(datasets, await measureTasks(datasets, store, {}), choices);
  return prepareTasks(datasets, plans, store, {});
}

/** Each composition of patch shapes is prepared once. */
function repeatedBatches(work) {
  const source = batchesOnDemand(work);
  const known = new Map();
  return {
    async batch(step) {
      const batch = known.get(step % TASKS.length) ?? (await source.batch(step));
      known.set(step % TASKS.length, batch);
      return batch;
    },
    close: source.close,
  };
}

async function timeSteps(tasks, openBatches, seed) {
  const times = [];
  const runtime = createOnnxRuntime({ threads: THREADS });
  const { architecture } = presets.small;
  const { layers } = await chooseLayers(architecture, runtime);
  let last = performance.now();
  await trainNetwork({
    layers,
    ...{ runtime, architecture },
    ...{ tasks, openBatches, seed, duration: { steps: STEPS }, batch: BATCH, shares: tasks.map(() => 1) },
    ...{ loss: 'ce+dice', dropout: 0, learningRate: 2e-3, optimiser: defaultAdamW },
    onStep() {
      const now = performance.now();
      times.push((now - last) / 1000);
      last = now;
    },
  });
  return times.slice(-TIMED);
}
