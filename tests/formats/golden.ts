/** The golden values of golden.json with their types, decoded. */
import { readFileSync } from 'node:fs';
import type { Vec3 } from '../../src/math/vector.js';

interface Golden {
  files: { name: string; file: string; source: string; affine: number[]; values: string }[];
  refused: { found: string; file: string }[];
  orientations: { affine: number[]; codes: string; size: Vec3; canonicalAffine: number[]; values: number[] }[];
  resampled: { from: Vec3; to: Vec3; data: string; values: string }[];
  components: { size: Vec3; components: number; mask: number[]; largest: number[] }[];
}

export const golden = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8')) as Golden;

export function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

export function floatsOf(base64: string): Float32Array {
  return new Float32Array(bytesOf(base64).buffer);
}

/** Largest absolute difference of two arrays of one length; NaN if any is. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.NaN;
  return Math.max(0, ...Array.from(a, (value, i) => Math.abs(value - b[i])));
}
