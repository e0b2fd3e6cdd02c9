/** An evaluation: on the cases that the run kept for it, with its figures computed again from the file's weights. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Summary } from '../../src/evaluation/summary.js';
import { evaluate } from '../../src/jobs/evaluate.node.js';
import type { StoredModel } from '../../src/model/model.js';
import { readModel } from '../../src/model/read-model.node.js';
import { temporaryFolder } from '../support/ball-data.js';
import { casesOf, runCases, sizeOf, splitsOf } from './cases-of.js';
import {
  type CalibrationCase,
  calibrationCase,
  diceOf,
  expectedCalibrationError,
  indicesOf,
  largestPart,
  mean,
  probabilities,
} from './recompute.js';
import { type HonestRun, honestRun } from './two-tasks.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

let run: HonestRun;
let model: StoredModel;
let summary: Summary;
let cases: Record<string, CalibrationCase[]>;
beforeAll(async () => {
  run = await honestRun();
  model = await readModel(run.chosen);
  ({ summary } = await evaluate({ model: run.chosen, datasets: run.datasets, output: folder.path, threads: 1 }));
  cases = {};
  for (const { name, plan } of model.tasks) {
    const read = await casesOf(run, name, 'test');
    const runs = await runCases({ path: run.chosen, model }, read, plan);
    cases[name] = read.map((of, i) => calibrationCase(runs[i].logits, of.reference, sizeOf(of)));
  }
}, 300_000);

describe('evaluate, of data sets without a split', () => {
  it('takes the very cases that the training run set aside, by the seed in the model file', () => {
    const [header, ...rows] = readFileSync(path.join(folder.path, 'cases.csv'), 'utf8').trim().split('\n');
    const column = header.split(',').indexOf('case');
    const evaluated = rows.map((row) => row.split(',')[column]).sort();
    const setAside = model.tasks.flatMap(({ name }) => splitsOf(run)[name].test);
    expect(evaluated).toEqual([...setAside].sort());
    const learned = model.tasks.flatMap(({ name }) => [
      ...splitsOf(run)[name].train,
      ...splitsOf(run)[name].calibration,
    ]);
    expect(evaluated.filter((name) => learned.includes(name))).toEqual([]);
  });

  it('has the Dice of masks as they are written', () => {
    for (const { name, calibration } of model.tasks) {
      const dices = cases[name].map(({ mask, reference, size }) =>
        diceOf(calibration.keepLargest ? largestPart(mask, size) : mask, reference),
      );
      expect(summary.tasks[name].dice.mean, name).toBeCloseTo(mean(dices), 3);
      expect(summary.tasks[name].n).toBe(dices.length);
    }
  });

  it('judges probabilities near prediction and reference, before and after the temperature of the task', () => {
    for (const { name, calibration } of model.tasks) {
      const nll = (temperature: number) => mean(cases[name].map((c) => regionLikelihood(c, temperature)));
      const { before, after } = summary.tasks[name].calibration;
      expect(before.nllRoi.mean, name).toBeCloseTo(nll(1), 3);
      expect(after.nllRoi.mean, name).toBeCloseTo(nll(calibration.temperature), 3);
      const ece = (temperature: number) => mean(cases[name].map((c) => expectedCalibrationError(c, temperature)));
      expect(before.eceRoi.mean, name).toBeCloseTo(ece(1), 3);
      expect(after.eceRoi.mean, name).toBeCloseTo(ece(calibration.temperature), 3);
    }
  });
});

function regionLikelihood(c: CalibrationCase, temperature: number): number {
  const p = probabilities(c, temperature);
  return mean(indicesOf(c.region).map((i) => -Math.log(c.reference[i] ? p[i] : 1 - p[i])));
}
