/** Places of one image by two accounts: in what they differ, in words. */
import type { Affine } from '../math/vector.js';
import { axisCodes, determinant, spacingOf } from '../volume/orientation.js';

/** Shares and angles up to these are rounding. */
const SPACING_SHARE = 0.01;
const TURN_DEGREES = 1;
/** Of the finest voxel side. */
const PLACE_SHARE = 0.5;

const short = (value: number) => Number(value.toPrecision(4));

/** "0.7 x 0.7 x 5 mm". */
export function mmText(spacing: readonly number[]): string {
  return `${spacing.map(short).join(' x ')} mm`;
}

/** Largest angle between axes of the same number, in degrees. */
function turn(a: Affine, b: Affine): number {
  const [sa, sb] = [spacingOf(a), spacingOf(b)];
  const angles = [0, 1, 2].map((axis) => {
    const dot = [0, 4, 8].reduce((sum, row) => sum + a[row + axis] * b[row + axis], 0);
    return (Math.acos(Math.min(1, dot / (sa[axis] * sb[axis]))) * 180) / Math.PI;
  });
  return Math.max(...angles);
}

/** In what two affines (RAS, mm) of one image differ: spacing, sides, turn, or, where these agree, place. */
export function affineDifferences(a: Affine, b: Affine): string[] {
  const usable = (affine: Affine) => affine.every(Number.isFinite) && determinant(affine) !== 0;
  if (!usable(a) || !usable(b)) return ['one of them places no voxels'];
  const found: string[] = [];
  const [sa, sb] = [spacingOf(a), spacingOf(b)];
  if (sa.some((size, axis) => Math.abs(size / sb[axis] - 1) > SPACING_SHARE)) {
    found.push(`spacing ${mmText(sa)} and ${mmText(sb)}`);
  }
  const [codesA, codesB] = [axisCodes(a), axisCodes(b)];
  if (codesA !== codesB) found.push(`voxel axes towards ${codesA} and ${codesB}`);
  else if (turn(a, b) > TURN_DEGREES) found.push(`turned by ${short(turn(a, b))} degrees`);
  const apart = Math.hypot(...[3, 7, 11].map((at) => a[at] - b[at]));
  if (found.length === 0 && apart > PLACE_SHARE * Math.min(...sa)) {
    found.push(`the first voxel ${short(apart)} mm apart`);
  }
  return found;
}
