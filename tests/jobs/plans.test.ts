/** Plans as files: made without training, edited, given back; and prepared cases kept from run to run. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCaseStore } from '../../src/cases/case-store.node.js';
import { casesOf, type Dataset } from '../../src/datasets/dataset.js';
import { openDataset } from '../../src/datasets/open-dataset.node.js';
import { CancelledError, type Fault, PlanError, RunError, UsageError } from '../../src/errors.js';
import { openCache } from '../../src/files/cache.node.js';
import type { Progress } from '../../src/job-options.js';
import { check } from '../../src/jobs/check.node.js';
import { plan } from '../../src/jobs/plan.node.js';
import { train } from '../../src/jobs/train.node.js';
import { readModel } from '../../src/model/read-model.node.js';
import { fingerprintsSchema } from '../../src/preprocessing/fingerprints-file.js';
import type { TrainOptions } from '../../src/training/train-options.js';
import { ballName, temporaryFolder, writeBallDataset, writeBallDatasets } from '../support/ball-data.js';
import { ballPlan, ballTasks } from '../support/balls.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (...parts: string[]) => path.join(folder.path, ...parts);
const readJson = (...parts: string[]) => JSON.parse(readFileSync(at(...parts), 'utf8'));

let datasets: string[];
beforeAll(() => {
  datasets = writeBallDatasets(at('data'));
});
const settings = (name: string, changes: Partial<TrainOptions> = {}): TrainOptions => ({
  datasets,
  output: at(`${name}.onnx`),
  preset: 'tiny',
  steps: 3,
  seed: 3,
  threads: 1,
  cache: at('cache'),
  ...changes,
});
function plansFile(name: string, tasks: object): string {
  writeFileSync(at(name), JSON.stringify({ format: 'candor-plans/1', tasks }));
  return at(name);
}

describe('plan', () => {
  it('writes fingerprints and plans and trains nothing', async () => {
    const stages = new Set<string>();
    const result = await plan(settings('p', { onProgress: ({ stage }) => stages.add(stage) }));
    expect(existsSync(at('p.onnx'))).toBe(false);
    expect([...stages]).toEqual(['check']);
    expect(result.tasks.map(({ name }) => name)).toEqual(ballTasks.map(({ name }) => name));
    const prints = fingerprintsSchema.parse(readJson('p.run', 'fingerprints.json'));
    expect(prints.tasks.dark.n).toBe(4);
    expect(prints.tasks.dark.size.median).toEqual(ballTasks[1].size);
    expect(readJson('p.run', 'plans.json').tasks.dark.spacing.value).toEqual(ballTasks[1].spacing);
    await expect(plan(settings('p', { resume: true }))).rejects.toThrow(UsageError);
  });

  it('takes data sets as values, such as the folds of a cross-validation, and folders beside them', async () => {
    const [folder, other] = datasets;
    const dataset = await openDataset(folder);
    const { train: first, calibration, test } = dataset.split;
    const fold = { ...dataset, split: { train: [...test, ...first.slice(1)], calibration, test: first.slice(0, 1) } };
    const runs = [dataset, { ...fold, splitSource: 'given' as const }].map((value, i) =>
      plan(settings(`value-${i}`, { datasets: [value, other] })),
    );
    await Promise.all(runs);
    const [asItIs, given] = [0, 1].map((i) => readJson(`value-${i}.run`, 'splits.json')[dataset.name]);
    expect(asItIs).toMatchObject(dataset.split);
    expect(given).toMatchObject(fold.split);
    const hashes = [0, 1].map((i) => readJson(`value-${i}.run`, 'run.json').datasets);
    expect(hashes[0][0].sha256).not.toBe(hashes[1][0].sha256);
    expect(hashes[0][1]).toEqual(hashes[1][1]);
    await plan(settings('value-2', { datasets: [folder, other] }));
    expect(readJson('value-2.run', 'run.json').datasets).toEqual(hashes[0]);
    const report = await check({ datasets: [{ ...fold, split: { ...fold.split, calibration: first } }] });
    expect(report.datasets[0].findings.map(({ kind }) => kind)).toContain('case-in-two-splits');
    const wrong = { ...dataset, cases: [{ name: 'a' }] } as unknown as Dataset;
    await expect(plan(settings('value-3', { datasets: [wrong] }))).rejects.toThrow(/is no value of a data set.*cases/);
  });

  it('takes values from a file, derives the others to go with them, and says which are which', async () => {
    const plans = plansFile('some.json', { dark: { spacing: { value: [2, 2, 2] }, overlap: { value: 0.25 } } });
    const { tasks } = await plan(settings('some', { plans }));
    const dark = readJson('some.run', 'plans.json').tasks.dark;
    expect(dark.spacing).toEqual({ value: [2, 2, 2], why: `set by ${plans}` });
    expect(dark.overlap).toEqual({ value: 0.25, why: `set by ${plans}` });
    expect(dark.patch.why).toContain('median image 7 x 8 x 12 voxels');
    expect(tasks[0].plan.spacing).toEqual(ballTasks[0].spacing);
  });

  it('refuses what does not fit, before any case is looked at', async () => {
    const stages: string[] = [];
    const onProgress = ({ stage }: Progress) => stages.push(stage);
    const refused = async (
      changes: Partial<TrainOptions>,
      reason: RegExp,
      error: new (fault: Fault) => Error = PlanError,
    ) => {
      await expect(plan(settings('refused', { ...changes, onProgress }))).rejects.toThrow(reason);
      await expect(plan(settings('refused', { ...changes, onProgress }))).rejects.toThrow(error);
    };
    await refused(
      { plans: plansFile('a.json', { drak: {} }) },
      /a\.json: tasks: unknown task "drak".*bright, dark, faint/,
    );
    const off = plansFile('b.json', { dark: { patch: { value: [16, 18, 16] } } });
    await refused({ plans: off }, /b\.json: tasks\.dark\.patch\.value: .*stride 4, found 16 x 18 x 16/);
    await refused({ plans: at('absent.json') }, /absent\.json: cannot be read: no such file/);
    await refused({ plans: folder.path }, /expected a file of plans/);
    const twice = plansFile('c.json', { dark: { patch: { value: [16, 16, 16] } } });
    await refused({ plans: twice, patch: [16, 16, 16] }, /patch of dark is given twice/, UsageError);
    expect(stages).toEqual([]);
    expect(existsSync(at('refused.run'))).toBe(false);
  });
});

describe('train with a file of plans', () => {
  it('edited in the run folder itself is used, kept in the model, and part of what is resumed', async () => {
    await plan(settings('t'));
    const file = at('t.run', 'plans.json');
    const edited = JSON.parse(readFileSync(file, 'utf8'));
    edited.tasks.dark.patch.value = [16, 16, 20];
    writeFileSync(file, JSON.stringify(edited));
    const controller = new AbortController();
    const onProgress = ({ stage, done }: Progress) => {
      if (stage === 'train' && done === 1) controller.abort();
    };
    const stopped = train(settings('t', { plans: file, onProgress, signal: controller.signal }));
    await expect(stopped).rejects.toThrow(CancelledError);
    expect(readJson('t.run', 'plans.json').tasks.dark.patch).toEqual({ value: [16, 16, 20], why: `set by ${file}` });
    expect(readJson('t.run', 'plans.json').tasks.dark.spacing.why).toContain('median spacing');
    await expect(train(settings('t', { resume: true }))).rejects.toThrow(RunError);
    await expect(train(settings('t', { resume: true }))).rejects.toThrow(/plans was .* is nothing/);
    await train(settings('t', { resume: true, plans: file }));
    const model = await readModel(at('t.onnx'));
    expect(model.tasks.map(({ plan: { patch } }) => patch)[1]).toEqual([16, 16, 20]);
  });
});

describe('prepared cases', () => {
  const [bright] = ballTasks;
  let dataset: Dataset;
  const notes: string[] = [];
  const store = () =>
    createCaseStore(openCache({ folder: at('kept'), maximumBytes: 1e8, onNote: (note) => notes.push(note) }));
  const entries = () =>
    existsSync(at('kept'))
      ? readdirSync(at('kept'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.bin'))
      : [];
  beforeAll(async () => {
    dataset = await openDataset(writeBallDataset(at('own'), bright), { seed: 0 });
  });

  it('come back as they were made, in memory that threads can share', async () => {
    const [c] = casesOf(dataset, 'train');
    const made = await store().prepare(dataset, c, ballPlan(bright));
    const print = await store().fingerprint(dataset, c);
    expect(entries()).toHaveLength(2);
    const [image, label] = [c.image, c.label!].map((file) => readFileSync(file));
    const kept = await store().prepare(dataset, c, ballPlan(bright));
    expect(kept).toEqual(made);
    expect(await store().fingerprint(dataset, c)).toEqual(print);
    for (const one of [made, kept]) {
      for (const array of [one.image, one.labels, one.foreground])
        expect(array.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(one.labels).toBeInstanceOf(Uint8Array);
    }
    expect(made.foreground.length).toBe(made.labels.reduce((sum, v) => sum + v, 0));
    expect([image, label]).toEqual([c.image, c.label!].map((file) => readFileSync(file)));
    expect(entries()).toHaveLength(2);
  });

  it('are read from the cache and not from the images, and made anew where an entry is damaged', async () => {
    const [, c] = casesOf(dataset, 'train');
    const made = await store().prepare(dataset, c, ballPlan(bright));
    const before = new Map(entries().map((name) => [name, statSync(at('kept', name)).ino]));
    await store().prepare(dataset, c, ballPlan(bright));
    expect(new Map(entries().map((name) => [name, statSync(at('kept', name)).ino]))).toEqual(before);
    for (const name of entries()) writeFileSync(at('kept', name), readFileSync(at('kept', name)).fill(7, 100, 110));
    expect(await store().prepare(dataset, c, ballPlan(bright))).toEqual(made);
    expect(await store().prepare(dataset, c, ballPlan(bright))).toEqual(made);
  });

  it('are others for another plan, image, label or target, but not for another patch', async () => {
    const [c] = casesOf(dataset, 'train');
    const [, , , d] = casesOf(dataset, 'train');
    await store().prepare(dataset, c, ballPlan(bright));
    const count = async (work: () => Promise<unknown>) => {
      const before = entries().length;
      await work();
      return entries().length - before;
    };
    const prepare = (changes: Parameters<typeof ballPlan>[1], set = dataset, one = c) =>
      count(() => store().prepare(set, one, ballPlan(bright, changes)));
    expect(await prepare({ patch: [32, 16, 16], overlap: 0.1 })).toBe(0);
    expect(await prepare({ spacing: [1.5, 1, 1] })).toBe(1);
    expect(await prepare({ intensityOffset: 3 })).toBe(1);
    expect(await prepare({ intensity: { kind: 'z-score', lowerPercentile: 1, upperPercentile: 99.5 } })).toBe(1);
    expect(await prepare({}, { ...dataset, target: [2] })).toBe(1);
    expect(await prepare({}, dataset, { ...c, image: d.image })).toBe(1);
    expect(await prepare({}, dataset, { ...c, label: d.label })).toBe(1);
  });

  it('of a file that changed are made from what it is now', async () => {
    const own = await openDataset(writeBallDataset(at('changing'), bright), { seed: 0 });
    const [c, other] = casesOf(own, 'train');
    const one = store();
    const before = await one.prepare(own, c, ballPlan(bright));
    rmSync(c.image);
    writeFileSync(c.image, readFileSync(other.image));
    const after = await one.prepare(own, c, ballPlan(bright));
    expect(after.image).not.toEqual(before.image);
    rmSync(c.image);
    await expect(one.prepare(own, c, ballPlan(bright))).rejects.toThrow(`${ballName(bright, 0)}.nii.gz`);
    expect(notes).toEqual([]);
  });
});
