import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { learningRateAt } from '../../src/networks/optimiser.js';

describe('learningRateAt', () => {
  const schedule = { peak: 0.01, warmup: 10, steps: 110 };

  it('warms up in a straight line, then falls by half a cosine to zero', () => {
    expect(learningRateAt(0, schedule)).toBeCloseTo(0.001, 12);
    expect(learningRateAt(4, schedule)).toBeCloseTo(0.005, 12);
    expect(learningRateAt(9, schedule)).toBe(0.01);
    expect(learningRateAt(10, schedule)).toBe(0.01);
    expect(learningRateAt(35, schedule)).toBeCloseTo(0.005 * (1 + Math.SQRT1_2), 12);
    expect(learningRateAt(60, schedule)).toBeCloseTo(0.005, 12);
    expect(learningRateAt(110, schedule)).toBe(0);
  });

  it('does not depend on the number of steps while warming up', () => {
    const open = { ...schedule, steps: Number.POSITIVE_INFINITY };
    for (let step = 0; step < 10; step++) {
      expect(learningRateAt(step, schedule)).toBe(learningRateAt(step, open));
    }
  });

  it('stays above zero and below its peak at every step of any run', () => {
    const run = fc.record({
      peak: fc.double({ min: 1e-6, max: 1, noNaN: true }),
      warmup: fc.nat(50),
      steps: fc.nat(500),
    });
    fc.assert(
      fc.property(run, ({ peak, warmup, steps }) => {
        for (let step = 0; step < steps; step++) {
          const rate = learningRateAt(step, { peak, warmup, steps });
          if (!(rate > 0 && rate <= peak * (1 + 1e-12))) return false;
        }
        return true;
      }),
    );
  });
});
