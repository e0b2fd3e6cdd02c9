/**
 * Places in space as ITK, NRRD and MetaImage say them (millimetres towards left, posterior, superior) and as NIfTI does
 * (towards right, anterior, superior). The conversion changes signs only, so no digit is lost.
 */
import type { Affine, Vec3 } from '../math/vector.js';

/** What each world axis is multiplied by to become right, anterior, superior. */
export const signsOf = { lps: [-1, -1, 1], ras: [1, 1, 1] } as const satisfies Record<string, Vec3>;

export interface WorldAxes {
  /** For each voxel axis, the step from one voxel to the next. */
  readonly axes: readonly (readonly number[])[];
  readonly origin: readonly number[];
}

/** The RAS affine of an image whose voxel axes are given one by one. */
export function affineOf({ axes, origin }: WorldAxes, signs: Vec3): Affine {
  const rows = signs.flatMap((sign, row) => [...axes.map((axis) => sign * axis[row]), sign * origin[row]]);
  return [...rows, 0, 0, 0, 1];
}

/** The voxel axes and the origin of a RAS affine, in LPS. */
export function lpsOf(affine: Affine): WorldAxes {
  const column = (at: number) => signsOf.lps.map((sign, row) => sign * affine[4 * row + at]);
  return { axes: [0, 1, 2].map(column), origin: column(3) };
}
