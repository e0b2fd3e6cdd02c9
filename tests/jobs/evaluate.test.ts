/** A model against references and against images it was not made for: what the report folder holds. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { CancelledError, DatasetError, OutputError } from '../../src/errors.js';
import type { Summary } from '../../src/evaluation/summary.js';
import { createHeader } from '../../src/formats/nifti/nifti.js';
import { encodeFloat } from '../../src/formats/nifti/write.js';
import type { Progress } from '../../src/job-options.js';
import type { EvaluateOptions } from '../../src/jobs/evaluate.node.js';
import { evaluate } from '../../src/jobs/evaluate.node.js';
import { encodeModelFile } from '../../src/model/model-file.js';
import { detectorNames } from '../../src/ood/detectors.js';
import { ballFile, temporaryFolder, writeBallDataset } from '../support/ball-data.js';
import { makeBallModel } from '../support/ball-model.js';
import { ballTasks, makeBall } from '../support/balls.js';
import { once } from '../support/once.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (...parts: string[]) => path.join(folder.path, ...parts);
const [bright, dark, faint] = ballTasks;

let datasets: string[];
let summary: Summary;
const progress: Progress[] = [];
const run = (changes: Partial<EvaluateOptions> = {}) =>
  evaluate({ model: at('m.onnx'), datasets, output: at('report'), threads: 1, alpha: 0.2, ...changes });

beforeEach(
  once(async () => {
    writeFileSync(at('m.onnx'), await encodeModelFile(await makeBallModel()));
    datasets = [bright, dark].map((task) => writeBallDataset(folder.path, task));
    // Two sets below one folder: noise, and another task's images of which one is cut off.
    for (const set of ['noise', 'others']) mkdirSync(at('ood', set), { recursive: true });
    const { volume } = makeBall(bright, 0);
    for (const i of [1, 2, 3]) {
      const noise = volume.data.map((_, k) => ((k * 7919 * i) % 1000) ** 2);
      writeFileSync(at('ood', 'noise', `${i}.nii.gz`), encodeFloat(noise, createHeader(volume)));
      const bytes = ballFile(faint, i);
      writeFileSync(at('ood', 'others', `${i}.nii.gz`), i === 3 ? bytes.subarray(0, 1000) : bytes);
    }
    ({ summary } = await run({ ood: [at('ood')], onProgress: (one) => progress.push(one) }));
  }),
);

describe('evaluate', () => {
  it('writes summary, table and page', () => {
    expect(readdirSync(at('report')).sort()).toEqual(['cases.csv', 'report.html', 'summary.json']);
    expect(JSON.parse(readFileSync(at('report', 'summary.json'), 'utf8'))).toEqual(JSON.parse(JSON.stringify(summary)));
    const table = readFileSync(at('report', 'cases.csv'), 'utf8').trim().split('\n');
    // A heading, four test cases, six images of two sets.
    expect(table.length).toBe(1 + 4 + 6);
    const page = readFileSync(at('report', 'report.html'), 'utf8');
    expect(page).toMatch(/^<!doctype html>/i);
    for (const name of ['bright_7', 'dark_8', 'noise']) expect(page).toContain(name);
  });

  it('compares the test split alone, and gives every figure with its interval', () => {
    expect(Object.keys(summary.tasks)).toEqual(['bright', 'dark']);
    for (const task of Object.values(summary.tasks)) {
      expect([task.n, task.failed]).toEqual([2, 0]);
      for (const figure of [task.dice, task.calibration.before.ece, task.calibration.after.eceRoi]) {
        expect(Object.keys(figure).sort()).toEqual(['high', 'low', 'mean', 'n']);
        expect(figure.low! <= figure.mean! && figure.mean! <= figure.high!).toBe(true);
      }
      for (const name of ['hd95Mm', 'assdMm', 'nsd', 'volumeErrorMl'] as const) expect(task[name]).toBeDefined();
    }
  });

  it('tells every set from the test cases by every detector', () => {
    expect(summary.ood.default).toBe('soft-maximum');
    expect(Object.keys(summary.ood.detectors)).toEqual([...detectorNames]);
    for (const sets of Object.values(summary.ood.detectors)) {
      expect(Object.keys(sets).sort()).toEqual(['all', 'noise', 'others']);
      expect([sets.noise.n, sets.others.n, sets.all.n]).toEqual([3, 2, 5]);
      expect(sets.noise.familiar).toBe(4);
    }
    expect(summary.ood.detectors['soft-maximum'].noise.auroc.mean).toBe(1);
    expect(summary.ood.falseAlarms.map(({ alpha }) => alpha)).toContain(0.2);
  });

  it('notes what was left out', () => {
    expect(summary.notes.join('\n')).toMatch(/others/);
    expect(progress.map(({ stage, done, total }) => [stage, done, total])).toEqual(
      Array.from({ length: 10 }, (_, i) => ['evaluate', i + 1, 10]),
    );
  });

  it('keeps a case that cannot be read as failed', async () => {
    const broken = writeBallDataset(at('broken'), bright);
    const image = path.join(broken, 'imagesTr', 'bright_8.nii.gz');
    writeFileSync(image, readFileSync(image).subarray(0, 2000));
    const { summary: found } = await run({ datasets: [broken], output: at('broken-report') });
    expect([found.tasks.bright.n, found.tasks.bright.failed]).toEqual([1, 1]);
    expect(readFileSync(at('broken-report', 'cases.csv'), 'utf8')).toContain('bright_8');
    expect(found.notes.join('\n')).toMatch(/bright_8|could not/);
    const page = readFileSync(at('broken-report', 'report.html'), 'utf8');
    expect(page).toMatch(/Failed<\/b> · bright_8/);
  });

  it('says that an image holds voxels that are no numbers', async () => {
    const odd = writeBallDataset(at('odd'), bright);
    const { volume } = makeBall(bright, 8);
    const data = volume.data.map((value, i) => (i < 50 ? Number.NaN : value));
    writeFileSync(path.join(odd, 'imagesTr', 'bright_8.nii.gz'), encodeFloat(data, createHeader(volume)));
    const { summary: found } = await run({ datasets: [odd], output: at('odd-report') });
    expect(found.notes.join('\n')).toMatch(/1 of 2 images hold NaN or infinite voxels \(bright_8\)/);
    expect(readFileSync(at('odd-report', 'report.html'), 'utf8')).toContain('the image holds NaN or infinite voxels');
  });

  it('says which data the figures rest on; a file that is gone fails as a case, not as the whole', async () => {
    const lost = writeBallDataset(at('lost'), bright);
    rmSync(path.join(lost, 'labelsTr', 'bright_8.nii.gz'));
    const { summary: found } = await run({ datasets: [lost], output: at('lost-report') });
    expect([found.tasks.bright.n, found.tasks.bright.failed]).toEqual([1, 1]);
    const hashes = ['report', 'lost-report'].map((folderName) => {
      const [, name, sha256] = /<th scope="row">(bright)<\/th>.*?<code class="hash">([0-9a-f]{64})</.exec(
        readFileSync(at(folderName, 'report.html'), 'utf8').split('id="provenance"')[1],
      )!;
      return `${name} ${sha256}`;
    });
    expect(new Set(hashes).size).toBe(2);
  });
});

describe('evaluate refuses', () => {
  it('data sets that the model does not know, that have no test cases, or of one name', async () => {
    const unknown = writeBallDataset(folder.path, faint);
    await expect(run({ datasets: [unknown] })).rejects.toThrow(DatasetError);
    await expect(run({ datasets: [unknown] })).rejects.toThrow(/bright, dark.*found faint/);
    const split = { train: ['bright_0'], calibration: ['bright_1'], test: [] };
    const untested = writeBallDataset(at('untested'), bright, { split });
    await expect(run({ datasets: [untested] })).rejects.toThrow(/test split has no cases/);
    await expect(run({ datasets: [datasets[0], datasets[0]] })).rejects.toThrow(DatasetError);
  });

  it('two sets of one name, which would be counted as one', async () => {
    mkdirSync(at('elsewhere', 'noise'), { recursive: true });
    writeFileSync(at('elsewhere', 'noise', 'x.nii.gz'), ballFile(faint, 1));
    const ood = [at('ood', 'noise'), at('elsewhere', 'noise')];
    await expect(run({ ood })).rejects.toThrow(/noise.*Rename/);
  });

  it('an output that cannot be written, and stops where the signal fires', async () => {
    writeFileSync(at('file'), '');
    await expect(run({ output: at('file') })).rejects.toThrow(OutputError);
    await expect(run({ output: at('never'), signal: AbortSignal.abort() })).rejects.toThrow(CancelledError);
  });
});
