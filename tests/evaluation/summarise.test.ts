import { describe, expect, it } from 'vitest';
import { createEstimate } from '../../src/evaluation/figures.js';
import { summarise } from '../../src/evaluation/summarise.js';
import { alarmAt, summariseFalseAlarms } from '../../src/evaluation/summarise-ood.js';
import { estimatedDiceScore, summariseEstimatedDice } from '../../src/evaluation/summarise-ranking.js';
import { expectedAlarms } from '../../src/math/binomial.js';
import { syntheticCalibration, syntheticCase, syntheticOod, syntheticVerdict } from './synthetic.js';

const model = { name: 'm', sha256: 'ab' };
const options = { resamples: 200, seed: 3 };

const cases = [0.9, 0.7, 0.8, 0.4].map((dice, i) =>
  syntheticCase({
    dice,
    case: `liver_${i}`,
    group: `patient-${i}`,
    scores: { 'soft-maximum': [0, 2, 1, 3][i], entropy: [4, 3, 2, 1][i] },
    estimatedDice: [0.8, 0.7, 0.9, 0.5][i],
  }),
);

describe('accuracy', () => {
  it('averages cases and gives an interval around the mean', () => {
    const { dice, nsd } = summarise({ model, cases }, options).tasks.liver;
    expect(dice.mean).toBeCloseTo(0.7, 12);
    expect(dice.n).toBe(4);
    expect(dice.low!).toBeGreaterThanOrEqual(0.4);
    expect(dice.low!).toBeLessThan(0.7);
    expect(dice.high!).toBeGreaterThan(0.7);
    expect(dice.high!).toBeLessThanOrEqual(0.9);
    expect(nsd).toEqual({ mean: 0.8, low: 0.8, high: 0.8, n: 4 });
  });

  it('leaves undefined distances out, counts them, and says so', () => {
    const failed = syntheticCase({ dice: 0, nsd: 0, hd95Mm: null, assdMm: null, predictedMl: 0, estimatedDice: null });
    const summary = summarise({ model, cases: [...cases, failed] }, options);
    expect(summary.tasks.liver.hd95Mm).toMatchObject({ mean: 4, n: 4 });
    expect(summary.tasks.liver.dice.n).toBe(5);
    expect(summary.tasks.liver.dice.mean).toBeCloseTo(2.8 / 5, 12);
    expect(summary.notes.join('\n')).toMatch(/liver: distances in mm are undefined for 1 of 5 cases/);
    expect(summary.notes.join('\n')).toMatch(/liver: 1 of 5 cases have no estimated Dice/);
  });

  it('names cases with an empty mask, and tasks whose spacing is a placeholder', () => {
    const empty = { dice: 0, nsd: 0, hd95Mm: null, assdMm: null };
    const odd = [
      syntheticCase({ ...empty, case: 'no organ', referenceMl: 0 }),
      syntheticCase({ ...empty, case: 'missed', predictedMl: 0, estimatedDice: null, invalidVoxels: 7 }),
    ];
    const summary = summarise({ model, cases: [...cases, ...odd], placeholderSpacing: ['liver', 'other'] }, options);
    const notes = summary.notes.join('\n');
    expect(notes).toMatch(/the reference is empty in 1 of 6 cases \(no organ\)/);
    expect(notes).toMatch(/the prediction is empty though the reference is not in 1 of 6 cases \(missed\)/);
    expect(notes).toMatch(/1 of 6 images hold NaN or infinite voxels \(missed\)/);
    expect(notes).toMatch(/liver: its data set says that the voxel spacing is a placeholder/);
    expect(summary.settings.placeholderSpacing).toEqual(['liver']);
  });

  it('keeps a group together: one group has no interval', () => {
    const one = cases.map((c) => ({ ...c, group: 'same' }));
    const summary = summarise({ model, cases: one }, options);
    expect(summary.tasks.liver.dice).toMatchObject({ low: null, high: null, n: 4 });
    expect(summary.notes.join()).toMatch(/one group/);
  });

  it('counts and names cases that failed', () => {
    const failed = [
      { task: 'liver', case: 'liver_9', error: { tag: 'ImageFormatError', message: 'x.nii: truncated.' } },
    ];
    const summary = summarise({ model, cases, failed, notes: ['4d.nii: a series was skipped.'] }, options);
    expect(summary.tasks.liver).toMatchObject({ n: 4, failed: 1 });
    expect(summary.notes).toContain('liver: liver_9 could not be evaluated (x.nii: truncated.)');
    expect(summary.notes).toContain('liver: 1 of 5 cases failed; counted as Dice 0 the mean Dice would be 0.560.');
    expect(summary.notes.at(-1)).toBe('4d.nii: a series was skipped.');
  });

  it('is fixed by its seed and survives JSON', () => {
    const summary = summarise({ model, cases, oodImages: [syntheticOod()] }, options);
    expect(summarise({ model, cases, oodImages: [syntheticOod()] }, options)).toEqual(summary);
    expect(JSON.parse(JSON.stringify(summary))).toEqual(summary);
  });

  it('summarises nothing without failing', () => {
    const summary = summarise({ model, cases: [] }, options);
    expect(summary.tasks).toEqual({});
    expect(summary.ood).toEqual({ default: '', detectors: {}, falseAlarms: [] });
    expect(summary.notes).toEqual([]);
  });
});

