import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mean, median, midranks, quantile, standardDeviation } from '../../src/math/statistics.js';
import golden from './golden.json' with { type: 'json' };

describe('statistics', () => {
  const { values, q, quantiles } = golden.quantiles;

  it('agree with numpy', () => {
    expect(mean(values)).toBeCloseTo(golden.quantiles.mean, 14);
    expect(standardDeviation(values)).toBeCloseTo(golden.quantiles.standardDeviation, 14);
    expect(median(values)).toBe(golden.quantiles.median);
    for (const [i, share] of q.entries()) expect(quantile(values, share)).toBeCloseTo(quantiles[i], 14);
  });

  it('leave their input as it was', () => {
    const input = [3, 1, 2];
    quantile(input, 0.5);
    expect(input).toEqual([3, 1, 2]);
  });

  it('are NaN where undefined', () => {
    expect(mean([])).toBeNaN();
    expect(median([])).toBeNaN();
    expect(standardDeviation([1])).toBeNaN();
    expect(quantile([1, Number.NaN, 2], 0.1)).toBeNaN();
  });

  it('take infinities as the extremes they are', () => {
    const inf = Number.POSITIVE_INFINITY;
    expect(median([1, inf, inf, inf])).toBe(inf);
    expect(median([1, 2, inf])).toBe(2);
    expect(quantile([-inf, 0, 1], 0)).toBe(-inf);
  });

  it('rank ties by the mean of their ranks', () => {
    expect([...midranks([10, 20, 10, Number.POSITIVE_INFINITY, 20, 10])]).toEqual([2, 4.5, 2, 6, 4.5, 2]);
  });

  it('quantiles rise with q and stay within the values', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
    const share = fc.double({ noNaN: true, min: 0, max: 1 });
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1, maxLength: 30 }), share, share, (values, a, b) => {
        const [low, high] = [quantile(values, Math.min(a, b)), quantile(values, Math.max(a, b))];
        expect(low).toBeLessThanOrEqual(high + 1e-9);
        expect(low).toBeGreaterThanOrEqual(Math.min(...values) - 1e-9);
        expect(high).toBeLessThanOrEqual(Math.max(...values) + 1e-9);
      }),
    );
  });
});
