/** Do an image and its reference lie on the same grid? Headers written by different tools agree only nearly. */
import { spacingOf } from '../volume/orientation.js';
import type { Grid } from '../volume/volume.js';

/** A reference further off than this share of a voxel would be wrong at every boundary. */
const gravely = 0.5;
/** Differences up to this share of a voxel are rounding. */
const rounding = 0.01;

/**
 * What keeps two grids from being one: null if nothing, else how grave it is and in words.
 * Affines are compared by where they put the grid's corners, in units of the finest voxel side.
 */
export function gridMismatch(
  image: Grid,
  reference: Grid,
): { of: 'shape' | 'affine'; grave: boolean; message: string } | null {
  if (image.size.some((n, axis) => n !== reference.size[axis]))
    return {
      of: 'shape',
      grave: true,
      message: `the image has ${image.size.join(' x ')} voxels, its reference ${reference.size.join(' x ')}`,
    };
  let furthest = 0;
  for (let corner = 0; corner < 8; corner++) {
    const [i, j, k] = image.size.map((n, axis) => ((corner >> axis) & 1) * (n - 1));
    const off = [0, 1, 2].map((row) => {
      const d = (column: number) => image.affine[4 * row + column] - reference.affine[4 * row + column];
      return d(0) * i + d(1) * j + d(2) * k + d(3);
    });
    furthest = Math.max(furthest, Math.hypot(...off));
  }
  const voxels = furthest / Math.min(...spacingOf(image.affine));
  if (voxels <= rounding) return null;
  return {
    of: 'affine',
    grave: !(voxels <= gravely),
    message: `the affines of image and reference differ by ${furthest.toPrecision(3)} mm (${voxels.toPrecision(2)} voxels) at a corner`,
  };
}
