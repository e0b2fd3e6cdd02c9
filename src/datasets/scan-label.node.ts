/** What is kept of a label image's voxels: its values, how many voxels each has, and a hash by which it is known again. */
import { createHash } from 'node:crypto';
import type { LabelScan } from './scan.js';

/** More distinct values than any label image has: what goes beyond is not kept one by one. */
const MOST_VALUES = 1000;
/** Runs that are hashed at a time. */
const CHUNK = 4096;

/**
 * Read off a label image.
 * @param mostValues beyond which it is given up: an image that only may be a label
 * @returns undefined where it was given up
 */
export function scanLabel(data: Float32Array): LabelScan;
export function scanLabel(data: Float32Array, mostValues: number): LabelScan | undefined;
export function scanLabel(data: Float32Array, mostValues = Number.POSITIVE_INFINITY): LabelScan | undefined {
  const counts = new Map<number, number>();
  const hash = createHash('sha256');
  const runs = new Float64Array(2 * CHUNK);
  let filled = 0;
  for (let start = 0, end = 0; start < data.length; start = end) {
    // Neighbours are mostly alike.
    const stored = data[start];
    do end++;
    while (end < data.length && data[end] === stored);
    // Float noise of scaled label images is forgiven, true fractions are not.
    const nearest = Math.round(stored);
    const value = Math.abs(stored - nearest) < 1e-3 ? nearest : stored;
    const known = counts.get(value);
    if (known !== undefined || counts.size < MOST_VALUES) counts.set(value, (known ?? 0) + end - start);
    if (counts.size > mostValues) return undefined;
    runs[filled++] = value;
    runs[filled++] = end;
    if (filled === runs.length) {
      hash.update(runs);
      filled = 0;
    }
  }
  hash.update(runs.subarray(0, filled));
  const sorted = [...counts].sort(([a], [b]) => a - b);
  return { values: sorted.map(([value]) => value), voxels: sorted.map(([, n]) => n), hash: hash.digest('hex') };
}
