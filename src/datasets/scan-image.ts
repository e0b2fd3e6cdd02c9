/**
 * What is kept of an image's voxels: where its intensities lie, and a coarse likeness by which the same scan is known
 * again when it is stored along other axes, or a constant was added.
 */
import { axisCodes, walkOf } from '../volume/orientation.js';
import type { Volume } from '../volume/volume.js';
import type { ImageLikeness, ImageScan } from './scan.js';

/** Blocks of a likeness along each of the body's axes. */
const BLOCKS = 8;
/** Width of a bin in stored units, and where the first begins: CT, with or without its offset, at 12 bits and beyond. */
const BIN = 16;
const FIRST = -4096;
const BINS = 1024;

/** @throws GeometryError where the affine cannot be inverted */
export function scanImage(volume: Volume): Omit<ImageScan, 'asLabel'> {
  const { data } = volume;
  let notFinite = 0;
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    // x - x is 0 for every finite x and NaN for the others.
    if (value - value !== 0) notFinite++;
    else {
      sum += value;
      if (value < minimum) minimum = value;
      if (value > maximum) maximum = value;
    }
  }
  const finite = data.length - notFinite;
  const { histogram, ...likeness } = describe(volume, finite > 0 ? sum / finite : 0, finite);
  return { notFinite, minimum, maximum, ...levels(histogram), likeness };
}

function describe(volume: Volume, mean: number, finite: number): ImageLikeness & { histogram: Float64Array } {
  const { data } = volume;
  const { grid, start, step } = walkOf(volume);
  const [nx, ny, nz] = grid.size;
  const [sx, sy, sz] = step;
  const [bx, by, bz] = grid.size.map((n, axis) => blockOf(n, BLOCKS ** axis));
  const sums = new Float64Array(BLOCKS ** 3);
  const counts = new Float64Array(BLOCKS ** 3);
  const histogram = new Float64Array(BINS);
  let squares = 0;
  for (let z = 0; z < nz; z++)
    for (let y = 0; y < ny; y++) {
      let at = start + y * sy + z * sz;
      const row = by[y] + bz[z];
      for (let x = 0; x < nx; x++, at += sx) {
        const difference = data[at] - mean;
        if (difference - difference !== 0) continue;
        const block = row + bx[x];
        sums[block] += difference;
        counts[block]++;
        squares += difference * difference;
        const bin = (data[at] - FIRST) / BIN;
        histogram[bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin | 0]++;
      }
    }
  return {
    size: grid.size,
    axes: axisCodes(volume.affine),
    mean,
    deviation: finite > 0 ? Math.sqrt(squares / finite) : 0,
    blocks: Float32Array.from(sums, (total, i) => (counts[i] > 0 ? total / counts[i] : 0)),
    histogram,
  };
}

/** For each index along an axis, the number of its block times the axis's stride among blocks. */
function blockOf(length: number, stride: number): Int32Array {
  const blocks = Math.min(BLOCKS, length);
  return Int32Array.from({ length }, (_, i) => Math.floor((i * blocks) / length) * stride);
}

/** Bins that are too low for air: scanners pad what lies outside their circle with -2000 and less. */
const PADDING = Math.floor((-1100 - FIRST) / BIN);
const ABOVE_AIR = Math.round(500 / BIN);
const LEAST_SHARE = 0.005;
/** Bins on each side of one that are counted to it: noise and the kinds of tissue spread that far. */
const SPREAD = 4;

function levels(histogram: Float64Array): { low: number; tissue: number | null } {
  const total = histogram.subarray(PADDING).reduce((all, n) => all + n, 0);
  let bin = PADDING;
  for (let seen = histogram[bin]; seen <= total / 100 && bin < BINS - 1; ) seen += histogram[++bin];
  const from = Math.min(bin + ABOVE_AIR, BINS);
  const above = histogram.subarray(from).reduce((all, n) => all + n, 0);
  const tissue = total > 0 && above >= LEAST_SHARE * total ? centre(commonest(histogram, from)) : null;
  return { low: centre(bin), tissue };
}

const centre = (bin: number): number => FIRST + BIN * (bin + 0.5);

/** The bin from `from` on about which most voxels lie; the last holds all that is higher, and is none. */
function commonest(histogram: Float64Array, from: number): number {
  let [best, most] = [from, -1];
  for (let bin = from; bin < BINS - 1; bin++) {
    let near = 0;
    for (let i = Math.max(from, bin - SPREAD); i <= Math.min(BINS - 2, bin + SPREAD); i++) near += histogram[i];
    if (near > most) [best, most] = [bin, near];
  }
  return best;
}

/** Block means agree to this share of the image's deviation in one scan, never by chance in two. */
const TOLERANCE = 1e-4;
/** Rounding of float32, a few times over, relative to the largest value. */
const ROUNDING = 4 * 2 ** -24;

/** Are two images the same scan, along whatever axes and but for a constant? Images without variation are not compared. */
export function sameScan(a: ImageScan, b: ImageScan): boolean {
  const [one, other] = [a.likeness, b.likeness];
  if (a.notFinite !== b.notFinite || one.size.some((n, axis) => n !== other.size[axis])) return false;
  const largest = Math.max(...[a, b].flatMap(({ minimum, maximum }) => [Math.abs(minimum), Math.abs(maximum)]));
  const most = TOLERANCE * one.deviation + ROUNDING * largest;
  if (!(one.deviation > 0) || !(Math.abs(one.deviation - other.deviation) <= most)) return false;
  for (let i = 0; i < one.blocks.length; i++) if (!(Math.abs(one.blocks[i] - other.blocks[i]) <= most)) return false;
  return true;
}

/** How the first of two images of one scan differs from the second, as the end of a clause: '' where not at all. */
export function differences(a: ImageScan, b: ImageScan): string {
  const [one, other] = [a.likeness, b.likeness];
  const shift = one.mean - other.mean;
  const isShifted = Math.abs(shift) > 1e-3 * one.deviation;
  const words = [
    ...(one.axes === other.axes ? [] : [`stored along other axes (${one.axes}, not ${other.axes})`]),
    ...(isShifted ? [`${Number(Math.abs(shift).toPrecision(4))} ${shift > 0 ? 'higher' : 'lower'}`] : []),
  ];
  return words.map((text) => `, ${text}`).join('');
}
