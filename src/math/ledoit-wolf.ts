/**
 * A covariance that can be inverted although there are fewer images than features: Ledoit and Wolf, "A well-conditioned
 * estimator for large-dimensional covariance matrices" (2004), as scikit-learn's `LedoitWolf` computes it.
 */
import { UsageError } from '../errors.js';

export interface ShrunkCovariance {
  /** Mean of each feature. */
  readonly mean: Float64Array;
  /** (1 - shrinkage) * S + shrinkage * (trace(S) / p) * I, row-major p x p; S is the covariance with divisor n. */
  readonly covariance: Float64Array;
  /** Weight of the scaled identity, in [0, 1]. */
  readonly shrinkage: number;
}

/**
 * Mean and shrunk covariance of n rows of p features.
 * @param rows at least two rows of equal length, finite
 */
export function ledoitWolf(rows: readonly ArrayLike<number>[]): ShrunkCovariance {
  const n = rows.length;
  if (n < 2) throw new UsageError({ file: 'Ledoit-Wolf covariance', expected: 'at least two rows', found: String(n) });
  const p = rows[0].length;
  const mean = new Float64Array(p);
  for (const row of rows) {
    if (row.length !== p)
      throw new UsageError({
        file: 'Ledoit-Wolf covariance',
        expected: `rows of ${p} features`,
        found: String(row.length),
      });
    for (let j = 0; j < p; j++) mean[j] += row[j] / n;
  }

  const covariance = new Float64Array(p * p);
  const centred = new Float64Array(p);
  let fourth = 0; // sum over rows of |x|^4
  for (const row of rows) {
    let squared = 0;
    for (let j = 0; j < p; j++) {
      centred[j] = row[j] - mean[j];
      squared += centred[j] * centred[j];
    }
    if (!Number.isFinite(squared))
      throw new UsageError({ file: 'Ledoit-Wolf covariance', expected: 'finite features' });
    fourth += squared * squared;
    for (let j = 0; j < p; j++) {
      const value = centred[j] / n;
      for (let k = 0; k <= j; k++) covariance[j * p + k] += value * centred[k];
    }
  }
  let trace = 0;
  let frobenius = 0;
  for (let j = 0; j < p; j++) {
    trace += covariance[j * p + j];
    for (let k = 0; k < j; k++) {
      covariance[k * p + j] = covariance[j * p + k];
      frobenius += 2 * covariance[j * p + k] ** 2;
    }
    frobenius += covariance[j * p + j] ** 2;
  }

  // beta: mean squared error of S; delta: squared distance of S from the scaled identity; both per feature.
  const scale = trace / p;
  const delta = (frobenius - 2 * scale * trace + p * scale * scale) / p;
  const beta = (fourth / n - frobenius) / (p * n);
  // Rounding may take either a little below 0; where delta is 0, S is the scaled identity already.
  const shrinkage = p === 1 || delta <= 0 ? 0 : Math.min(Math.max(beta / delta, 0), 1);
  for (let j = 0; j < p * p; j++) covariance[j] *= 1 - shrinkage;
  for (let j = 0; j < p; j++) covariance[j * p + j] += shrinkage * scale;
  return { mean, covariance, shrinkage };
}
