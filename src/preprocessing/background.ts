/**
 * Where an image's background ends. Zeros around the body that a resampling has left some voxels below and above (it
 * rings) are background as much as clean ones: neither one such voxel nor a rim of them may decide what counts as body.
 */
import { createRandom } from '../math/random.js';

/** Voxels looked at, one from each of so many equal stretches: enough to know a background, in milliseconds. */
const SAMPLE = 1 << 16;
/** Bins to the range between the 0.5 and the 99.5 percentile. */
const BINS = 2048;
/** Voxels that lie below everything else and are still taken as strays: this share, in small images up to eight. */
const STRAYS = 1 / 5000;
/** How far ringing reaches from the background, as a share of the range; a background with more below it is none. */
const REACH = 0.05;
/** The background's value is that of at least this share of all voxels, ... */
const LEAST = 0.002;
/** ... so many times as many as have any other value about it (within a sixteenth of the range): noise in air has none. */
const PROMINENT = 3;
const ABOUT = BINS / 16;

/**
 * The largest value that is background: voxels above it are the body.
 *
 * The background is the most frequent value at the low end. As far as voxels lie below it, strays aside, values above it
 * are taken as its ringing too. Without ringing it is the value itself, which a clean image has as its minimum; without
 * such a value (a crop within the body, noise in the air) it is the minimum, which leaves out next to nothing.
 * @param values finite
 * @param minimum their smallest
 */
export function backgroundLevel(values: Float32Array, minimum: number): number {
  const sorted = sampleOf(values).sort();
  const n = sorted.length;
  if (n === 0 || sorted[n >> 1] === minimum) return minimum;
  const lowest = sorted[Math.max(Math.min(8, Math.floor(n / 1000)), Math.floor(n * STRAYS))];
  const low = sorted[Math.floor(0.005 * (n - 1))];
  const above = firstFrom(sorted, low, true);
  const high = sorted[Math.min(n - 1, above + Math.floor(0.995 * (n - above)))];
  const width = (high - low) / BINS;
  if (!(width > 0)) return minimum;
  // From a little below, since ringing may put the background itself above the percentile.
  const start = low - ABOUT * width;
  const bin = backgroundBin(histogram(sorted, start, width), n, (lowest - start) / width);
  if (bin === undefined) return minimum;
  const to = start + (bin + 2) * width;
  const [first, end] = [firstFrom(sorted, start + (bin - 1) * width, false), firstFrom(sorted, to, false)];
  const level = sorted[(first + end) >> 1];
  const equal = firstFrom(sorted, level, true) - firstFrom(sorted, level, false);
  const ringing = Math.max(0, level - lowest);
  return Math.max(2 * equal >= end - first ? level : to, level + ringing);
}

function sampleOf(values: Float32Array): Float32Array {
  if (values.length <= SAMPLE) return values.slice();
  // Not at equal steps, which could follow the rows of the image.
  const random = createRandom('background', values.length);
  return Float32Array.from(
    { length: SAMPLE },
    (_, k) => values[Math.floor(((k + random.uniform()) * values.length) / SAMPLE)],
  );
}

/** Where in sorted values the first lies that is at least, or `beyond` more than, a bound. */
function firstFrom(sorted: Float32Array, bound: number, beyond: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] > bound || (!beyond && sorted[middle] === bound)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function histogram(values: Float32Array, start: number, width: number): Uint32Array {
  const counts = new Uint32Array(BINS + 2 * ABOUT);
  for (let i = 0; i < values.length; i++) {
    const bin = Math.floor((values[i] - start) / width);
    if (bin >= 0 && bin < counts.length) counts[bin]++;
  }
  return counts;
}

/**
 * The bin of the background; undefined where there is none.
 * @param lowest the place, in bins, that no more than strays lie below
 */
function backgroundBin(counts: Uint32Array, voxels: number, lowest: number): number | undefined {
  // Rounding may have spread a value over the border of two bins.
  const group = (bin: number) => (counts[bin - 1] ?? 0) + counts[bin] + (counts[bin + 1] ?? 0);
  const isPeak = (bin: number) => counts[bin] >= Math.max(counts[bin - 1] ?? 0, counts[bin + 1] ?? 0);
  const last = Math.min(counts.length - 1, Math.floor(lowest + REACH * BINS));
  let best: number | undefined;
  for (let bin = 0; bin <= last; bin++) {
    const own = group(bin);
    if (!isPeak(bin) || own < LEAST * voxels || own < PROMINENT * largestAbout(counts, bin)) continue;
    if (best === undefined || own > group(best)) best = bin;
  }
  return best;
}

function largestAbout(counts: Uint32Array, bin: number): number {
  let largest = 0;
  for (let other = Math.max(0, bin - ABOUT); other <= Math.min(counts.length - 1, bin + ABOUT); other++) {
    if (Math.abs(other - bin) > 1 && counts[other] > largest) largest = counts[other];
  }
  return largest;
}
