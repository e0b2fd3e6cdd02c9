/**
 * Symmetric matrices in float64, row-major in flat arrays: eigenvalues for spectral signatures, Cholesky factors for
 * Mahalanobis distances. Cholesky is ml-matrix's. Eigenvalues are our own: a scan needs thousands of spectra and no
 * eigenvector, and leaving those out is several times faster than ml-matrix's full decomposition.
 */
import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { UsageError } from '../errors.js';

/** Lower-triangular L with L L' = A. */
export interface CholeskyFactor {
  readonly n: number;
  /** Row-major n x n, zero above the diagonal. */
  readonly lower: Float64Array;
}

/**
 * Eigenvalues of a symmetric n x n matrix, largest first. Only the lower triangle is read.
 * Householder tridiagonalisation, then implicit QL (Wilkinson and Reinsch 1971, tred1 and imtql1); absolute error
 * about 1e-15 of the largest magnitude.
 * @param matrix row-major, finite
 */
export function symmetricEigenvalues(matrix: ArrayLike<number>, n: number): Float64Array {
  checkSquare(matrix, n);
  const { diagonal, offDiagonal } = tridiagonalise(Float64Array.from(matrix), n);
  implicitQl(diagonal, offDiagonal);
  return diagonal.sort().reverse();
}

/** Reduce the lower triangle of `a` (overwritten) to a tridiagonal matrix of the same eigenvalues; e[i] joins i and i+1. */
function tridiagonalise(a: Float64Array, n: number): { diagonal: Float64Array; offDiagonal: Float64Array } {
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(n);
  const v = new Float64Array(n);
  const w = new Float64Array(n);
  for (let i = n - 1; i > 0; i--) {
    const row = i * n;
    // A Householder reflection takes row i, left of its sub-diagonal element, to zero.
    let scale = 0;
    for (let k = 0; k < i; k++) scale = Math.max(scale, Math.abs(a[row + k]));
    diagonal[i] = a[row + i];
    if (scale === 0) continue;
    let norm = 0;
    for (let k = 0; k < i; k++) {
      v[k] = a[row + k] / scale;
      norm += v[k] * v[k];
    }
    const alpha = v[i - 1] > 0 ? -Math.sqrt(norm) : Math.sqrt(norm);
    offDiagonal[i - 1] = scale * alpha;
    const h = norm - alpha * v[i - 1]; // |v|^2 / 2
    v[i - 1] -= alpha;
    // w = A v / h over the leading i x i block, from its lower triangle alone.
    w.fill(0, 0, i);
    for (let j = 0; j < i; j++) {
      const start = j * n;
      const factor = v[j];
      let sum = a[start + j] * factor;
      for (let k = 0; k < j; k++) {
        const value = a[start + k];
        sum += value * v[k];
        w[k] += value * factor;
      }
      w[j] += sum;
    }
    let product = 0;
    for (let j = 0; j < i; j++) {
      w[j] /= h;
      product += w[j] * v[j];
    }
    const half = product / (2 * h);
    for (let j = 0; j < i; j++) w[j] -= half * v[j];
    // A -= v w' + w v'
    for (let j = 0; j < i; j++) {
      const start = j * n;
      const vj = v[j];
      const wj = w[j];
      for (let k = 0; k <= j; k++) a[start + k] -= vj * w[k] + wj * v[k];
    }
  }
  if (n > 0) diagonal[0] = a[0];
  return { diagonal, offDiagonal };
}

/** Eigenvalues of a tridiagonal matrix, left in `d` in no particular order; `e` is overwritten. */
function implicitQl(d: Float64Array, e: Float64Array): void {
  const n = d.length;
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]) > Number.EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1]))) m++;
      if (m === l) break;
      // QL with Wilkinson's shift needs about two sweeps; the bound only keeps a rounding accident from looping for ever.
      if (sweep === 100)
        throw new UsageError({ file: 'Eigenvalues', problem: `no convergence for a ${n} x ${n} matrix` });
      let g = (d[l + 1] - d[l]) / (2 * e[l]);
      let r = Math.hypot(g, 1);
      g = d[m] - d[l] + e[l] / (g + (g < 0 ? -r : r));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i];
        const b = c * e[i];
        r = Math.sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r === 0) break;
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
      }
      if (r === 0 && i >= l) {
        d[i + 1] -= p;
        e[m] = 0;
        continue;
      }
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
}

/**
 * Cholesky factor of a symmetric positive definite matrix.
 * @param matrix row-major n x n; only the lower triangle is read
 * @throws UsageError where the matrix is not positive definite
 */
export function cholesky(matrix: ArrayLike<number>, n: number): CholeskyFactor {
  checkSquare(matrix, n);
  const symmetric = Matrix.zeros(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      symmetric.set(i, j, matrix[i * n + j]);
      symmetric.set(j, i, matrix[i * n + j]);
    }
  }
  const decomposition = new CholeskyDecomposition(symmetric);
  if (!decomposition.isPositiveDefinite()) {
    throw new UsageError({
      file: 'Cholesky factor',
      problem: `the ${n} x ${n} matrix is not positive definite`,
      remedy: 'shrink or regularise it first',
    });
  }
  return { n, lower: Float64Array.from(decomposition.lowerTriangularMatrix.to1DArray()) };
}

/** Solve L y = b. */
function forward(factor: CholeskyFactor, b: ArrayLike<number>): Float64Array {
  const { n, lower } = factor;
  if (b.length !== n)
    throw new UsageError({ file: 'Cholesky solve', expected: `${n} values`, found: String(b.length) });
  const y = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = b[i];
    for (let k = 0; k < i; k++) sum -= lower[i * n + k] * y[k];
    y[i] = sum / lower[i * n + i];
  }
  return y;
}

/** Mahalanobis distance sqrt((x - mean)' A^-1 (x - mean)), given the Cholesky factor of the covariance A. */
export function mahalanobis(factor: CholeskyFactor, x: ArrayLike<number>, mean: ArrayLike<number>): number {
  let sum = 0;
  for (const value of forward(
    factor,
    Float64Array.from(x, (v, i) => v - mean[i]),
  ))
    sum += value * value;
  return Math.sqrt(sum);
}

function checkSquare(matrix: ArrayLike<number>, n: number): void {
  if (!(Number.isInteger(n) && n > 0 && matrix.length === n * n)) {
    throw new UsageError({ expected: `a square matrix of ${n} x ${n} values`, found: String(matrix.length) });
  }
  for (let i = 0; i < matrix.length; i++) {
    // A NaN would keep iterative methods from ever converging.
    if (!Number.isFinite(matrix[i]))
      throw new UsageError({ expected: 'a finite matrix', found: `${matrix[i]} at index ${i}` });
  }
}
