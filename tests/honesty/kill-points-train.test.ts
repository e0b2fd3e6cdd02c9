/** Training that fails at its operations on files: nothing lost, nothing half-written, and it can be gone on with. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { train } from '../../src/jobs/train.node.js';
import { readModel } from '../../src/model/read-model.node.js';
import { decodeCheckpoint } from '../../src/training/checkpoint.js';
import { temporaryFolder } from '../support/ball-data.js';
import { digest } from '../support/digest.js';
import { contentsOf, isOld, writeOld, writeSmallDataset } from '../support/small-work.js';
import { failAt, type KillPoint, killPoints, type Mode, oneIn, record, tell } from './kill-points.js';

vi.mock('node:fs/promises', async (original) =>
  (await import('../support/faulty-disk.js')).faultyPromises(await original()),
);
vi.mock('node:fs', async (original) => (await import('../support/faulty-disk.js')).faultyFs(await original()));
/** Batches made in this thread: the worker that makes them reads no file, and its start takes longer than the training. */
vi.mock('../../src/training/worker-batches.node.js', async () => ({
  openWorkerBatches: (await import('../../src/training/batch-source.js')).batchesOnDemand,
}));

const STEPS = 2;
const READS = 3;
const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (...parts: string[]) => path.join(folder.path, ...parts);

let dataset: string;
let data: Record<string, string>;
let points: KillPoint[];
let undisturbed: Awaited<ReturnType<typeof outcome>>;

/** As a user does: the same command again, or on with a run that has a checkpoint. */
const run = (name: string) =>
  train({
    ...{ datasets: [dataset], output: at(name, 'm.onnx'), cache: false, resume: hasCheckpoint(name) },
    ...{ preset: 'tiny', steps: STEPS, batch: 1, patch: [8, 8, 8], seed: 2, threads: 1, checkpointEvery: 1 },
  });
const hasCheckpoint = (name: string) => existsSync(at(name, 'm.run', 'checkpoint.bin'));

/** A folder with a model of an earlier run where the new one will be. */
function begin(name: string): string {
  mkdirSync(at(name));
  writeOld(at(name, 'm.onnx'));
  return name;
}

/** What a run has come to, without times. */
async function outcome(name: string) {
  const { weights, tasks, ood } = await readModel(at(name, 'm.onnx'));
  return {
    weights: digest(weights),
    tasks,
    distances: [...ood.detectors].map(([detector, fitted]) => [detector, fitted.calibration]),
    files: readdirSync(at(name, 'm.run')).sort(),
  };
}

const logOf = (name: string) =>
  readFileSync(at(name, 'm.run', 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), seconds: 0 }));

beforeAll(async () => {
  dataset = writeSmallDataset(at('data'));
  data = contentsOf(dataset);
  points = killPoints(await record(() => run(begin('whole'))), READS);
  undisturbed = await outcome('whole');
}, 300_000);

/** Every file is as it was before the run, or whole. */
async function checkFiles(name: string, mode: Mode): Promise<void> {
  const model = at(name, 'm.onnx');
  if (!isOld(model)) expect((await readModel(model)).provenance.steps).toBe(STEPS);
  const runFolder = at(name, 'm.run');
  for (const file of existsSync(runFolder) ? readdirSync(runFolder) : []) {
    const bytes = readFileSync(path.join(runFolder, file));
    if (file.endsWith('.json')) JSON.parse(bytes.toString());
    if (file === 'checkpoint.bin') await decodeCheckpoint(new Uint8Array(bytes), file);
    // A line that was being written may be broken, none before it.
    if (file === 'metrics.jsonl') for (const line of bytes.toString().split('\n').slice(0, -1)) JSON.parse(line);
    if (mode === 'once') expect(file).not.toMatch(/\.part$/);
  }
}

it('nothing is lost where a write, a flush, a rename or a read fails', async () => {
  const kinds = points.map(({ alike }) => alike.split(' ')[0]);
  for (const kind of ['.writeFile', '.sync', 'rename', 'appendFile']) expect(kinds).toContain(kind);
  let name = begin('once');
  for (const [i, point] of points.entries()) {
    const error = await failAt(point, 'once', () => run(name));
    const what = `${tell(point)}: ${error?.message ?? 'managed'}`;
    await checkFiles(name, 'once');
    // What failed before its first checkpoint meets the next failure in the same folder.
    if (error && !hasCheckpoint(name)) continue;
    if (error) await run(name);
    expect(await outcome(name), what).toEqual(undisturbed);
    expect(logOf(name), what).toEqual(logOf('whole'));
    name = begin(`once-${i}`);
  }
  expect(contentsOf(dataset)).toEqual(data);
}, 600_000);

it('nothing is lost where all fails from there on, again and again', async () => {
  const name = begin('dead');
  // One folder for all: each attempt goes on with what the one before left.
  for (const point of oneIn(5, points)) {
    await failAt(point, 'dead', () => run(name));
    await checkFiles(name, 'dead');
  }
  await run(name);
  expect(await outcome(name)).toEqual(undisturbed);
  expect(logOf(name)).toEqual(logOf('whole'));
  expect(contentsOf(dataset)).toEqual(data);
}, 600_000);
