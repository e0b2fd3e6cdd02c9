/**
 * Streams to stdout what a training run of Candor sees, so that another framework can train on the same: the held-out
 * cases, then the batches in order of step, each with its learning rate. It follows the run's own plans, split, seed and
 * schedule; it waits where the reader is slow.
 *
 * usage: node patches.mjs <run folder> <first step> <last step> <data-set folder>...
 * Records: uint32 (little-endian) length of a JSON header, the header, then its float32 arrays one after another.
 * {"kind": "case", task, size, patch, minimum, windows}: image, label (x fastest; windows: origins in voxels).
 * {"kind": "step", step, learningRate, groups: [{batch, space}]}: per group image and label, [batch, 1, ...space].
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { casesOf } from '../../dist/datasets/dataset.js';
import { noCache } from '../../dist/files/cache.node.js';
import { createCaseStore } from '../../dist/jobs/case-store.node.js';
import { readPlans } from '../../dist/jobs/plan-tasks.node.js';
import { openDatasets, prepareTasks } from '../../dist/jobs/prepare-tasks.node.js';
import { presets, strideOf } from '../../dist/networks/architecture.js';
import { learningRateAt } from '../../dist/networks/optimiser.js';
import { placeWindows } from '../../dist/preprocessing/windows.js';
import { batchMaker } from '../../dist/training/batch-source.js';

/** As `candor train` warms up. */
const WARMUP_STEPS = 20;

const readJson = async (folder, name) => JSON.parse(await readFile(path.join(folder, name), 'utf8'));

/** What a run trains on and what it holds out, under its own plans. */
export async function prepareRun(folder, datasetFolders) {
  const [settings, splits] = await Promise.all(['run.json', 'splits.json'].map((name) => readJson(folder, name)));
  const { architecture } = presets[settings.preset];
  const opened = await openDatasets(datasetFolders, settings.seed);
  const names = settings.datasets.map(({ name }) => name);
  const datasets = names.map((name) => opened.find((dataset) => dataset.name === name));
  if (opened.length !== names.length || datasets.includes(undefined)) {
    throw new Error(`${folder}: expected the data sets ${names}, found ${opened.map(({ name }) => name)}.`);
  }
  const fit = { tasks: names, stride: strideOf(architecture) };
  const given = await readPlans(path.join(folder, 'plans.json'), fit);
  const plans = names.map((name) =>
    Object.fromEntries(Object.entries(given[name]).map(([key, { value }]) => [key, value])),
  );
  const prepared = await prepareTasks(datasets, plans, createCaseStore(noCache), {});
  const isHeldOut = datasets.map((dataset) => {
    const held = new Set(splits[dataset.name].validation ?? []);
    return casesOf(dataset, 'train').map(({ name }) => held.has(name));
  });
  const tasks = prepared.map((task, i) => ({ ...task, cases: task.cases.filter((_, k) => !isHeldOut[i][k]) }));
  const heldOut = prepared.flatMap(({ name, cases }, i) =>
    cases.filter((_, k) => isHeldOut[i][k]).map((one) => ({ ...one, task: name, plan: plans[i] })),
  );
  const shares = tasks.map(({ cases }) => (settings.balance === 'tasks' ? 1 : cases.length));
  return { settings, tasks, heldOut, shares, architecture };
}

async function write(header, arrays) {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  for (const part of [length, text, ...arrays.map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength))]) {
    if (!process.stdout.write(part)) await once(process.stdout, 'drain');
  }
}

async function stream(folder, from, to, datasetFolders) {
  const { settings, tasks, heldOut, shares, architecture } = await prepareRun(folder, datasetFolders);
  for (const { task, plan, image, label, size, minimum } of heldOut) {
    const windows = placeWindows(size, plan.patch, plan.overlap);
    await write({ kind: 'case', task, size, patch: plan.patch, minimum, windows }, [image, Float32Array.from(label)]);
  }
  const work = { tasks, shares, batch: settings.batch, seed: settings.seed, architecture, dropout: 0, augment: true };
  const make = batchMaker(work);
  for (let step = from; step < to; step++) {
    const batch = make(step);
    const learningRate = learningRateAt(step, { peak: settings.learningRate, warmup: WARMUP_STEPS, steps: to });
    const arrays = batch.groups.flatMap(({ name }) => [
      batch.feeds[`image/${name}`].data,
      batch.feeds[`label/${name}`].data,
    ]);
    const groups = batch.groups.map(({ batch: n, space }) => ({ batch: n, space }));
    await write({ kind: 'step', step, learningRate, groups }, arrays);
  }
}

if (import.meta.url === `file://${process.argv[1]}`) {
  // A reader that has ended wants no more.
  process.stdout.on('error', () => process.exit(0));
  const [folder, from, to, ...datasets] = process.argv.slice(2);
  await stream(folder, Number(from), Number(to), datasets);
}
