import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { cholesky, mahalanobis, symmetricEigenvalues } from '../../src/math/linear-algebra.js';
import golden from './golden.json' with { type: 'json' };

/** Largest difference, as a share of the largest expected magnitude. */
function relativeError(found: ArrayLike<number>, expected: readonly number[]): number {
  expect(found.length).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(found[i] - value) / scale));
}

describe('symmetric eigenvalues', () => {
  it.each(golden.eigenvalues)('agree with LAPACK for n = $n', ({ n, matrix, eigenvalues }) => {
    expect(relativeError(symmetricEigenvalues(matrix, n), eigenvalues)).toBeLessThan(1e-14);
  });

  it.each(golden.formulaEigenvalues)('agree with LAPACK for n = $n', ({ n, eigenvalues }) => {
    const matrix = Float64Array.from({ length: n * n }, (_, k) => {
      const [i, j] = [Math.floor(k / n), k % n];
      return Math.sin(i * j + 1) / (1 + Math.abs(i - j));
    });
    expect(relativeError(symmetricEigenvalues(matrix, n), eigenvalues)).toBeLessThan(1e-13);
  });

  it('handle matrices that need no work: diagonal, zero, rank one, 1 x 1', () => {
    expect([...symmetricEigenvalues([1, 0, 0, 0, 3, 0, 0, 0, 2], 3)]).toEqual([3, 2, 1]);
    expect([...symmetricEigenvalues(new Float64Array(16), 4)]).toEqual([0, 0, 0, 0]);
    expect([...symmetricEigenvalues([7], 1)]).toEqual([7]);
    const rankOne = symmetricEigenvalues(new Float64Array(25).fill(2), 5);
    expect(rankOne[0]).toBeCloseTo(10, 12);
    for (const value of rankOne.slice(1)) expect(Math.abs(value)).toBeLessThan(1e-14);
  });

  it('survive extreme scales', () => {
    for (const scale of [1e-150, 1e150]) {
      const [high, low] = symmetricEigenvalues([2 * scale, scale, scale, 2 * scale], 2);
      expect(high / scale).toBeCloseTo(3, 12);
      expect(low / scale).toBeCloseTo(1, 12);
    }
  });

  it('refuse what is not a finite square matrix', () => {
    expect(() => symmetricEigenvalues([1, 2, 3], 2)).toThrow(UsageError);
    expect(() => symmetricEigenvalues([1, Number.NaN, Number.NaN, 1], 2)).toThrow(UsageError);
  });
});

describe('Cholesky factor', () => {
  const { n, matrix, b } = golden.cholesky;
  const factor = cholesky(matrix, n);

  it('agrees with numpy, and so does the Mahalanobis distance', () => {
    expect(relativeError(factor.lower, golden.cholesky.lower)).toBeLessThan(1e-13);
    expect(mahalanobis(factor, b, new Array(n).fill(1))).toBeCloseTo(golden.cholesky.mahalanobis, 11);
  });

  it('refuses a matrix that is not positive definite', () => {
    expect(() => cholesky([1, 2, 2, 1], 2)).toThrow(/not positive definite/);
    expect(() => cholesky([1, 1, 1, 1], 2)).toThrow(UsageError);
  });

  it('refuses vectors of another length', () => {
    expect(() => mahalanobis(factor, [1, 2], [0, 0])).toThrow(UsageError);
  });
});
