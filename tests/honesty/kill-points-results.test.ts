/** Predictions and evaluations that fail at their operations on files: results whole or not there, and made by another go. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { evaluate } from '../../src/jobs/evaluate.node.js';
import { predict } from '../../src/jobs/predict.node.js';
import { encodeModelFile } from '../../src/model/model-file.js';
import { ballFile, temporaryFolder, writeBallDataset } from '../support/ball-data.js';
import { makeBallModel } from '../support/ball-model.js';
import { ballTasks } from '../support/balls.js';
import { contentsOf, isOld, writeOld } from '../support/small-work.js';
import { failAt, type KillPoint, killPoints, type Mode, oneIn, record, tell } from './kill-points.js';

vi.mock('node:fs/promises', async (original) =>
  (await import('../support/faulty-disk.js')).faultyPromises(await original()),
);
vi.mock('node:fs', async (original) => (await import('../support/faulty-disk.js')).faultyFs(await original()));

const READS = 4;
/** Another go is made after every so many failures of one operation: each takes as long as the work itself. */
const GOES = 4;
const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (...parts: string[]) => path.join(folder.path, ...parts);
let inputs: Record<string, string>;

beforeAll(async () => {
  mkdirSync(at('images'));
  for (const index of [0, 1]) writeFileSync(at('images', `ball${index}.nii.gz`), ballFile(ballTasks[0], index));
  writeFileSync(at('balls.onnx'), await encodeModelFile(await makeBallModel()));
  writeBallDataset(at('data'), ballTasks[0]);
  inputs = inputContents();
}, 300_000);

const inputContents = () => ({ ...contentsOf(at('images')), ...contentsOf(at('data')) });

/** Results without what differs from run to run: times, and the day. */
const timeless = (file: string): string => {
  const text = readFileSync(file);
  if (file.endsWith('.gz')) return text.toString('base64');
  return text.toString().replace(/"seconds": [\d.e-]+/g, '');
};
const visible = (name: string) => readdirSync(at(name)).filter((file) => !file.startsWith('.'));
const nothingBeside = (name: string) =>
  expect(readdirSync(at(name)).filter((file) => file.startsWith('.'))).toEqual([]);

describe('predict', () => {
  const job = (name: string) =>
    predict({
      ...{ model: at('balls.onnx'), inputs: [at('images')], output: at(name), threads: 1, alpha: 0.2 },
      ...{ continue: true, saveProbabilities: true, saveOodMap: true },
    });
  let points: KillPoint[];
  let whole: string[];
  beforeAll(async () => {
    points = killPoints(await record(() => job('whole')), READS);
    whole = visible('whole').sort();
  });

  /** What bears a name is whole, and a case that has its verdict has all its files. */
  function check(name: string): void {
    if (!existsSync(at(name))) return;
    const found = visible(name);
    for (const file of found.filter((one) => one !== 'summary.json')) {
      expect(timeless(at(name, file)), file).toBe(timeless(at('whole', file)));
      const stem = path.basename(file, '.json');
      if (file.endsWith('.json'))
        expect(found).toEqual(expect.arrayContaining(whole.filter((one) => one.startsWith(stem))));
    }
    if (!found.includes('summary.json')) return;
    const { cases } = JSON.parse(readFileSync(at(name, 'summary.json'), 'utf8'));
    // A folder of images that cannot be looked at is said to have failed, as an image would be.
    if (cases[0].case === 'images') expect(cases[0].error.message).toContain(at('images'));
    else expect(cases).toHaveLength(2);
  }

  it.each(['once', 'dead'] as const)(
    'leaves whole results or none, and goes on with what is missing (%s)',
    async (mode: Mode) => {
      expect(whole).toHaveLength(9);
      for (const [i, point] of (mode === 'once' ? points : oneIn(3, points)).entries()) {
        const name = `predict-${mode}-${i}`;
        const error = await failAt(point, mode, () => job(name));
        const what = `${tell(point)}: ${error?.message ?? 'managed'}`;
        check(name);
        if (mode === 'once' && existsSync(at(name))) nothingBeside(name);
        if (mode === 'once' && i % GOES !== 0) continue;
        await job(name);
        expect(visible(name).sort(), what).toEqual(whole);
        check(name);
        expect(timeless(at(name, 'summary.json')), what).toBe(timeless(at('whole', 'summary.json')));
      }
      expect(inputContents()).toEqual(inputs);
    },
    600_000,
  );
});

describe('evaluate', () => {
  const results = ['summary.json', 'cases.csv', 'report.html'];
  const job = (name: string) =>
    evaluate({
      model: at('balls.onnx'),
      datasets: [at('data', 'bright')],
      output: at(name),
      threads: 1,
    });
  const begin = (name: string) => {
    mkdirSync(at(name));
    writeOld(...results.map((file) => at(name, file)));
  };
  let points: KillPoint[];
  beforeAll(async () => {
    begin('evaluated');
    points = killPoints(await record(() => job('evaluated')), READS);
  });

  it.each(['once', 'dead'] as const)(
    'leaves each result old or new, and another go makes all (%s)',
    async (mode: Mode) => {
      for (const [i, point] of (mode === 'once' ? points : oneIn(3, points)).entries()) {
        const name = `evaluate-${mode}-${i}`;
        begin(name);
        const error = await failAt(point, mode, () => job(name));
        const what = `${tell(point)}: ${error?.message ?? 'managed'}`;
        expect(visible(name).sort()).toEqual([...results].sort());
        for (const file of results.filter((one) => !isOld(at(name, one)))) {
          const text = readFileSync(at(name, file), 'utf8');
          if (file === 'summary.json') expect(JSON.parse(text).model.name, what).toBe('balls');
          if (file === 'report.html') expect(text.trim(), what).toMatch(/<\/html>$/);
          if (file === 'cases.csv') expect(text.endsWith('\n'), what).toBe(true);
        }
        if (mode === 'once') nothingBeside(name);
        if (!error) expect(results.filter((file) => isOld(at(name, file)))).toEqual([]);
        if (mode === 'once' && i % GOES !== 0) continue;
        await job(name);
        expect(timeless(at(name, 'summary.json')), what).toBe(timeless(at('evaluated', 'summary.json')));
      }
      expect(inputContents()).toEqual(inputs);
    },
    600_000,
  );
});
