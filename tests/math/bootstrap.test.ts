import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { bootstrapInterval } from '../../src/math/bootstrap.js';
import { createRandom } from '../../src/math/random.js';
import { mean, standardDeviation } from '../../src/math/statistics.js';

const singles = (values: readonly number[]) => values.map((value) => [value]);

describe('bootstrap interval', () => {
  it('is the same for the same seed, and another for another', () => {
    const values = singles([1, 5, 2, 8, 3, 9, 4]);
    const first = bootstrapInterval(values, mean, { seed: 1 });
    expect(bootstrapInterval(values, mean, { seed: 1 })).toEqual(first);
    expect(bootstrapInterval(values, mean, { seed: 2 })).not.toEqual(first);
  });

  it('has the width that theory gives for a mean', () => {
    const random = createRandom(3);
    const values = Array.from({ length: 200 }, () => random.normal());
    const { mean: estimate, low, high, n } = bootstrapInterval(singles(values), mean, { seed: 1 });
    const expected = (2 * 1.96 * standardDeviation(values)) / Math.sqrt(200);
    expect(estimate).toBeCloseTo(mean(values), 12);
    expect(n).toBe(200);
    expect((high! - low!) / expected).toBeGreaterThan(0.9);
    expect((high! - low!) / expected).toBeLessThan(1.1);
  });

  it('covers the true mean about as often as it says', () => {
    const random = createRandom(5);
    let covered = 0;
    for (let trial = 0; trial < 300; trial++) {
      const values = singles(Array.from({ length: 40 }, () => random.normal()));
      const { low, high } = bootstrapInterval(values, mean, { seed: trial, resamples: 400 });
      if (low! <= 0 && high! >= 0) covered++;
    }
    expect(covered / 300).toBeGreaterThan(0.89);
    expect(covered / 300).toBeLessThan(0.985);
  });

  it('keeps groups together: copies of a value add no certainty', () => {
    const values = [1, 5, 2, 8, 3, 9, 4];
    const once = bootstrapInterval(singles(values), mean, { seed: 1 });
    const tenfold = bootstrapInterval(
      values.map((v) => new Array<number>(10).fill(v)),
      mean,
      { seed: 1 },
    );
    expect(tenfold.n).toBe(70);
    expect(tenfold.low).toBeCloseTo(once.low!, 12);
    expect(tenfold.high).toBeCloseTo(once.high!, 12);
  });

  it('takes values with group ids as well', () => {
    const byId = { values: [1, 2, 3, 4, 5], groups: ['a', 'b', 'a', 'c', 'b'] };
    const nested = [[1, 3], [2, 5], [4]];
    expect(bootstrapInterval(byId, mean, { seed: 7 })).toEqual(bootstrapInterval(nested, mean, { seed: 7 }));
    expect(() => bootstrapInterval({ values: [1, 2], groups: ['a'] }, mean, { seed: 7 })).toThrow(UsageError);
  });

  it('leaves out resamples without a value of the statistic', () => {
    const onlyWithOne = (values: readonly number[]) => (values.includes(1) ? values.length : null);
    expect(bootstrapInterval(singles([1, 2, 3]), onlyWithOne, { seed: 1 })).toEqual({ mean: 3, low: 3, high: 3, n: 3 });
  });

  it('gives no interval where there is none', () => {
    expect(bootstrapInterval<number>([], mean, { seed: 1 })).toEqual({ mean: null, low: null, high: null, n: 0 });
    expect(bootstrapInterval([[2, 4]], mean, { seed: 1 })).toEqual({ mean: 3, low: null, high: null, n: 2 });
    expect(() => bootstrapInterval([[1], [2]], mean, { seed: 1, level: 95 })).toThrow(UsageError);
    expect(() => bootstrapInterval([[1], [2]], mean, { seed: 1, resamples: 0 })).toThrow(UsageError);
  });
});
