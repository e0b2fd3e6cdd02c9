/** Brings the intensities of an image to the order of 1, by a plan's fixed window or by the image itself. */
import { percentilesAbove } from './percentiles.js';
import type { IntensityPlan } from './plan.js';

/**
 * Normalised copy of an image's values. NaN and infinite voxels are taken as the smallest finite value.
 *
 * `window`: (clip(value + offset, lower, upper) - mean) / sd.
 * `z-score`: clip to two percentiles of the voxels above the image's minimum, then mean 0 and sd 1 over those voxels.
 * The minimum is the constant background (zeros outside the body); leaving it out lets a crop and a zero-filled scan
 * of one patient come out alike. Constant images become 0.
 */
export function normalise(data: Float32Array, plan: IntensityPlan, offset: number): Float32Array {
  const values = withoutUnusual(data);
  const { lower, upper, mean, sd } = plan.kind === 'window' ? plan : statisticsOf(values, plan);
  // z-scores do not depend on an offset; a window is stated in the units that the offset leads to.
  const shift = plan.kind === 'window' ? offset : 0;
  for (let i = 0; i < values.length; i++) values[i] = (Math.min(upper, Math.max(lower, values[i] + shift)) - mean) / sd;
  return values;
}

/** A copy with NaN and infinities replaced by the smallest finite value (0 if there is none). */
function withoutUnusual(data: Float32Array): Float32Array {
  const values = data.slice();
  let minimum = Infinity;
  let unusual = 0;
  for (const v of values) {
    if (!Number.isFinite(v)) unusual++;
    else if (v < minimum) minimum = v;
  }
  if (unusual > 0) {
    const fill = minimum === Infinity ? 0 : minimum;
    for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) values[i] = fill;
  }
  return values;
}

interface Statistics {
  readonly lower: number;
  readonly upper: number;
  readonly mean: number;
  readonly sd: number;
}

function statisticsOf(values: Float32Array, plan: { lowerPercentile: number; upperPercentile: number }): Statistics {
  let minimum = Infinity;
  for (const v of values) if (v < minimum) minimum = v;
  const inside = statisticsAbove(values, minimum, plan);
  // Of a binary image one value lies above the minimum; only both together vary.
  return inside ?? statisticsAbove(values, -Infinity, plan) ?? { lower: minimum, upper: minimum, mean: minimum, sd: 1 };
}

/** Null where the values above the bound do not vary. */
function statisticsAbove(
  values: Float32Array,
  above: number,
  { lowerPercentile, upperPercentile }: { lowerPercentile: number; upperPercentile: number },
): Statistics | null {
  const [lower, upper] = percentilesAbove(values, above, [lowerPercentile, upperPercentile]);
  if (!(upper > lower)) return null;
  let n = 0;
  let mean = 0;
  // Welford's recurrence: exact enough for images that sit far from 0.
  let squares = 0;
  for (const v of values)
    if (v > above) {
      const clipped = Math.min(upper, Math.max(lower, v));
      const difference = clipped - mean;
      mean += difference / ++n;
      squares += difference * (clipped - mean);
    }
  const sd = Math.sqrt(squares / n);
  return sd > 0 ? { lower, upper, mean, sd } : null;
}
