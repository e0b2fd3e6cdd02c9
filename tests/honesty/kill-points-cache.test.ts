/** Training whose cache fails: nothing but time is lost, nothing wrong is kept, and the next run finds what it needs. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createCaseStore } from '../../src/cases/case-store.node.js';
import type { Dataset } from '../../src/datasets/dataset.js';
import { openDataset } from '../../src/datasets/open-dataset.node.js';
import { openCache } from '../../src/files/cache.node.js';
import { train } from '../../src/jobs/train.node.js';
import { readModel } from '../../src/model/read-model.node.js';
import { temporaryFolder } from '../support/ball-data.js';
import { ballPlan } from '../support/balls.js';
import { digest } from '../support/digest.js';
import { contentsOf, smallTask, writeSmallDataset } from '../support/small-work.js';
import { failAt, type KillPoint, killPoints, type Mode, oneIn, record, tell } from './kill-points.js';

vi.mock('node:fs/promises', async (original) =>
  (await import('../support/faulty-disk.js')).faultyPromises(await original()),
);
vi.mock('node:fs', async (original) => (await import('../support/faulty-disk.js')).faultyFs(await original()));
/** Batches made in this thread: the worker that makes them reads no file, and its start takes longer than the training. */
vi.mock('../../src/training/worker-batches.node.js', async () => ({
  openWorkerBatches: (await import('../../src/training/batch-source.js')).batchesOnDemand,
}));

const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (...parts: string[]) => path.join(folder.path, ...parts);
let dataset: Dataset;
let data: Record<string, string>;

beforeAll(async () => {
  dataset = await openDataset(writeSmallDataset(at('data')), { seed: 0 });
  data = contentsOf(dataset.folder);
}, 120_000);

/** At most so many reads fail, evenly spread. */
const READS = 12;

/** The kill points of a job within a cache's folder; its reads too. */
async function pointsIn(cache: string, job: () => Promise<unknown>): Promise<KillPoint[]> {
  const operations = await record(job);
  const within = operations.filter((operation) => operation.path.startsWith(at(cache)));
  return killPoints(within, READS);
}

/** Entries are those of a cache that nothing happened to, and whole: a digest stands before the content. */
function checkEntries(cache: string, whole: string, what: string): void {
  if (!existsSync(at(cache))) return;
  // Digests of files are kept once these are a few seconds old, which may be in one run and not in another.
  const expected = [...entriesOf(whole), ...['imagesTr', 'labelsTr'].map(digestsOf)];
  for (const file of entriesOf(cache)) {
    expect(expected, what).toContain(file);
    const bytes = readFileSync(at(cache, file));
    const content = createHash('sha256').update(bytes.subarray(32)).digest('hex');
    expect(bytes.subarray(0, 32).toString('hex'), `${what}: ${file}`).toBe(content);
  }
}

const digestsOf = (part: string) => {
  const key = createHash('sha256')
    .update(`digests/1 ${path.join(dataset.folder, part)}`)
    .digest('hex');
  return path.join(key.slice(0, 2), `${key}.bin`);
};

const entriesOf = (cache: string) =>
  readdirSync(at(cache), { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.bin'));

/** All that training asks of the store, for a case that trains and one that does not: the same of every cache, full, empty or failing. */
async function useStore(cache: string) {
  const notes: string[] = [];
  const options = { folder: at(cache), maximumBytes: 1e9, onNote: (note: string) => notes.push(note) };
  const store = createCaseStore(openCache(options));
  const scans = await store.scan(
    dataset.cases.slice(1, 3).map((one) => ({ dataset, case: one, bytes: 1 })),
    {},
  );
  const training = dataset.cases.slice(1, 2);
  const prints: unknown[] = [];
  for (const one of training) prints.push(await store.fingerprint(dataset, one));
  const samples: unknown[] = [];
  for (const one of training) {
    const { image, labels, foreground, ...rest } = await store.prepare(dataset, one, ballPlan(smallTask));
    samples.push({ ...rest, image: digest(image), labels: [...labels], foreground: [...foreground] });
  }
  return { told: { scans, prints, samples }, notes };
}

it.each(['once', 'dead'] as const)(
  'a store gives the same whichever operation of its cache fails, full or empty (%s)',
  async (mode: Mode) => {
    const whole = `store-${mode}`;
    let expected: unknown;
    const filling = await pointsIn(whole, async () => {
      expected = (await useStore(whole)).told;
    });
    const finding = await pointsIn(whole, () => useStore(whole));
    for (const kind of ['.writeFile', 'rename', 'readFile'])
      expect([...filling, ...finding].map(({ alike }) => alike.split(' ')[0])).toContain(kind);
    const points = [...filling, ...finding];
    for (const [i, point] of points.entries()) {
      if (mode === 'dead' && i % 4 !== 0) continue;
      const cache = `${whole}-${i}`;
      if (i >= filling.length) await useStore(cache);
      let found: Awaited<ReturnType<typeof useStore>> | undefined;
      // All of a disk that is dead includes the images: then the error is theirs.
      const error = await failAt(point, mode, async () => {
        found = await useStore(cache);
      });
      const what = `${tell(point)}: ${error?.message ?? 'managed'}`;
      if (mode === 'once') expect(found?.told, what).toEqual(expected);
      if (found && /^(\.writeFile|rename)/.test(point.alike))
        expect(found.notes.join(), what).toMatch(/without a cache/);
      checkEntries(cache, whole, what);
      expect(await useStore(cache), what).toEqual({ told: expected, notes: [] });
      checkEntries(cache, whole, what);
    }
    expect(contentsOf(dataset.folder)).toEqual(data);
  },
  600_000,
);

/** One in so many of the points in a whole training, which takes a second or two. */
const SPARSE = 20;

it('a model is the same where the cache of its training fails, and where it is trained again with what was kept', async () => {
  const run = async (name: string, again = '') => {
    mkdirSync(at(name), { recursive: true });
    const output = at(name, `m${again}.onnx`);
    await train({
      ...{ datasets: [dataset.folder], output, cache: at(name, 'cache'), preset: 'tiny', steps: 1, batch: 1 },
      ...{ patch: [8, 8, 8], seed: 2, threads: 1 },
    });
    const { weights, tasks, ood } = await readModel(output);
    return {
      weights: digest(weights),
      tasks,
      distances: [...ood.detectors].map(([detector, fitted]) => [detector, fitted.calibration]),
    };
  };
  let undisturbed: unknown;
  const points = await pointsIn('trained/cache', async () => {
    undisturbed = await run('trained');
  });
  expect(points.length).toBeGreaterThan(20);
  for (const [i, point] of oneIn(SPARSE, points).entries()) {
    const name = `train-${i}`;
    let found: unknown;
    const error = await failAt(point, 'once', async () => {
      found = await run(name);
    });
    expect(error, tell(point)).toBeUndefined();
    expect(found, tell(point)).toEqual(undisturbed);
    checkEntries(`${name}/cache`, 'trained/cache', tell(point));
    if (i % 2 === 0) expect(await run(name, '-again'), tell(point)).toEqual(undisturbed);
  }
  expect(contentsOf(dataset.folder)).toEqual(data);
}, 600_000);
