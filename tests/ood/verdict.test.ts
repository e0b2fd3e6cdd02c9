import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { createRandom } from '../../src/math/random.js';
import { judge } from '../../src/ood/verdict.js';
import { someLayers, syntheticFeatures, syntheticState, under } from './synthetic.js';

const random = createRandom('verdicts');
const names = ['task0', 'task1'];
const image = (task: number, shift = 0) => syntheticFeatures(random, someLayers, task, shift);

describe('judge', () => {
  const state = syntheticState(createRandom('state'), [19, 24]);

  it('gives exactly the keys of a case file, as JSON', () => {
    const verdict = judge(state, under(image(0, 20), names), { alpha: 0.05 });
    expect(JSON.parse(JSON.stringify(verdict))).toEqual({
      verdict: 'out-of-distribution',
      ood: {
        detector: 'soft-maximum',
        score: expect.any(Number),
        pValue: 0.05,
        alpha: 0.05,
        nearestTask: expect.stringMatching(/^task[01]$/),
        guarantee: { kind: 'per-task', n: 19, minimumAlpha: 0.05, holds: true },
        perTask: {
          task0: { score: expect.any(Number), pValue: 0.05, n: 19 },
          task1: { score: expect.any(Number), pValue: 0.04, n: 24 },
        },
      },
    });
  });

  it('takes the largest p of the tasks and the smallest score', () => {
    const { verdict, ood } = judge(state, under(image(1), names), { alpha: 0.05 });
    expect(verdict).toBe('in-distribution');
    expect(ood.nearestTask).toBe('task1');
    expect(ood.score).toBe(Math.min(ood.perTask.task0.score!, ood.perTask.task1.score!));
    expect(ood.pValue).toBe(Math.max(ood.perTask.task0.pValue, ood.perTask.task1.pValue));
    expect(ood.pValue).toBeGreaterThan(0.05);
  });

  it('goes over to the pool where one task has too few images, keeping the p of those with enough', () => {
    const small = syntheticState(createRandom('small'), [19, 18]);
    const strange = judge(small, under(image(0, 20), names), { alpha: 0.05 });
    expect(strange.verdict).toBe('out-of-distribution');
    expect(strange.ood.guarantee).toEqual({ kind: 'pooled', n: 37, minimumAlpha: 1 / 38, holds: true });
    expect(strange.ood.pValue).toBe(0.05); // p of task0; the pooled one is 1/38
    const familiar = judge(small, under(image(1), names), { alpha: 0.05 });
    expect(familiar.verdict).toBe('in-distribution');
  });

  it('is undetermined where not even the pool supports alpha, and says from which alpha on it would not be', () => {
    const few = syntheticState(createRandom('few'), [9, 5]);
    const far = under(image(0, 20), names);
    const { verdict, ood } = judge(few, far, { alpha: 0.05 });
    expect(verdict).toBe('undetermined');
    expect(ood.guarantee).toEqual({ kind: 'pooled', n: 14, minimumAlpha: 1 / 15, holds: false });
    expect(ood.pValue).toBe(1 / 15);
    expect(judge(few, far, { alpha: ood.guarantee.minimumAlpha }).verdict).toBe('out-of-distribution');
    const none = judge(syntheticState(createRandom('none'), [0, 0]), far, { alpha: 0.5 });
    expect(none.verdict).toBe('undetermined');
    expect(none.ood.pValue).toBe(1);
    expect(none.ood.score).toEqual(expect.any(Number));
  });

  it('tests a named task alone', () => {
    const foreign = under(image(1), names);
    const { verdict, ood } = judge(state, foreign, { alpha: 0.05, task: 'task0' });
    expect(verdict).toBe('out-of-distribution');
    expect(Object.keys(ood.perTask)).toEqual(['task0']);
    expect(ood.nearestTask).toBe('task0');
    expect(ood.guarantee).toEqual({ kind: 'per-task', n: 19, minimumAlpha: 0.05, holds: true });
    expect(judge(state, foreign, { alpha: 0.05, task: 'task1' }).verdict).toBe('in-distribution');
    expect(judge(state, { task1: foreign.task1 }, { alpha: 0.05, task: 'task1' }).verdict).toBe('in-distribution');
    const tooFew = judge(state, foreign, { alpha: 0.045, task: 'task0' });
    expect(tooFew.verdict).toBe('undetermined');
    expect(tooFew.ood.guarantee).toEqual({ kind: 'per-task', n: 19, minimumAlpha: 0.05, holds: false });
  });

  it('counts a task it was not run under as infinitely far, and writes null', () => {
    const run = image(0);
    const { verdict, ood } = judge(state, { task0: run, task1: null }, { alpha: 0.05 });
    expect(verdict).toBe('in-distribution');
    expect(ood.perTask.task1).toEqual({ score: null, pValue: 1 / 25, n: 24 });
    const nowhere = judge(state, {}, { alpha: 0.05 });
    expect(nowhere.verdict).toBe('out-of-distribution');
    expect([nowhere.ood.score, nowhere.ood.nearestTask, nowhere.ood.pValue]).toEqual([null, null, 0.05]);
  });

  it('keeps a task called __proto__ apart', () => {
    const bank = [image(0), image(0), image(0)];
    expect(() => judge(state, under(bank[0], ['__proto__']), { alpha: 0.05 })).toThrow(/unknown task '__proto__'/);
  });

  it('refuses what makes no sense', () => {
    const run = under(image(0), names);
    for (const alpha of [0, 1, -1, Number.NaN]) expect(() => judge(state, run, { alpha })).toThrow(UsageError);
    expect(() => judge(state, run, { alpha: 0.05, task: 'liver' })).toThrow(/'liver'.*'task0', 'task1'/);
    expect(() => judge(state, { ...run, liver: null }, { alpha: 0.05 })).toThrow(/unknown task 'liver'/);
    const other = { ...image(0), spectra: [new Float64Array(3)] };
    expect(() => judge(state, under(other, names), { alpha: 0.05 })).toThrow(/expected spectra of 3,5, found 3/);
  });
});
