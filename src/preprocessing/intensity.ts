/** Brings the intensities of an image to the order of 1, by a plan's fixed window or by the image itself. */
import { backgroundLevel } from './background.js';
import { percentilesAbove } from './percentiles.js';
import type { IntensityPlan } from './plan.js';

/** How an image is brought to the order of 1. */
export interface Normalisation {
  /** In place, of the image or any part of a copy of it. */
  readonly apply: (values: Float32Array) => void;
  /** What lies outside the image, normalised: its darkest, by a percentile, so that no single voxel decides. */
  readonly outside: number;
}

/**
 * How an image's values are brought to the order of 1. NaN and infinite voxels are taken as the smallest finite value
 * (0 if there is none).
 *
 * `window`: (clip(value + offset, lower, upper) - mean) / sd.
 * `z-score`: clip to two percentiles of the voxels above the background, then mean 0 and sd 1 over those voxels. Leaving
 * the background out (zeros outside the body, and what a resampling made of them; {@link backgroundLevel}) lets a crop
 * and a zero-filled scan of one patient come out alike. Constant images become 0.
 * @param data the whole image, which its statistics are taken from; not changed
 */
export function normalisation(data: Float32Array, plan: IntensityPlan, offset: number): Normalisation {
  const { minimum, notFinite } = finiteRange(data);
  const replace = (values: Float32Array) => {
    for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) values[i] = minimum;
  };
  const finite = notFinite > 0 && plan.kind === 'z-score' ? data.filter(Number.isFinite) : data;
  const { lower, upper, mean, sd } = plan.kind === 'window' ? plan : statisticsOf(finite, minimum, plan);
  // z-scores do not depend on an offset; a window is stated in the units that the offset leads to.
  const shift = plan.kind === 'window' ? offset : 0;
  const normalised = (value: number) => ((value < lower ? lower : value > upper ? upper : value) - mean) / sd;
  const darkest = plan.kind === 'window' ? darkestOf(data, minimum) : lower;
  return {
    apply(values) {
      if (notFinite > 0) replace(values);
      for (let i = 0; i < values.length; i++) values[i] = normalised(values[i] + shift);
    },
    outside: Math.fround(normalised(darkest + shift)),
  };
}

/** So small a share of an image's voxels may be darker than what stands for its darkest. */
const DARKER = 0.005;

function darkestOf(data: Float32Array, minimum: number): number {
  const last = data.length - 1;
  if (last < 1) return minimum;
  const [value] = percentilesAbove(data, Number.NEGATIVE_INFINITY, [(100 * Math.floor(DARKER * last)) / last]);
  return Number.isFinite(value) ? value : minimum;
}

/** What of an image's values is there to work with. */
export interface FiniteRange {
  /** Smallest and largest finite value; 0 where there is none. */
  readonly minimum: number;
  readonly maximum: number;
  /** How many values are NaN or infinite. */
  readonly notFinite: number;
}

export function finiteRange(data: Float32Array): FiniteRange {
  let minimum = Infinity;
  let maximum = -Infinity;
  let notFinite = 0;
  for (let i = 0; i < data.length; i++) {
    const v = data[i];
    if (!Number.isFinite(v)) {
      notFinite++;
      continue;
    }
    if (v < minimum) minimum = v;
    if (v > maximum) maximum = v;
  }
  return notFinite === data.length ? { minimum: 0, maximum: 0, notFinite } : { minimum, maximum, notFinite };
}

type ZScore = Extract<IntensityPlan, { kind: 'z-score' }>;

interface Statistics {
  readonly lower: number;
  readonly upper: number;
  readonly mean: number;
  readonly sd: number;
}

function statisticsOf(values: Float32Array, minimum: number, plan: ZScore): Statistics {
  const inside = statisticsAbove(values, backgroundLevel(values, minimum), plan);
  // Of a binary image one value lies above the background; only both together vary.
  return inside ?? statisticsAbove(values, -Infinity, plan) ?? { lower: minimum, upper: minimum, mean: minimum, sd: 1 };
}

/** Null where the values above the bound do not vary. */
function statisticsAbove(
  values: Float32Array,
  above: number,
  { lowerPercentile, upperPercentile }: ZScore,
): Statistics | null {
  const [lower, upper] = percentilesAbove(values, above, [lowerPercentile, upperPercentile]);
  if (!(upper > lower)) return null;
  // Sums about the middle of the range: exact enough for images that sit far from 0.
  const middle = (lower + upper) / 2;
  let n = 0;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (!(v > above)) continue;
    const difference = (v < lower ? lower : v > upper ? upper : v) - middle;
    n++;
    sum += difference;
    squares += difference * difference;
  }
  const mean = middle + sum / n;
  const sd = Math.sqrt(Math.max(0, squares - (sum * sum) / n) / n);
  return sd > 0 ? { lower, upper, mean, sd } : null;
}
