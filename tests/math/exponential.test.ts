import { describe, expect, it } from 'vitest';
import { quickExp } from '../../src/math/exponential.js';

describe('the quick exponential', () => {
  it('agrees with Math.exp to a relative error of 1e-13 over all normal numbers', () => {
    let worst = 0;
    for (let x = -708; x <= 709; x += 0.00377) worst = Math.max(worst, Math.abs(quickExp(x) / Math.exp(x) - 1));
    for (let x = -1; x <= 1; x += 1e-5) worst = Math.max(worst, Math.abs(quickExp(x) / Math.exp(x) - 1));
    expect(worst).toBeLessThan(1e-13);
  });

  it('is 1 at 0, lies on its side of 1 beside it, and ends at 0, infinity and NaN', () => {
    expect([0, -0].map(quickExp)).toEqual([1, 1]);
    for (const x of [1e-300, 1e-20, 1e-16, 1e-10, 1e-5]) {
      expect(quickExp(x)).toBeGreaterThanOrEqual(1);
      expect(quickExp(-x)).toBeLessThanOrEqual(1);
    }
    expect([-Infinity, -1e300, -709].map(quickExp)).toEqual([0, 0, 0]);
    expect([Infinity, 1e300, 710].map(quickExp)).toEqual([Infinity, Infinity, Infinity]);
    expect(quickExp(Number.NaN)).toBeNaN();
  });
});