describe('calibration', () => {
  it('averages over cases, and pools bins over voxels', () => {
    // Case A: one bin, 0.9 predicted, 1/2 observed: gap 0.4. Case B: 0.9 predicted, all foreground: gap 0.1.
    const a = syntheticCalibration([0.9, 0.9], [1, 0]);
    const b = syntheticCalibration([0.9, 0.9], [1, 1]);
    const { calibration, reliability } = summarise(
      {
        model,
        cases: [
          syntheticCase({ group: 'a', calibration: { before: a, after: a } }),
          syntheticCase({ group: 'b', calibration: { before: b, after: b } }),
        ],
      },
      options,
    ).tasks.liver;
    expect(calibration.before.ece.mean).toBeCloseTo(0.25, 6);
    expect(calibration.before.eceRoi.mean).toBeCloseTo(0.25, 6);
    // Pooled: 3 of 4 are foreground at 0.9 predicted.
    expect(calibration.before.pooledEce.mean).toBeCloseTo(0.15, 6);
    expect(calibration.before.brier.mean).toBeCloseTo((0.01 + 0.81 + 0.01 + 0.01) / 4, 6);
    expect(reliability.before.all.count).toEqual([0, 0, 0, 0, 4]);
    expect(reliability.before.all.foreground).toEqual([0, 0, 0, 0, 3]);
  });
});

describe('detection', () => {
  // Familiar scores 0, 2, 1, 3. Set "brain": 2.5 and Infinity.
  const oodImages = [
    syntheticOod({ case: 'a', scores: { 'soft-maximum': 2.5, entropy: 0 }, verdict: syntheticVerdict(0.2) }),
    syntheticOod({ case: 'b', scores: { 'soft-maximum': Number.POSITIVE_INFINITY, entropy: 5 } }),
    syntheticOod({ set: 'lung', case: 'c', scores: { 'soft-maximum': 9, entropy: 0.5 } }),
  ];
  const { detectors, default: standard } = summarise({ model, cases, oodImages }, options).ood;

  it('gives AUROC, AUPR and FPR of each set and of all, counted by hand', () => {
    expect(standard).toBe('soft-maximum');
    const brain = detectors['soft-maximum'].brain;
    expect(brain).toMatchObject({ n: 2, familiar: 4 });
    // 2.5 beats 3 of 4, Infinity all: (3 + 4) / 8.
    expect(brain.auroc).toMatchObject({ mean: 7 / 8, n: 6 });
    // Ranked: Inf (1/1), 3, 2.5 (2/3).
    expect(brain.aupr.mean).toBeCloseTo(0.5 * 1 + 0.5 * (2 / 3), 12);
    expect(brain.fpr95.mean).toBe(1 / 4);
    expect(detectors['soft-maximum'].all.auroc.mean).toBeCloseTo(11 / 12, 12);
    expect(detectors.entropy.brain.auroc.mean).toBe(0.5);
    expect(Object.keys(detectors.entropy)).toEqual(['brain', 'lung', 'all']);
  });

  it('reports the share detected at alpha, of rivals only where every image has their p-value', () => {
    expect(detectors['soft-maximum'].brain.detectedAtAlpha).toBe(0.5);
    expect(detectors['soft-maximum'].all.detectedAtAlpha).toBeCloseTo(2 / 3, 12);
    expect(detectors.entropy.brain.detectedAtAlpha).toBeNull();
    const withP = oodImages.map((c, i) => ({ ...c, pValues: { entropy: i === 2 ? 0.01 : 0.5 } }));
    const rival = summarise({ model, cases, oodImages: withP }, options).ood.detectors.entropy;
    expect(rival.brain.detectedAtAlpha).toBe(0);
    expect(rival.lung.detectedAtAlpha).toBe(1);
  });

  it('leaves images that could not be run out of the figures and names them', () => {
    const broken = syntheticOod({
      case: 'd',
      image: 'd.nii',
      verdict: null,
      scores: {},
      error: { tag: 'ImageFormatError', message: 'd.nii: no NIfTI header.' },
    });
    const summary = summarise({ model, cases, oodImages: [...oodImages, broken] }, options);
    expect(summary.ood.detectors['soft-maximum'].brain).toEqual(detectors['soft-maximum'].brain);
    expect(summary.notes.join()).toContain('brain: d.nii could not be run (d.nii: no NIfTI header.)');
  });
});

