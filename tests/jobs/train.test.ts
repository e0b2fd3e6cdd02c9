/** From data-set folders to a model file: what a run leaves behind, and how it is taken up again. */
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  CancelledError,
  DatasetError,
  type Fault,
  ModelFormatError,
  OutputError,
  RunError,
  UsageError,
} from '../../src/errors.js';
import type { Progress } from '../../src/job-options.js';
import { train } from '../../src/jobs/train.node.js';
import { foregroundNames } from '../../src/labels/label-space.js';
import { readModel } from '../../src/model/read-model.node.js';
import type { TrainOptions } from '../../src/training/train-options.js';
import { ensureBuilt } from '../cli/run-candor.js';
import { temporaryFolder, writeBallDataset, writeBallDatasets } from '../support/ball-data.js';
import { ballTasks } from '../support/balls.js';
import { digest } from '../support/digest.js';
import { once } from '../support/once.js';

const STEPS = 6;
const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (...parts: string[]) => path.join(folder.path, ...parts);
const readJson = (...parts: string[]) => JSON.parse(readFileSync(at(...parts), 'utf8'));
const metricsOf = (run: string): { step: number; loss: number; seconds: number }[] =>
  readFileSync(at(run, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

let datasets: string[];
const progress: Progress[] = [];
const settings = (name: string, changes: Partial<TrainOptions> = {}): TrainOptions => ({
  datasets,
  output: at(`${name}.onnx`),
  preset: 'tiny',
  steps: STEPS,
  batch: 3,
  seed: 3,
  threads: 1,
  ...changes,
});

beforeEach(
  once(async () => {
    // The worker that prepares batches is compiled code.
    await ensureBuilt();
    datasets = writeBallDatasets(at('data'));
    await train(settings('m', { onProgress: (one) => progress.push(one) }));
  }),
);

describe('train', () => {
  it('writes a model that knows its tasks, its calibration and where it comes from', async () => {
    const model = await readModel(at('m.onnx'));
    expect(model.name).toBe('m');
    expect(
      model.tasks.map(({ name, labels, cases }) => ({ name, foreground: foregroundNames(labels), cases })),
    ).toEqual(
      ballTasks.map(({ name }) => ({ name, foreground: ['ball'], cases: { train: 4, calibration: 3, test: 2 } })),
    );
    expect(model.ood.tasks.map(({ bank }) => bank.length)).toEqual([4, 4, 4]);
    expect(model.provenance).toMatchObject({ seed: 3, steps: STEPS, init: null });
    expect(model.provenance.trainingSeconds).toBeGreaterThan(0);
    expect(model.provenance.datasets.map(({ sha256 }) => sha256)).toEqual(
      readJson('m.run', 'run.json').datasets.map(({ sha256 }: { sha256: string }) => sha256),
    );
  });

  it('leaves a run folder that says how it came to be', () => {
    expect(readdirSync(at('m.run')).sort()).toEqual([
      'checkpoint.bin',
      'fingerprints.json',
      'metrics.jsonl',
      'plans.json',
      'run.json',
      'splits.json',
    ]);
    expect(readJson('m.run', 'run.json')).toMatchObject({
      preset: 'tiny',
      steps: STEPS,
      seed: 3,
      batch: 3,
      threads: 1,
      datasets: ballTasks.map(({ name }) => ({ name })),
    });
    const plans = readJson('m.run', 'plans.json').tasks;
    expect(Object.keys(plans)).toEqual(ballTasks.map(({ name }) => name));
    for (const task of ballTasks) expect(plans[task.name].spacing.value).toEqual(task.spacing);
    expect(readJson('m.run', 'splits.json').dark.test).toEqual(['dark_7', 'dark_8']);
    expect(metricsOf('m.run').map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('tells of every stage from the first to the last of its parts', () => {
    const stages = [...new Set(progress.map(({ stage }) => stage))];
    expect(stages).toEqual(['check', 'prepare', 'train', 'calibrate']);
    for (const stage of ['prepare', 'train', 'calibrate']) {
      const own = progress.filter((one) => one.stage === stage);
      const total = { prepare: 12, train: STEPS, calibrate: 21 }[stage];
      expect(own.map(({ done }) => done)).toEqual(Array.from({ length: total! }, (_, i) => i + 1));
      expect(own.every((one) => one.total === total)).toBe(true);
    }
    expect(Object.keys(progress.find(({ stage }) => stage === 'train')!.dice!)).toEqual(['bright', 'dark', 'faint']);
  });

  it('cancelled and resumed gives the weights of an undisturbed run, bit for bit', async () => {
    const controller = new AbortController();
    const onProgress = ({ stage, done }: Progress) => {
      if (stage === 'train' && done === 4) controller.abort();
    };
    const run = train(settings('stopped', { onProgress, signal: controller.signal }));
    await expect(run).rejects.toThrow(CancelledError);
    expect(existsSync(at('stopped.onnx'))).toBe(false);
    // As if killed while step 6 was being written down, after steps that no checkpoint has.
    appendFileSync(at('stopped.run', 'metrics.jsonl'), '{"step":5,"loss":9}\n{"step":6,"lo');
    const { steps } = await train(settings('stopped', { resume: true }));
    expect(steps).toBe(STEPS);
    const [resumed, undisturbed] = [await readModel(at('stopped.onnx')), await readModel(at('m.onnx'))];
    expect(digest(resumed.weights)).toBe(digest(undisturbed.weights));
    const untimed = (name: string) => metricsOf(name).map(({ seconds: _seconds, ...record }) => record);
    expect(untimed('stopped.run')).toEqual(untimed('m.run'));
  });

  it('resumed when all steps are done only calibrates again', async () => {
    const before = await readModel(at('m.onnx'));
    rmSync(at('m.onnx'));
    await train(settings('m', { resume: true }));
    const after = await readModel(at('m.onnx'));
    expect(digest(after.weights)).toBe(digest(before.weights));
    expect(after.tasks).toEqual(before.tasks);
    expect(metricsOf('m.run').length).toBe(STEPS);
  });

  it('starts from another model where told to, and says so', async () => {
    const start = await readModel(at('m.onnx'));
    await train(settings('tuned', { init: at('m.onnx'), steps: 1, datasets: datasets.slice(2) }));
    const tuned = await readModel(at('tuned.onnx'));
    expect(tuned.provenance.init).toBe(start.sha256);
    const moved = Math.max(...tuned.weights.map((value, i) => Math.abs(value - start.weights[i])));
    expect(moved > 0 && moved < 1e-3).toBe(true);
  });
});

describe('train refuses', () => {
  const refused = async (changes: Partial<TrainOptions>, error: new (fault: Fault) => Error, reason: RegExp) => {
    const run = train(settings('m', changes));
    await expect(run).rejects.toThrow(reason);
    await expect(run).rejects.toThrow(error);
  };

  it('a run folder that holds a run, one that holds none, and one begun with other settings', async () => {
    await refused({}, RunError, /m\.run: holds a run already. Add --resume/);
    await refused({ resume: true, run: at('nothing') }, RunError, /nothing: expected a run to resume/);
    await refused({ resume: true, seed: 4 }, RunError, /seed was 3, is 4/);
    await refused({ resume: true, steps: undefined, minutes: 1 }, RunError, /steps was 6, is nothing/);
    await refused({ resume: true, datasets: datasets.slice(1), batch: 3 }, RunError, /datasets was/);
  });

  it('a run folder that is damaged', async () => {
    const [settingsFile, checkpoint] = ['run.json', 'checkpoint.bin'].map((name) => at('m.run', name));
    const [text, bytes] = [readFileSync(settingsFile), readFileSync(checkpoint)];
    for (const broken of ['{', 'null', '[]', '']) {
      writeFileSync(settingsFile, broken);
      await refused({ resume: true }, RunError, /run\.json/);
    }
    writeFileSync(settingsFile, text);
    writeFileSync(checkpoint, bytes.subarray(0, 1000));
    await refused({ resume: true }, RunError, /checkpoint\.bin/);
    writeFileSync(checkpoint, bytes);
  });

  it('data sets with missing or broken files, by name, before anything is trained', async () => {
    const missing = writeBallDataset(at('missing'), ballTasks[0]);
    rmSync(path.join(missing, 'labelsTr', 'bright_2.nii.gz'));
    await refused({ run: at('r1'), datasets: [missing] }, DatasetError, /bright_2\.nii\.gz.*missing/);
    const broken = writeBallDataset(at('broken'), ballTasks[0]);
    const image = path.join(broken, 'imagesTr', 'bright_1.nii.gz');
    writeFileSync(image, readFileSync(image).subarray(0, 3000));
    await refused({ run: at('r2'), datasets: [broken] }, DatasetError, /bright_1\.nii\.gz.*truncated/);
    // Once mended, the same command does: nothing was trained that could be lost.
    writeBallDataset(at('broken'), ballTasks[0]);
    await train(settings('mended', { run: at('r2'), datasets: [broken], steps: 1 }));
    expect(metricsOf('r2').length).toBe(1);
    await refused({ run: at('r3'), datasets: [datasets[0], datasets[0]] }, DatasetError, /bright/);
    await refused({ run: at('r4'), datasets: [] }, UsageError, /data-set folder/);
  });

  it('options that contradict each other', async () => {
    await refused({ minutes: 1 }, UsageError, /found both/);
    await refused({ preset: 'small', init: at('m.onnx'), run: at('r5') }, ModelFormatError, /preset small/);
    const stages: string[] = [];
    const onProgress = ({ stage }: Progress) => stages.push(stage);
    await refused({ patch: [16, 16, 15], run: at('r6'), onProgress }, UsageError, /stride 4, found 16 x 16 x 15/);
    expect(stages).toEqual([]);
  });

  it('an output that cannot be written, before the work', async () => {
    writeFileSync(at('file'), '');
    const stages: string[] = [];
    const onProgress = ({ stage }: Progress) => stages.push(stage);
    await refused({ output: at('file', 'm.onnx'), run: at('r7'), onProgress }, OutputError, /file/);
    expect(stages).not.toContain('train');
  });
});
