/** The grid that an image gets under a plan, from its geometry alone: sizes are known before memory is taken. */
import { GeometryError, UnsupportedError } from '../errors.js';
import { type Affine, count, mapVec3, type Vec3 } from '../math/vector.js';
import { canonicalGrid, spacingOf } from '../volume/orientation.js';
import type { Grid } from '../volume/volume.js';
import type { Plan } from './plan.js';

/** 2 GiB of float32. */
export const maximumVoxels = 2 ** 29;

/** Size and spacing (mm) of an image along the right, anterior and superior axes, that is after toCanonical. */
export function canonicalShape(grid: Grid): { size: Vec3; spacing: Vec3 } {
  const { size, affine } = canonicalGrid(grid);
  return { size, spacing: spacingOf(affine) };
}

/**
 * Size in voxels of an image under a plan: at least 1, the field of view kept to half a voxel.
 * @param grid the image's own grid, in any orientation
 * @throws GeometryError for an unusable spacing, UnsupportedError where the result would exceed 2^29 voxels
 */
export function preparedSize(grid: Grid, plan: Pick<Plan, 'spacing'>): Vec3 {
  const { size, spacing } = canonicalShape(grid);
  if (!spacing.every((mm) => mm > 0 && Number.isFinite(mm)))
    throw new GeometryError({
      expected: 'an image spacing of three positive numbers in mm',
      found: spacing.join(' x '),
    });
  const target = mapVec3(size, (n, axis) => Math.max(1, Math.round((n * spacing[axis]) / plan.spacing[axis])));
  if (!(count(target) <= maximumVoxels))
    throw new UnsupportedError({
      problem: `an image of ${size.join(' x ')} voxels of ${spacing.map((mm) => mm.toPrecision(3)).join(' x ')} mm would become ${target.join(' x ')} voxels at the plan's ${plan.spacing.join(' x ')} mm`,
      remedy: 'check the spacing in its header or crop it',
    });
  return target;
}

/** The same field of view on another number of voxels: columns stretched, the outer corner kept. */
export function resizedGrid(grid: Grid, size: Vec3): Grid {
  const factor = mapVec3(size, (n, axis) => grid.size[axis] / n);
  const affine: Affine = grid.affine.map((value, i) => {
    const column = i % 4;
    if (i >= 12) return value;
    if (column < 3) return value * factor[column];
    // The centre of the first new voxel, in old voxel indices, is (factor - 1) / 2 along each axis.
    return factor.reduce((sum, f, axis) => sum + (grid.affine[i - 3 + axis] * (f - 1)) / 2, value);
  });
  return { size, affine };
}