describe('false alarms', () => {
  it('counts them by task and pooled at both alphas, with the beta-binomial range', () => {
    const judged = [0.02, 0.08, 0.3, 0.9].map((p) => syntheticCase({ verdict: syntheticVerdict(p) }));
    expect(summariseFalseAlarms(judged, [0.05, 0.1])).toEqual([
      {
        alpha: 0.05,
        task: 'liver',
        n: 4,
        alarms: 1,
        expectedRange: expectedAlarms([{ calibration: 40, test: 4 }], 0.05),
      },
      {
        alpha: 0.05,
        task: 'pooled',
        n: 4,
        alarms: 1,
        expectedRange: expectedAlarms([{ calibration: 40, test: 4 }], 0.05),
      },
      {
        alpha: 0.1,
        task: 'liver',
        n: 4,
        alarms: 2,
        expectedRange: expectedAlarms([{ calibration: 40, test: 4 }], 0.1),
      },
      {
        alpha: 0.1,
        task: 'pooled',
        n: 4,
        alarms: 2,
        expectedRange: expectedAlarms([{ calibration: 40, test: 4 }], 0.1),
      },
    ]);
  });

  it('adds up independent tasks: with one task as the plain beta-binomial, narrower than the sum of ends', () => {
    expect(expectedAlarms([{ calibration: 77, test: 60 }], 0.05)).toEqual([0, 7]);
    const [low, high] = expectedAlarms(
      [0, 1, 2].map(() => ({ calibration: 20, test: 20 })),
      0.05,
    );
    expect(low).toBe(0);
    expect(high).toBeGreaterThan(expectedAlarms([{ calibration: 20, test: 20 }], 0.05)[1]);
    expect(high).toBeLessThan(3 * expectedAlarms([{ calibration: 20, test: 20 }], 0.05)[1]);
    expect(expectedAlarms([{ calibration: 5, test: 20 }], 0.05)).toEqual([0, 0]);
  });

  it('applies the rule of another alpha only where the verdict decides it', () => {
    // Task a supports 0.05, task b only 0.1: at 0.05 the verdict rests on the pool, at 0.1 on both tasks.
    const n = { a: 30, b: 12 };
    const base = syntheticVerdict(0.04, { n });
    const pooled = {
      ...base,
      ood: { ...base.ood, guarantee: { ...base.ood.guarantee, kind: 'pooled' as const } },
    };
    const withB = (pValue: number) => ({
      ...pooled,
      ood: { ...pooled.ood, perTask: { ...pooled.ood.perTask, b: { score: 1, pValue, n: 12 } } },
    });
    expect(alarmAt(withB(0.08), 0.1)).toBe(true);
    expect(alarmAt(withB(0.5), 0.1)).toBe(false);
    expect(alarmAt(withB(0.5), 0.05)).toBe(true);
    // Below its own alpha the pooled p-value itself would be needed.
    expect(alarmAt(withB(0.5), 0.04)).toBeNull();
    expect(alarmAt({ ...withB(0.5), verdict: 'undetermined' }, 0.05)).toBeNull();
  });
});

describe('failure ranking and estimated Dice', () => {
  const { failureRanking } = summarise({ model, cases }, options);

  it('ranks within tasks: risks 0.1, 0.3, 0.2, 0.6', () => {
    expect(failureRanking['soft-maximum'].liver.spearman.mean).toBeCloseTo(1, 12);
    expect(failureRanking['soft-maximum'].liver.excessAurc.mean).toBeCloseTo(0, 12);
    // Entropy keeps them in the order 0.6, 0.2, 0.3, 0.1.
    const kept = (0.6 + 0.4 + 1.1 / 3 + 0.3) / 4;
    const ideal = (0.1 + 0.15 + 0.2 + 0.3) / 4;
    expect(failureRanking.entropy.liver.excessAurc.mean).toBeCloseTo(kept - ideal, 12);
    expect(failureRanking.entropy.liver.spearman.mean).toBeCloseTo(-0.8, 12);
    expect(failureRanking[estimatedDiceScore].liver.spearman.n).toBe(4);
  });

  it('means over tasks, so that a difference between tasks is no merit', () => {
    const heart = cases.map((c, i) => ({
      ...c,
      task: 'heart',
      scores: { ...c.scores, 'soft-maximum': 100 - [0, 2, 1, 3][i] },
    }));
    const ranking = summarise({ model, cases: [...cases, ...heart] }, options).failureRanking['soft-maximum'];
    expect(ranking.heart.spearman.mean).toBeCloseTo(-1, 12);
    expect(ranking.all.spearman.mean).toBeCloseTo(0, 12);
    expect(ranking.all.spearman.n).toBe(8);
  });

  it('compares the estimate with the baseline on the same cases', () => {
    const estimate = createEstimate({ seed: 1, resamples: 100 });
    const empty = syntheticCase({ dice: 0, estimatedDice: null });
    const { liver, all } = summariseEstimatedDice([...cases, empty], { liver: 0.8 }, estimate);
    expect(liver.meanAbsoluteError.mean).toBeCloseTo((0.1 + 0 + 0.1 + 0.1) / 4, 12);
    expect(liver.baseline.mean).toBeCloseTo((0.1 + 0.1 + 0 + 0.4) / 4, 12);
    expect(liver.meanAbsoluteError.n).toBe(4);
    expect(all).toEqual(liver);
    expect(summariseEstimatedDice(cases, {}, estimate).liver.baseline).toMatchObject({ mean: null, n: 0 });
  });
});
