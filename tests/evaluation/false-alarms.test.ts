/** False alarms of several tasks: counted each by itself, against the range that its own calibration cases give. */
import { describe, expect, it } from 'vitest';
import { summarise } from '../../src/evaluation/summarise.js';
import { summariseFalseAlarms } from '../../src/evaluation/summarise-ood.js';
import { expectedAlarms } from '../../src/math/binomial.js';
import { syntheticCase, syntheticVerdict } from './synthetic.js';

const model = { name: 'm', sha256: '0' };
const of = (task: string, pValue: number, n: Record<string, number>, alpha = 0.05) =>
  syntheticCase({ task, case: `${task}-${pValue}`, verdict: syntheticVerdict(pValue, { n, alpha }) });

describe('false alarms of two tasks', () => {
  const n = { a: 30, b: 60 };
  const cases = [of('a', 0.01, n), of('a', 0.5, n), of('a', 0.6, n), of('b', 0.02, n), of('b', 0.03, n)];

  it('are counted by task, each with its own range, and together', () => {
    const range = (calibration: number, test: number) => expectedAlarms([{ calibration, test }], 0.05);
    expect(summariseFalseAlarms(cases, [0.05])).toEqual([
      { alpha: 0.05, task: 'a', n: 3, alarms: 1, expectedRange: range(30, 3) },
      { alpha: 0.05, task: 'b', n: 2, alarms: 2, expectedRange: range(60, 2) },
      {
        ...{ alpha: 0.05, task: 'pooled', n: 5, alarms: 3 },
        expectedRange: expectedAlarms(
          [
            { calibration: 30, test: 3 },
            { calibration: 60, test: 2 },
          ],
          0.05,
        ),
      },
    ]);
  });

  it('have no range of a task whose cases support no such alpha; together they rest on the pool', () => {
    const few = { a: 30, b: 5 };
    const pooled = [of('a', 0.01, few), of('b', 0.5, few), of('b', 0.01, few)].map((c) => ({
      ...c,
      verdict: {
        ...c.verdict,
        ood: { ...c.verdict.ood, guarantee: { ...c.verdict.ood.guarantee, kind: 'pooled' as const } },
      },
    }));
    expect(summariseFalseAlarms(pooled, [0.05])).toEqual([
      { alpha: 0.05, task: 'a', n: 1, alarms: 1, expectedRange: expectedAlarms([{ calibration: 30, test: 1 }], 0.05) },
      { alpha: 0.05, task: 'b', n: 2, alarms: 1, expectedRange: null },
      {
        ...{ alpha: 0.05, task: 'pooled', n: 3, alarms: 2 },
        expectedRange: expectedAlarms([{ calibration: 35, test: 3 }], 0.05),
      },
    ]);
  });

  it('leave out what no verdict decides: a case, a task, an alpha', () => {
    const undecided = (task: string) => {
      const one = of(task, 0.5, n);
      return { ...one, verdict: { ...one.verdict, verdict: 'undetermined' as const } };
    };
    const rows = summariseFalseAlarms([...cases.slice(0, 3), undecided('a'), undecided('b')], [0.05]);
    expect(rows.map(({ task, n: judged }) => [task, judged])).toEqual([
      ['a', 3],
      ['pooled', 3],
    ]);
    expect(summariseFalseAlarms([undecided('a')], [0.05])).toEqual([]);
  });

  it('are given at 0.05, at 0.10 and at the alpha of the evaluation, in that order', () => {
    const alphas = (alpha: number) => [
      ...new Set(
        summarise(
          { model, cases: [of('a', 0.3, n, alpha), of('b', 0.4, n, alpha)] },
          { alpha, resamples: 5 },
        ).ood.falseAlarms.map((row) => row.alpha),
      ),
    ];
    expect(alphas(0.05)).toEqual([0.05, 0.1]);
    expect(alphas(0.07)).toEqual([0.05, 0.07, 0.1]);
    expect(alphas(0.2)).toEqual([0.05, 0.1, 0.2]);
  });
});
