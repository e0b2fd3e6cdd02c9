/** Images in space: voxels, grid and affine. */
import type { Affine, Vec3 } from '../math/vector.js';

/** Where voxels lie: grid size and the affine from voxel indices to RAS+ millimetres. */
export interface Grid {
  /** Voxels along x, y, z. Memory order is x fastest: index = x + nx * (y + ny * z), as in NIfTI. */
  readonly size: Vec3;
  readonly affine: Affine;
}

/** A single-channel 3D image. */
export interface Volume extends Grid {
  readonly data: Float32Array;
}

/** A 3D mask: 1 is foreground, 0 background (or label values before a target is chosen). */
export interface Mask extends Grid {
  readonly data: Uint8Array;
}

/** Number of NaN and infinite values: readers keep them, callers decide what they mean. */
export function countNotFinite(data: Float32Array): number {
  let found = 0;
  // x - x is 0 for every finite x and NaN for the others.
  for (let i = 0; i < data.length; i++) if (data[i] - data[i] !== 0) found++;
  return found;
}
