/**
 * Bring the distances of different layers and tasks to one scale, and join the layers of a task into one score.
 * Distances that are +Infinity (an image outside a plan) never enter a mean or a variance.
 */
import type { Distances } from './detector.js';

/** Mean and unbiased variance of each component over images, with the number of finite values they rest on. */
export interface Moments {
  readonly count: Float64Array;
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
  const count = new Float64Array(components);
  const mean = new Float64Array(components);
  const variance = new Float64Array(components);
  for (let c = 0; c < components; c++) {
    for (const image of images) {
      if (!Number.isFinite(image[c])) continue;
      count[c]++;
      const delta = image[c] - mean[c];
      mean[c] += delta / count[c];
      variance[c] += delta * (image[c] - mean[c]);
    }
    variance[c] = count[c] > 1 ? variance[c] / (count[c] - 1) : 0;
  }
  return { count, mean, variance };
}

/**
 * Constants of every task from the moments of all: m_t the task's mean, s_t^2 half the task's variance plus half the
 * mean of all tasks' variances (a task with few images borrows strength). A task with one image has only the mean of
 * the others' variances, a task with none their mean as well; with no two images anywhere, s = 1.
 */
export function constantsOf(moments: readonly Moments[]): Constants[] {
  const components = moments[0].mean.length;
  const commonMean = new Float64Array(components);
  const commonVariance = new Float64Array(components);
  for (let c = 0; c < components; c++) {
    commonMean[c] = average(
      moments.filter((m) => m.count[c] > 0).map((m) => m.mean[c]),
      0,
    );
    commonVariance[c] = average(
      moments.filter((m) => m.count[c] > 1).map((m) => m.variance[c]),
      1,
    );
  }
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

function average(values: readonly number[], otherwise: number): number {
  return values.length === 0 ? otherwise : values.reduce((sum, value) => sum + value, 0) / values.length;
}
