/**
 * Places in space as ITK says them (spacing, direction cosines, origin; millimetres towards left, posterior, superior)
 * and as NIfTI does (affine; towards right, anterior, superior). The conversion changes signs only, so no digit is lost.
 */
import type { Affine, Vec3 } from '../../math/vector.js';
import { spacingOf } from '../../volume/orientation.js';

export interface ItkGeometry {
  readonly origin: readonly number[];
  readonly spacing: readonly number[];
  /** 3 x 3, row by row; columns are the directions of the voxel axes. */
  readonly direction: ArrayLike<number>;
}

/** +1 for the world axis that both share, -1 for those that point the other way. */
const signs: Vec3 = [-1, -1, 1];

/** The RAS affine of an ITK image. */
export function affineOf({ origin, spacing, direction }: ItkGeometry): Affine {
  const rows = signs.flatMap((sign, row) => [
    ...[0, 1, 2].map((column) => sign * direction[3 * row + column] * spacing[column]),
    sign * origin[row],
  ]);
  return [...rows, 0, 0, 0, 1];
}

/** The ITK geometry of a RAS affine; shear stays in the direction. */
export function geometryOf(affine: Affine): ItkGeometry & { readonly direction: Float64Array } {
  const spacing = spacingOf(affine);
  const direction = new Float64Array(9);
  signs.forEach((sign, row) => {
    for (const column of [0, 1, 2]) {
      direction[3 * row + column] = (sign * affine[4 * row + column]) / spacing[column];
    }
  });
  return { origin: signs.map((sign, row) => sign * affine[4 * row + 3]), spacing: [...spacing], direction };
}
