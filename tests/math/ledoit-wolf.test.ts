import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { ledoitWolf } from '../../src/math/ledoit-wolf.js';
import golden from './golden.json' with { type: 'json' };

describe('Ledoit-Wolf covariance', () => {
  it.each(golden.ledoitWolf)('agrees with scikit-learn (shrinkage $shrinkage)', ({ rows, ...expected }) => {
    const found = ledoitWolf(rows);
    expect(found.shrinkage).toBeCloseTo(expected.shrinkage, 12);
    for (const [i, value] of expected.mean.entries()) expect(found.mean[i]).toBeCloseTo(value, 12);
    expect(found.covariance.length).toBe(expected.covariance.length);
    for (const [i, value] of expected.covariance.entries()) expect(found.covariance[i]).toBeCloseTo(value, 11);
  });

  it('is zero for constant rows', () => {
    const { covariance, shrinkage } = ledoitWolf([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    expect([...covariance]).toEqual([0, 0, 0, 0]);
    expect(shrinkage).toBe(0);
  });

  it('keeps the shrinkage within [0, 1] where rounding would leave it: two rows, and a sphere', () => {
    const two = ledoitWolf([
      [0.1, 0.7, 0.3],
      [0.9, 0.2, 0.6],
    ]);
    expect(two.shrinkage).toBeGreaterThanOrEqual(0);
    expect(two.shrinkage).toBeLessThan(1e-12);
    const sphere = ledoitWolf([
      [0.1, 0],
      [-0.1, 0],
      [0, 0.1],
      [0, -0.1],
    ]);
    expect(sphere.shrinkage).toBeLessThanOrEqual(1);
    for (const [i, value] of [0.005, 0, 0, 0.005].entries()) expect(sphere.covariance[i]).toBeCloseTo(value, 14);
  });

  it('refuses a single row, ragged rows and NaN', () => {
    expect(() => ledoitWolf([[1, 2]])).toThrow(UsageError);
    expect(() => ledoitWolf([[1, 2], [1]])).toThrow(UsageError);
    expect(() =>
      ledoitWolf([
        [1, 2],
        [1, Number.NaN],
      ]),
    ).toThrow(UsageError);
  });
});
