import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { betaBinomialProbabilities, betaBinomialQuantile, expectedAlarms } from '../../src/math/binomial.js';
import { createRandom } from '../../src/math/random.js';
import golden from './golden.json' with { type: 'json' };

describe('beta-binomial distribution', () => {
  it.each(golden.betaBinomial)('agrees with scipy for $trials trials, a = $a, b = $b', (expected) => {
    const { trials, a, b } = expected;
    const found = betaBinomialProbabilities(trials, a, b);
    for (const [x, p] of expected.probabilities.entries()) expect(Math.abs(found[x] - p)).toBeLessThan(1e-11);
    for (const [q, x] of expected.quantiles) expect(betaBinomialQuantile(q, trials, a, b)).toBe(x);
  });
});

describe('expected false alarms', () => {
  it.each(golden.alarms)('agree with scipy: $nCalibration and $nTest images at $alpha', (expected) => {
    expect(expectedAlarms(expected.nCalibration, expected.nTest, expected.alpha)).toEqual(expected.range);
  });

  it('are 0 to 7 for 77 calibration and 60 test images at 5 %', () => {
    expect(expectedAlarms(77, 60, 0.05)).toEqual([0, 7]);
  });

  it('are none where the calibration set is too small for alpha, and all where alpha is 1', () => {
    expect(expectedAlarms(18, 60, 0.05)).toEqual([0, 0]);
    expect(expectedAlarms(0, 60, 0.05)).toEqual([0, 0]);
    expect(expectedAlarms(18, 60, 1)).toEqual([60, 60]);
    expect(expectedAlarms(77, 0, 0.05)).toEqual([0, 0]);
  });

  it('do not lose a rank to rounding: 0.29 * 100 is 28.999999999999996', () => {
    expect(expectedAlarms(99, 1000, 0.29)).toEqual(expectedAlarms(99, 1000, 0.2900001));
    expect(expectedAlarms(99, 1000, 0.29)).not.toEqual(expectedAlarms(99, 1000, 0.2899));
  });

  it('hold the share of simulated conformal counts that they promise', () => {
    const random = createRandom(4);
    const [low, high] = expectedAlarms(39, 50, 0.1);
    let within = 0;
    const trials = 2000;
    for (let t = 0; t < trials; t++) {
      const calibration = Array.from({ length: 39 }, () => random.uniform());
      let alarms = 0;
      for (let i = 0; i < 50; i++) {
        const score = random.uniform();
        const p = (1 + calibration.filter((s) => s >= score).length) / 40;
        if (p <= 0.1) alarms++;
      }
      if (alarms >= low && alarms <= high) within++;
    }
    // A discrete central range holds at least 95 %, and not much more.
    expect(within / trials).toBeGreaterThan(0.94);
    expect(within / trials).toBeLessThan(0.99);
  });

  it('refuse impossible counts and rates', () => {
    expect(() => expectedAlarms(-1, 5, 0.05)).toThrow(UsageError);
    expect(() => expectedAlarms(10, 5.5, 0.05)).toThrow(UsageError);
    expect(() => expectedAlarms(10, 5, 1.5)).toThrow(UsageError);
    expect(() => expectedAlarms(10, 5, 0.05, 1)).toThrow(UsageError);
  });
});
