/** Brings the intensities of an image to the order of 1, by a plan's fixed window or by the image itself. */
import { percentilesAbove } from './percentiles.js';
import type { IntensityPlan } from './plan.js';

/**
 * What brings an image's values, or any part of a copy of them, to the order of 1, in place. NaN and infinite voxels
 * are taken as the smallest finite value (0 if there is none).
 *
 * `window`: (clip(value + offset, lower, upper) - mean) / sd.
 * `z-score`: clip to two percentiles of the voxels above the image's minimum, then mean 0 and sd 1 over those voxels.
 * The minimum is the constant background (zeros outside the body); leaving it out lets a crop and a zero-filled scan
 * of one patient come out alike. Constant images become 0.
 * @param data the whole image, which its statistics are taken from; not changed
 */
export function normaliser(data: Float32Array, plan: IntensityPlan, offset: number): (values: Float32Array) => void {
  const { minimum, unusual } = finiteMinimum(data);
  const replace = (values: Float32Array) => {
    for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) values[i] = minimum;
  };
  let finite = data;
  if (unusual > 0 && plan.kind === 'z-score') {
    finite = data.slice();
    replace(finite);
  }
  const { lower, upper, mean, sd } = plan.kind === 'window' ? plan : statisticsOf(finite, minimum, plan);
  // z-scores do not depend on an offset; a window is stated in the units that the offset leads to.
  const shift = plan.kind === 'window' ? offset : 0;
  return (values) => {
    if (unusual > 0) replace(values);
    for (let i = 0; i < values.length; i++) {
      const value = values[i] + shift;
      values[i] = ((value < lower ? lower : value > upper ? upper : value) - mean) / sd;
    }
  };
}

/** The smallest finite value (0 if there is none), and how many values are not finite. */
function finiteMinimum(data: Float32Array): { minimum: number; unusual: number } {
  let minimum = Infinity;
  let unusual = 0;
  for (let i = 0; i < data.length; i++) {
    const v = data[i];
    if (!Number.isFinite(v)) unusual++;
    else if (v < minimum) minimum = v;
  }
  return { minimum: minimum === Infinity ? 0 : minimum, unusual };
}

type ZScore = Extract<IntensityPlan, { kind: 'z-score' }>;

interface Statistics {
  readonly lower: number;
  readonly upper: number;
  readonly mean: number;
  readonly sd: number;
}

function statisticsOf(values: Float32Array, minimum: number, plan: ZScore): Statistics {
  const inside = statisticsAbove(values, minimum, plan);
  // Of a binary image one value lies above the minimum; only both together vary.
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
