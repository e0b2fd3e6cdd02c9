/** Temperature, region, errors and masks of each task: from the file's own weights on the task's own calibration cases. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { StoredModel } from '../../src/model/model.js';
import { readModel } from '../../src/model/read-model.node.js';
import { casesOf, runCases, sizeOf } from './cases-of.js';
import {
  bestTemperature,
  type CalibrationCase,
  calibrationCase,
  diceOf,
  expectedCalibrationError,
  expectedDice,
  largestPart,
  mean,
} from './recompute.js';
import { honestRun } from './two-tasks.js';

describe('the calibration in a model file', () => {
  let model: StoredModel;
  let cases: CalibrationCase[][];
  beforeAll(async () => {
    const run = await honestRun();
    model = await readModel(run.chosen);
    cases = [];
    for (const { name, plan } of model.tasks) {
      const read = await casesOf(run, name, 'calibration');
      const runs = await runCases({ path: run.chosen, model }, read, plan);
      cases.push(read.map((of, i) => calibrationCase(runs[i].logits, of.reference, sizeOf(of))));
    }
  }, 300_000);
  const stated = (task: number) => model.tasks[task].calibration;

  it('tells its tasks apart, so that one cannot pass for the other', () => {
    expect(Math.abs(stated(0).temperature - stated(1).temperature)).toBeGreaterThan(0.05);
    expect(Math.abs(stated(0).meanDice! - stated(1).meanDice!)).toBeGreaterThan(0.02);
  });

  it.each([0, 1])('has the temperature of least negative log likelihood in the region (task %i)', (task) => {
    const { temperature, nll } = bestTemperature(cases[task]);
    expect(stated(task).n).toBe(cases[task].length);
    expect(stated(task).temperature / temperature).toBeCloseTo(1, 3);
    expect(stated(task).nllBefore).toBeCloseTo(nll(1), 4);
    expect(stated(task).nllAfter).toBeCloseTo(nll(temperature), 4);
  });

  it.each([0, 1])('has the calibration errors of its region before and after (task %i)', (task) => {
    const { temperature, eceBefore, eceAfter } = stated(task);
    // A voxel whose probability lies at the border of two bins may fall into either.
    expect(eceBefore).toBeCloseTo(mean(cases[task].map((c) => expectedCalibrationError(c, 1))), 3);
    expect(eceAfter).toBeCloseTo(mean(cases[task].map((c) => expectedCalibrationError(c, temperature))), 3);
  });

  it.each([0, 1])(
    'keeps the largest component where that raises the mean Dice, and states that Dice (task %i)',
    (task) => {
      const scored = (masks: Uint8Array[]) => mean(masks.map((mask, i) => diceOf(mask, cases[task][i].reference)));
      const whole = cases[task].map(({ mask }) => mask);
      const largest = cases[task].map(({ mask, size }) => largestPart(mask, size));
      expect(stated(task).keepLargest).toBe(scored(largest) > scored(whole));
      const masks = stated(task).keepLargest ? largest : whole;
      expect(stated(task).meanDice).toBeCloseTo(scored(masks), 3);
      const errors = cases[task].flatMap((c, i) => {
        const expected = expectedDice(c, masks[i], stated(task).temperature);
        return expected === null ? [] : [Math.abs(expected - diceOf(masks[i], c.reference))];
      });
      expect(stated(task).estimatedDiceError).toBeCloseTo(mean(errors), 3);
    },
  );
});
