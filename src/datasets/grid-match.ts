/** Do an image and its reference lie on the same grid? Headers written by different tools agree only nearly. */
import { axisCodes, canonicalGrid, spacingOf } from '../volume/orientation.js';
import type { Grid } from '../volume/volume.js';

/** A reference further off than this share of a voxel would be wrong at every boundary. */
const gravely = 0.5;
/** Differences up to this share of a voxel are rounding. */
const rounding = 0.01;

/** How two grids differ, and what to do about it. */
export interface GridMismatch {
  readonly of: 'shape' | 'affine';
  /** Voxels of one are not those of the other; else the difference is of little consequence. */
  readonly grave: boolean;
  readonly message: string;
  /** A clause, as of an error's remedy. */
  readonly remedy: string;
}

/**
 * What keeps two grids from being one: null if nothing.
 * Affines are compared by where they put the grid's corners, in units of the finest voxel side.
 */
export function gridMismatch(image: Grid, reference: Grid): GridMismatch | null {
  const sameSize = image.size.every((n, axis) => n === reference.size[axis]);
  const { mm, voxels } = sameSize ? furthestCorner(image, reference) : { mm: 0, voxels: 0 };
  if (sameSize && voxels <= rounding) return null;
  const grave = !sameSize || !(voxels <= gravely);
  const message = sameSize
    ? `the affines of image and reference differ by ${mm.toPrecision(3)} mm (${voxels.toPrecision(2)} voxels) at a corner`
    : `the image has ${image.size.join(' x ')} voxels, its reference ${reference.size.join(' x ')}`;
  return { of: sameSize ? 'affine' : 'shape', grave, message, remedy: remedyFor(image, reference, grave) };
}

function furthestCorner(image: Grid, reference: Grid): { mm: number; voxels: number } {
  let mm = 0;
  for (let corner = 0; corner < 8; corner++) {
    const [i, j, k] = image.size.map((n, axis) => ((corner >> axis) & 1) * (n - 1));
    const off = [0, 1, 2].map((row) => {
      const d = (column: number) => image.affine[4 * row + column] - reference.affine[4 * row + column];
      return d(0) * i + d(1) * j + d(2) * k + d(3);
    });
    mm = Math.max(mm, Math.hypot(...off));
  }
  return { mm, voxels: mm / Math.min(...spacingOf(image.affine)) };
}

/** Resampling a label whose header is wrong would move it by as much as the header is wrong. */
function remedyFor(image: Grid, reference: Grid, grave: boolean): string {
  const sameSize = image.size.every((n, axis) => n === reference.size[axis]);
  if (sameSize && !grave) return "copy the image's geometry into the reference: voxels are taken to belong together";
  const [from, to] = [reference, image].map(({ affine }) => axisCodes(affine));
  const [a, b] = [image, reference].map(canonicalGrid);
  if (from !== to && a.size.every((n, axis) => n === b.size[axis]) && furthestCorner(a, b).voxels <= gravely)
    return `reorient the reference from ${from} to ${to}, the image's axes: it lies where the image does, and no voxel need be interpolated`;
  return sameSize
    ? "look at both voxel by voxel, headers left aside: where they fit, one header is wrong, so copy the image's geometry into the reference (resampling would move it); where they do not, resample the reference onto the image's grid, to the nearest voxel"
    : "resample the reference onto the image's grid, to the nearest voxel, after a look whether the two overlap in a viewer";
}
