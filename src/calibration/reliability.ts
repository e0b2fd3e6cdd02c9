/**
 * Whether probabilities are honest: reliability bins and the errors made of them. Bins of several cases add up, so that
 * calibration can be had per case and pooled over the voxels of all.
 *
 * Bins are equal-width over the foreground probability in [0, 1] (15 by default; the last holds 1), or, in the confidence
 * view, over the probability of the class chosen, max(p, 1 - p), against whether it is right (Guo et al. 2017).
 */
import { UsageError } from '../errors.js';

/** Sums over voxels; JSON-friendly and additive. */
export interface BinSums {
  readonly count: readonly number[];
  readonly probability: readonly number[];
  /** Foreground voxels; in the confidence view, right voxels. */
  readonly foreground: readonly number[];
  /** Sum of negative log likelihoods in nats. */
  readonly nll: number;
  /** Sum of squared errors of the foreground probability. */
  readonly squaredError: number;
}

export interface ReliabilityBin {
  readonly count: number;
  /** Null where the bin is empty. */
  readonly meanProbability: number | null;
  readonly foregroundShare: number | null;
}

/** Errors are null where there is no voxel. */
export interface CalibrationErrors {
  /** Expected calibration error: mean |foreground share - mean probability| over bins, weighted by count. */
  readonly ece: number | null;
  /** Average calibration error: unweighted mean over non-empty bins. */
  readonly ace: number | null;
  /** Maximum calibration error over non-empty bins. */
  readonly mce: number | null;
  /** Mean negative log likelihood in nats; probabilities are clipped to [1e-7, 1 - 1e-7], as float32 saturates. */
  readonly nll: number | null;
  /** Mean squared error of the foreground probability. */
  readonly brier: number | null;
  /** Number of voxels. */
  readonly n: number;
}

export interface Reliability extends CalibrationErrors {
  readonly bins: readonly ReliabilityBin[];
}

export interface BinOptions {
  /** Number of equal-width bins. */
  readonly bins?: number;
  /** Voxels to count: non-zero. All by default. */
  readonly region?: Uint8Array;
  readonly view?: 'foreground' | 'confidence';
}

const smallest = 1e-7;

/** Reliability of foreground probabilities against a reference mask. */
export function reliability(probability: Float32Array, reference: Uint8Array, options: BinOptions = {}): Reliability {
  return errorsOfBins(sumBins(probability, reference, options));
}

/** Accumulate one case. */
export function sumBins(probability: Float32Array, reference: Uint8Array, options: BinOptions = {}): BinSums {
  const { bins = 15, region, view = 'foreground' } = options;
  if (!(Number.isInteger(bins) && bins > 0 && bins <= 10_000)) {
    throw new UsageError({ file: 'reliability', expected: '1 to 10000 bins', found: `${bins}` });
  }
  if (reference.length !== probability.length || (region && region.length !== probability.length)) {
    throw new UsageError({
      file: 'reliability',
      expected: `as many reference and region voxels as probabilities (${probability.length})`,
      found: `${reference.length} and ${region?.length ?? 'none'}`,
    });
  }
  const count = new Array<number>(bins).fill(0);
  const sum = new Array<number>(bins).fill(0);
  const foreground = new Array<number>(bins).fill(0);
  let nll = 0;
  let squaredError = 0;
  for (let i = 0; i < probability.length; i++) {
    if (region && region[i] === 0) continue;
    const p = probability[i];
    if (!(p >= 0 && p <= 1))
      throw new UsageError({ file: `reliability, voxel ${i}`, expected: 'a probability of 0 to 1', found: `${p}` });
    const isForeground = reference[i] !== 0;
    const likelihood = isForeground ? p : 1 - p;
    nll -= Math.log(Math.min(Math.max(likelihood, smallest), 1 - smallest));
    squaredError += (1 - likelihood) * (1 - likelihood);
    const chosen = view === 'foreground' || p > 0.5;
    const binned = chosen ? p : 1 - p;
    const bin = Math.min(Math.floor(binned * bins), bins - 1);
    count[bin]++;
    sum[bin] += binned;
    if (isForeground === chosen) foreground[bin]++;
  }
  return { count, probability: sum, foreground, nll, squaredError };
}

/** Pool the bins of several cases. */
export function mergeBins(cases: readonly BinSums[]): BinSums {
  const bins = cases[0]?.count.length ?? 0;
  if (cases.some((c) => c.count.length !== bins)) {
    throw new UsageError({
      file: 'reliability',
      expected: 'equal numbers of bins to pool',
      found: `${cases.map((c) => c.count.length)}`,
    });
  }
  const add = (pick: (c: BinSums) => number) => cases.reduce((sum, c) => sum + pick(c), 0);
  const addBins = (pick: (c: BinSums) => readonly number[]) =>
    Array.from({ length: bins }, (_, b) => add((c) => pick(c)[b]));
  return {
    count: addBins((c) => c.count),
    probability: addBins((c) => c.probability),
    foreground: addBins((c) => c.foreground),
    nll: add((c) => c.nll),
    squaredError: add((c) => c.squaredError),
  };
}

/** The reliability diagram and the errors of accumulated bins. */
export function errorsOfBins(sums: BinSums): Reliability {
  const bins = sums.count.map(
    (count, b): ReliabilityBin => ({
      count,
      meanProbability: count > 0 ? sums.probability[b] / count : null,
      foregroundShare: count > 0 ? sums.foreground[b] / count : null,
    }),
  );
  const filled = bins.filter((bin) => bin.count > 0);
  const n = filled.reduce((sum, bin) => sum + bin.count, 0);
  if (n === 0) return { bins, ece: null, ace: null, mce: null, nll: null, brier: null, n };
  const gaps = filled.map((bin) => Math.abs(bin.foregroundShare! - bin.meanProbability!));
  return {
    bins,
    ece: gaps.reduce((sum, gap, b) => sum + gap * filled[b].count, 0) / n,
    ace: gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length,
    mce: Math.max(...gaps),
    nll: sums.nll / n,
    brier: sums.squaredError / n,
    n,
  };
}
