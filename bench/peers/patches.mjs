/**
 * What a training run of Candor sees, as records that another framework can read: the held-out cases as a file, and the
 * batches as a stream to stdout in order of step, each with its learning rate. The stream follows the run's own plans,
 * split, seed and schedule; it waits where the reader is slow.
 *
 * usage: node patches.mjs <run folder> <first step> <end> <steps of the schedule> <data-set folder>...
 * Records: uint32 (little-endian) length of a JSON header, the header, then its float32 arrays one after another.
 * {"kind": "case", task, size, patch, minimum, windows}: image, label (x fastest; windows: origins in voxels).
 * {"kind": "step", step, learningRate, groups: [{batch, space}]}: per group image and label, [batch, 1, ...space].
 */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createCaseStore } from '../../dist/cases/case-store.node.js';
import { readPlans } from '../../dist/cases/plan-tasks.node.js';
import { prepareTasks } from '../../dist/cases/prepare-tasks.node.js';
import { casesOf } from '../../dist/datasets/dataset.js';
import { openDatasets } from '../../dist/datasets/open-datasets.node.js';
import { noCache } from '../../dist/files/cache.node.js';
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

function record(header, arrays) {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, ...arrays.map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength))]);
}

/** The held-out cases of a prepared run, a record each. */
export async function writeCases(file, heldOut) {
  const records = heldOut.map(({ task, plan, image, labels, grid: { size }, minimum }) => {
    const windows = placeWindows(size, plan.patch, plan.overlap);
    return record({ kind: 'case', task, size, patch: plan.patch, minimum, windows }, [
      image,
      Float32Array.from(labels),
    ]);
  });
  await writeFile(file, Buffer.concat(records));
}

async function stream(folder, { from, end, steps }, datasetFolders) {
  const { settings, tasks, shares, architecture } = await prepareRun(folder, datasetFolders);
  const work = { tasks, shares, batch: settings.batch, seed: settings.seed, architecture, dropout: 0, augment: true };
  const make = batchMaker(work);
  for (let step = from; step < end; step++) {
    const batch = make(step);
    const learningRate = learningRateAt(step, { peak: settings.learningRate, warmup: WARMUP_STEPS, steps });
    const arrays = batch.buckets.flatMap(({ name }) => [
      batch.feeds[`image/${name}`].data,
      batch.feeds[`label/${name}`].data,
    ]);
    const groups = batch.buckets.map(({ batch: n, space }) => ({ batch: n, space }));
    const bytes = record({ kind: 'step', step, learningRate, groups }, arrays);
    if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
  }
}

if (import.meta.url === `file://${process.argv[1]}`) {
  // A reader that has ended wants no more.
  process.stdout.on('error', () => process.exit(0));
  const [folder, from, end, steps, ...datasets] = process.argv.slice(2);
  await stream(folder, { from: Number(from), end: Number(end), steps: Number(steps) }, datasets);
}
