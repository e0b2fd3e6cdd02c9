/** Images in space: voxels, grid and affine. */
import { UnsupportedError } from '../errors.js';
import { type Affine, count, type Vec3 } from '../math/vector.js';

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

/** 2 GiB as float32, the largest array that browsers give. */
const MAXIMUM_VOXELS = 2 ** 29;

/**
 * Refuse an image before memory is taken for it; `file` is named in the error.
 * @throws {UnsupportedError} if it has too many voxels
 */
export function refuseTooLarge(size: Vec3, file: string): void {
  if (count(size) <= MAXIMUM_VOXELS) return;
  throw new UnsupportedError({
    file,
    expected: `at most ${MAXIMUM_VOXELS} voxels`,
    found: size.join(' x '),
    remedy: 'crop the image or lower its resolution',
  });
}
