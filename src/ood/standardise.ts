/**
 * Bring the distances of different layers and tasks to one scale, and join the layers of a task into one score.
 * Distances that are +Infinity (an image outside a plan) never enter a mean or a variance.
 */
import { mean, standardDeviation } from '../math/statistics.js';
import type { Distances } from './detector.js';

/** Mean and unbiased variance of each component over images, with the number of finite values they rest on. */
export interface Moments {
  readonly count: Float64Array;
  /** 0 where no value is finite. */
  readonly mean: Float64Array;
  /** 0 where fewer than two values are finite. */
  readonly variance: Float64Array;
}

/** Standardising constants of one task, per component: z = (d - mean) / sd. */
export interface Constants {
  readonly mean: Float64Array;
  readonly sd: Float64Array;
}

/** Log distances that differ by less than 0.1 % are alike: identical calibration images must not divide by zero. */
const SD_FLOOR = 1e-3;

/** Moments of the finite values of each component. @param images distances of one task's images under that task */
export function momentsOf(images: readonly Distances[], components: number): Moments {
  const finite = Array.from({ length: components }, (_, c) =>
    images.map((image) => image[c]).filter((d) => Number.isFinite(d)),
  );
  return {
    count: Float64Array.from(finite, (values) => values.length),
    mean: Float64Array.from(finite, (values) => (values.length > 0 ? mean(values) : 0)),
    variance: Float64Array.from(finite, (values) => (values.length > 1 ? standardDeviation(values) ** 2 : 0)),
  };
}

/**
 * Constants of every task from the moments of all: m_t the task's mean, s_t^2 half the task's variance plus half the
 * mean of all tasks' variances (a task with few images borrows strength). A task with one image has only the mean of
 * the others' variances, a task with none their mean as well; with no two images anywhere, s = 1.
 */
export function constantsOf(moments: readonly Moments[]): Constants[] {
  const common = (c: number, fewest: number, value: (m: Moments) => number, otherwise: number): number => {
    const known = moments.filter((m) => m.count[c] >= fewest).map(value);
    return known.length > 0 ? mean(known) : otherwise;
  };
  const commonMean = moments[0].mean.map((_, c) => common(c, 1, (m) => m.mean[c], 0));
  const commonVariance = moments[0].mean.map((_, c) => common(c, 2, (m) => m.variance[c], 1));
  return moments.map(({ count, mean, variance }) => ({
    mean: mean.map((value, c) => (count[c] > 0 ? value : commonMean[c])),
    sd: variance.map((value, c) =>
      Math.max(Math.sqrt(count[c] > 1 ? (value + commonVariance[c]) / 2 : commonVariance[c]), SD_FLOOR),
    ),
  }));
}

/** Constants that change nothing, for a detector whose single component is the score. */
export function identityConstants(components: number): Constants {
  return { mean: new Float64Array(components), sd: new Float64Array(components).fill(1) };
}

/** Soft maximum over components, S = 1/2 log(mean exp(2 z)), z = (d - mean) / sd; +Infinity if any component is. */
export function softMaximum(distances: Distances, { mean, sd }: Constants): number {
  const z = distances.map((d, c) => (d - mean[c]) / sd[c]);
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of z) if (value > largest) largest = value;
  if (!Number.isFinite(largest)) return Number.POSITIVE_INFINITY;
  let sum = 0;
  for (const value of z) sum += Math.exp(2 * (value - largest));
  return largest + 0.5 * Math.log(sum / z.length);
}
