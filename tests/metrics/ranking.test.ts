import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { bootstrapInterval } from '../../src/math/bootstrap.js';
import { mean } from '../../src/math/statistics.js';
import {
  aupr,
  auroc,
  fprAtTpr,
  type LabelledScore,
  riskCoverage,
  spearman,
  splitScores,
} from '../../src/metrics/ranking.js';
import golden from './golden.json' with { type: 'json' };

const inf = Number.POSITIVE_INFINITY;
/** Few distinct values, so that ties are common, infinities included. */
const score = fc.constantFrom(-inf, -1, 0, 0.5, 1, 2, 3, inf);
const scores = fc.array(score, { minLength: 1, maxLength: 20 });

describe('ranking measures', () => {
  it.each(golden.rankings)('agree with scikit-learn (AUROC $auroc)', ({ positive, negative, ...expected }) => {
    expect(auroc(positive, negative)).toBeCloseTo(expected.auroc, 12);
    expect(aupr(positive, negative)).toBeCloseTo(expected.aupr, 12);
    expect(fprAtTpr(positive, negative)).toBeCloseTo(expected.fpr95, 12);
  });

  it('are perfect for separated sets and at chance for equal scores', () => {
    expect([auroc([3, 4], [1, 2]), aupr([3, 4], [1, 2]), fprAtTpr([3, 4], [1, 2])]).toEqual([1, 1, 0]);
    expect([auroc([1, 1], [1, 1, 1]), aupr([1, 1], [1, 1, 1]), fprAtTpr([1, 1], [1, 1, 1])]).toEqual([0.5, 0.4, 1]);
  });

  it('rank infinite scores above all others', () => {
    expect(auroc([inf, 5], [1, 2])).toBe(1);
    expect(auroc([inf], [inf])).toBe(0.5);
    expect(fprAtTpr([inf, inf], [1, inf])).toBe(0.5);
    expect(aupr([inf], [1, 2])).toBe(1);
  });

  it('are undefined without one of the sets, and refuse NaN', () => {
    for (const measure of [auroc, aupr, fprAtTpr]) {
      expect(measure([], [1])).toBeNull();
      expect(measure([1], [])).toBeNull();
      expect(() => measure([Number.NaN], [1])).toThrow(UsageError);
    }
  });

  it('depend on the order of scores only, and AUROC mirrors when the sets are swapped', () => {
    const stretch = (s: number) => Math.atan(s) * 7 + 3;
    fc.assert(
      fc.property(scores, scores, (positive, negative) => {
        for (const measure of [auroc, aupr, fprAtTpr]) {
          const value = measure(positive, negative)!;
          expect(measure(positive.map(stretch), negative.map(stretch))).toBe(value);
          expect(measure(positive.toReversed(), negative.toReversed())).toBe(value);
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1 + 1e-12);
        }
        expect(auroc(positive, negative)! + auroc(negative, positive)!).toBeCloseTo(1, 12);
      }),
    );
  });

  it('AUROC is the share of pairs won, ties counting half', () => {
    fc.assert(
      fc.property(scores, scores, (positive, negative) => {
        const wins = positive.flatMap((p) => negative.map((n) => (p > n ? 1 : p === n ? 0.5 : 0)));
        expect(auroc(positive, negative)).toBeCloseTo(mean(wins), 12);
      }),
    );
  });

  it('FPR at a TPR uses the highest threshold that catches enough', () => {
    const positive = Array.from({ length: 100 }, (_, i) => i + 1);
    // 55 of 100 lie at or above 46; a naive ceil(0.55 * 100) would ask for 56.
    expect(fprAtTpr(positive, [45.5, 46, 47, 48], 0.55)).toBe(0.75);
    expect(fprAtTpr(positive, [0, 0.5, 1, 2], 1)).toBe(0.5);
    expect(() => fprAtTpr(positive, [1], 95)).toThrow(UsageError);
  });

  it('work inside a bootstrap by group', () => {
    const groups: LabelledScore[][] = Array.from({ length: 30 }, (_, i) => [
      { score: i, positive: false },
      { score: i + 10, positive: true },
      { score: i + 12, positive: true },
    ]);
    const interval = bootstrapInterval(groups, (s) => auroc(...splitScores(s)), { seed: 1, resamples: 500 });
    expect(interval.mean).toBe(auroc(...splitScores(groups.flat())));
    expect(interval.n).toBe(90);
    expect(interval.low!).toBeLessThan(interval.mean!);
    expect(interval.high!).toBeGreaterThan(interval.mean!);
  });
});

describe('Spearman correlation', () => {
  it.each(golden.correlations)('agrees with scipy ($spearman)', ({ a, b, spearman: expected }) => {
    expect(spearman(a, b)).toBeCloseTo(expected, 12);
  });

  it('takes infinities, and is undefined for constants', () => {
    expect(spearman([1, 2, inf], [4, 5, 6])).toBeCloseTo(1, 14);
    expect(spearman([1, 1, 1], [4, 5, 6])).toBeNull();
    expect(spearman([1], [2])).toBeNull();
    expect(() => spearman([1, 2], [1])).toThrow(UsageError);
  });
});

describe('risk-coverage', () => {
  it('of a small example by hand', () => {
    const { coverage, risk, aurc, excessAurc } = riskCoverage([3, 1, 2], [0.9, 0.1, 0.2]);
    expect([...coverage]).toEqual([1 / 3, 2 / 3, 1]);
    expect(risk[0]).toBeCloseTo(0.1, 14);
    expect(risk[1]).toBeCloseTo(0.15, 14);
    expect(risk[2]).toBeCloseTo(0.4, 14);
    expect(aurc).toBeCloseTo((0.1 + 0.15 + 0.4) / 3, 14);
    expect(excessAurc).toBeCloseTo(0, 14);
  });

  it('has no excess for the ideal order, the most for its reverse, and the mean risk for no information', () => {
    const distinct = fc.uniqueArray(fc.integer({ min: 0, max: 100 }), { minLength: 2, maxLength: 15 });
    fc.assert(
      fc.property(distinct, fc.infiniteStream(score), (risks, stream) => {
        const any = risks.map(() => stream.next().value as number);
        const excess = riskCoverage(any, risks).excessAurc!;
        expect(riskCoverage(risks, risks).excessAurc).toBeCloseTo(0, 10);
        expect(excess).toBeGreaterThanOrEqual(-1e-10);
        expect(excess).toBeLessThanOrEqual(
          riskCoverage(
            risks.map((r) => -r),
            risks,
          ).excessAurc! + 1e-10,
        );
        const meanRisk = risks.reduce((a, b) => a + b, 0) / risks.length;
        expect(
          riskCoverage(
            risks.map(() => inf),
            risks,
          ).aurc,
        ).toBeCloseTo(meanRisk, 10);
      }),
    );
  });

  it('is undefined without cases, and refuses risks that are not finite', () => {
    expect(riskCoverage([], [])).toMatchObject({ aurc: null, excessAurc: null });
    expect(() => riskCoverage([1, 2], [0, Number.NaN])).toThrow(UsageError);
    expect(() => riskCoverage([1], [0, 1])).toThrow(UsageError);
  });
});
