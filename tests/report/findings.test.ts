import { describe, expect, it } from 'vitest';
import type { CaseResult, OodResult } from '../../src/evaluation/case-result.js';
import { summarise } from '../../src/evaluation/summarise.js';
import type { Summary } from '../../src/evaluation/summary.js';
import { renderFindings } from '../../src/report/findings.js';
import { syntheticCalibration, syntheticCase, syntheticOod, syntheticVerdict } from '../evaluation/synthetic.js';

const model = { name: 'm.onnx', sha256: 'abc' };

interface Results {
  cases?: readonly CaseResult[];
  oodImages?: readonly OodResult[];
  calibrationDice?: Record<string, number>;
}

/** The findings as a reader sees them: tags removed. */
function findings(
  { cases = [], oodImages = [], calibrationDice = {} }: Results,
  change?: (s: Summary) => Summary,
): string {
  const made = summarise({ model, cases, oodImages }, { resamples: 20, calibrationDice });
  const summary = change ? change(made) : made;
  return String(renderFindings({ summary, cases, oodImages }))
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('\u00a0', ' ');
}

/** Four test cases and two OOD images, scored by each detector as given. */
function scored(scores: Record<string, readonly [cases: readonly number[], ood: readonly number[]]>): Results {
  const of = (which: 0 | 1, i: number) =>
    Object.fromEntries(Object.entries(scores).map(([name, values]) => [name, values[which][i]]));
  return {
    cases: [0, 1, 2, 3].map((i) => syntheticCase({ case: `c${i}`, group: `g${i}`, scores: of(0, i) })),
    oodImages: [0, 1].map((i) => syntheticOod({ case: `o${i}`, scores: of(1, i) })),
  };
}

describe('the sentence about detectors', () => {
  const perfect = [
    [0, 1, 2, 3],
    [8, 9],
  ] as const;
  const poor = [
    [0, 1, 2, 9],
    [8, 1.5],
  ] as const;

  it('says nothing of a place where all are perfect but that none is better', () => {
    const text = findings(scored({ 'soft-maximum': perfect, entropy: perfect, 'paper-signature': perfect }));
    expect(text).toContain('AUROC 1.000');
    expect(text).not.toContain('not the best');
    expect(text).toContain('so that it is no better than the others.');
  });

  it('says that it is not the best only where another is better', () => {
    const worse = findings(scored({ 'soft-maximum': poor, entropy: perfect, 'paper-signature': poor }));
    expect(worse).toContain('so that it is not the best.');
    const shared = findings(scored({ 'soft-maximum': perfect, entropy: perfect, 'paper-signature': poor }));
    expect(shared).toContain('so that it shares the first place.');
    const best = findings(scored({ 'soft-maximum': perfect, entropy: poor }));
    expect(best).toMatch(/against voxel entropy 0\.\d+ \([^)]+\)\./);
    expect(best).not.toContain('so that');
  });

  it('calls none better where the difference is smaller than what is printed', () => {
    const nudge = (summary: Summary): Summary => {
      const { entropy } = summary.ood.detectors;
      const all = { ...entropy.all, auroc: { ...entropy.all.auroc, mean: 1 + 1e-4 } };
      const detectors = { ...summary.ood.detectors, entropy: { ...entropy, all } };
      return { ...summary, ood: { ...summary.ood, detectors } };
    };
    expect(findings(scored({ 'soft-maximum': perfect, entropy: perfect }), nudge)).not.toContain('not the best');
  });

  it('says why nothing was tested', () => {
    const error = { tag: 'ImageFormatError', message: 'cut' };
    const broken = syntheticOod({ verdict: null, scores: {}, error });
    expect(findings({ cases: [syntheticCase()] })).toContain('Not tested: no OOD set was given.');
    expect(findings({ cases: [syntheticCase()], oodImages: [broken] })).toContain('Not tested: 1 image of OOD sets');
    expect(findings({ oodImages: [syntheticOod()] })).toMatch(/1 of 1 out-of-distribution image \(100 %\) was flagged/);
    expect(findings({ oodImages: [syntheticOod()] })).toContain('no test case to tell them from');
  });
});

describe('the other sentences', () => {
  it('name no worst case where there is one, where all are alike, or where several share the last place', () => {
    const of = (...dice: number[]) => dice.map((d, i) => syntheticCase({ case: `c${i}`, group: `g${i}`, dice: d }));
    expect(findings({ cases: of(0.8) })).toContain('The Dice of the only test case, c0 of liver, is 0.80.');
    expect(findings({ cases: of(0.8, 0.8) })).toContain('Every case has 0.80.');
    expect(findings({ cases: of(0, 0.8, 0) })).toContain('The worst 2 cases, c0 of liver among them, have 0.00.');
    expect(findings({ cases: of(0.3, 0.8) })).toContain('The worst single case, c0 of liver, has 0.30.');
    const tasks = ['liver', 'heart'].map((task) => syntheticCase({ task, case: task }));
    expect(findings({ cases: tasks })).not.toContain('runs from');
    expect(findings({ cases: [tasks[0], { ...tasks[1], dice: 0.2 }] })).toContain('The mean Dice runs from 0.20');
  });

  it('count tasks that temperature scaling left as they were apart, and speak of one task as one', () => {
    const same = syntheticCalibration([0.1, 0.9], [0, 1]);
    const improved = syntheticCase({ task: 'liver' });
    const unchanged = syntheticCase({ task: 'heart', calibration: { before: same, after: same } });
    expect(findings({ cases: [improved, unchanged] })).toContain('smaller in 1 of 2 tasks and left it as it was in 1.');
    expect(findings({ cases: [improved] })).toMatch(/temperature scaling took the gap .* from \d/);
    expect(findings({ cases: [improved] })).not.toMatch(/of 1 task|largest/);
  });

  it('say that false alarms are not known where the calibration images support no alpha', () => {
    const few = syntheticCase({ verdict: { ...syntheticVerdict(0.5, { n: { liver: 4 } }), verdict: 'undetermined' } });
    expect(findings({ cases: [few] })).toContain('Not known: the calibration images are too few for alpha 0.05.');
    expect(findings({ cases: [syntheticCase()] })).toMatch(
      /1 test case raised 0 false alarms at alpha 0.05 \(expected: 0/,
    );
    expect(findings({})).not.toContain('false alarm at');
  });

  it('compare the expected Dice with a baseline of the same cases only', () => {
    const cases = ['liver', 'heart'].map((task) => syntheticCase({ task, case: task, estimatedDice: 0.88 }));
    const both = findings({ cases, calibrationDice: { liver: 0.5, heart: 0.5 } });
    expect(both).toContain('better than always stating');
    expect(findings({ cases, calibrationDice: { liver: 0.88, heart: 0.88 } })).toContain(
      'no better than always stating',
    );
    const half = findings({ cases, calibrationDice: { liver: 0.5 } });
    expect(half).toContain('is off by 0.020');
    expect(half).not.toContain('always stating');
  });

  it('hold in an empty evaluation', () => {
    expect(findings({})).toContain('no OOD set was given');
    expect(findings({})).not.toMatch(/NaN|null|undefined|Infinity/);
  });
});
