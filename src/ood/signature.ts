/**
 * Spectral signatures (Karimi & Gholipour 2020). The singular values of a feature map F (voxels x channels) are the
 * square roots of the eigenvalues of its Gram matrix F'F, which is only C x C and adds up over voxels: a scan's
 * spectrum needs no feature map, just the sum of its windows' Gram matrices.
 */
import { UsageError } from '../errors.js';
import { symmetricEigenvalues } from '../math/linear-algebra.js';

/** Eigenvalues below this share of the largest are float32 noise: dead channels would rule the logarithm. */
const RELATIVE_FLOOR = 1e-6;

/** Keeps a dead layer (an all-zero Gram matrix) finite; any live layer lies far above. */
const ABSOLUTE_FLOOR = 1e-20;

/** The Gram matrix of one layer, summed over windows, and the number of voxels summed. */
export interface GramSum {
  /** Row-major C x C, float64 since it sums many voxels. */
  readonly gram: Float64Array;
  voxels: number;
}

/** An empty sum for a layer of `channels` channels. */
export function createGramSum(channels: number): GramSum {
  return { gram: new Float64Array(channels * channels), voxels: 0 };
}

/**
 * Add Gram matrices of a window to a layer's sum.
 * @param blocks one or more C x C matrices, one after another (the network's `gram/<layer>` output `[blocks, C, C]`)
 * @param voxels voxels that all blocks together were summed over
 */
export function addGram(sum: GramSum, blocks: Float32Array | Float64Array, voxels: number): void {
  const { gram } = sum;
  const size = gram.length;
  if (blocks.length === 0 || blocks.length % size !== 0)
    throw new UsageError({
      file: 'Gram matrices',
      expected: `a multiple of ${size} values`,
      found: `${blocks.length}`,
    });
  for (let start = 0; start < blocks.length; start += size) {
    for (let i = 0; i < size; i++) gram[i] += blocks[start + i];
  }
  sum.voxels += voxels;
}

/**
 * Log spectrum of one layer: x_j = 1/2 log max(lambda_j, 1e-6 lambda_1), lambda the eigenvalues of gram / voxels, in
 * descending order; thus x_j = log s_j with s the singular values of F / sqrt(N). Dividing by N makes it independent of
 * the field of view.
 *
 * A dead layer (all zeros) gives the finite constant 1/2 log 1e-20 in every place, far from any live layer's spectrum.
 * A Gram matrix that is not finite (the network overflowed) gives +Infinity in every place, which every detector counts
 * as infinitely far.
 * @param gram row-major C x C, symmetric up to rounding
 * @param voxels N > 0
 */
export function logSpectrum(gram: Float64Array, voxels: number): Float64Array {
  const channels = Math.round(Math.sqrt(gram.length));
  if (channels === 0 || channels * channels !== gram.length)
    throw new UsageError({ file: 'Gram matrix', expected: 'C x C values', found: `${gram.length}` });
  if (!(voxels > 0))
    throw new UsageError({ file: 'Gram matrix', expected: 'a positive number of voxels', found: `${voxels}` });
  if (!gram.every(Number.isFinite)) return new Float64Array(channels).fill(Number.POSITIVE_INFINITY);

  const eigenvalues = symmetricEigenvalues(gram, channels);
  const floor = Math.max(RELATIVE_FLOOR * eigenvalues[0], ABSOLUTE_FLOOR * voxels);
  return eigenvalues.map((lambda) => 0.5 * Math.log(Math.max(lambda, floor) / voxels));
}

/** The paper's signature v = l / ||l||_2 of a log spectrum l (l_j = log s_j). An all-zero spectrum stays zero. */
export function paperSignature(spectrum: Float64Array): Float64Array {
  let squares = 0;
  for (const value of spectrum) squares += value * value;
  const norm = Math.sqrt(squares);
  return norm === 0 ? spectrum.slice() : spectrum.map((value) => value / norm);
}
