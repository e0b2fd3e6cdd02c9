import { describe, expect, it } from 'vitest';
import { betaBinomialProbabilities, expectedAlarms } from '../../src/math/binomial.js';
import { createRandom } from '../../src/math/random.js';
import golden from './golden.json' with { type: 'json' };

describe('beta-binomial distribution', () => {
  it.each(golden.betaBinomial)('agrees with scipy for $trials trials, a = $a, b = $b', (expected) => {
    const { trials, a, b } = expected;
    const found = betaBinomialProbabilities(trials, a, b);
    for (const [x, p] of expected.probabilities.entries()) expect(Math.abs(found[x] - p)).toBeLessThan(1e-11);
  });
});

describe('expected false alarms', () => {
  it.each(golden.alarms)('agree with scipy: $nCalibration and $nTest images at $alpha', (expected) => {
    expect(expectedAlarms([{ calibration: expected.nCalibration, test: expected.nTest }], expected.alpha)).toEqual(
      expected.range,
    );
  });

  it('are 0 to 7 for 77 calibration and 60 test images at 5 %', () => {
    expect(expectedAlarms([{ calibration: 77, test: 60 }], 0.05)).toEqual([0, 7]);
  });

  it('are none where the calibration set is too small for alpha', () => {
    expect(expectedAlarms([{ calibration: 18, test: 60 }], 0.05)).toEqual([0, 0]);
    expect(expectedAlarms([{ calibration: 0, test: 60 }], 0.05)).toEqual([0, 0]);
    expect(expectedAlarms([{ calibration: 77, test: 0 }], 0.05)).toEqual([0, 0]);
  });

  it('do not lose a rank to rounding: 0.29 * 100 is 28.999999999999996', () => {
    expect(expectedAlarms([{ calibration: 99, test: 1000 }], 0.29)).toEqual(
      expectedAlarms([{ calibration: 99, test: 1000 }], 0.2900001),
    );
    expect(expectedAlarms([{ calibration: 99, test: 1000 }], 0.29)).not.toEqual(
      expectedAlarms([{ calibration: 99, test: 1000 }], 0.2899),
    );
  });

  it('hold the share of simulated conformal counts that they promise', () => {
    const random = createRandom(4);
    const [low, high] = expectedAlarms([{ calibration: 39, test: 50 }], 0.1);
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
});
