/** Brings images and masks to a plan's orientation, spacing and intensity, and results back to the image's own grid. */
import { count } from '../math/vector.js';
import { linearKernel } from '../volume/kernel.js';
import { fromCanonical, gatherPlane, scatterPlane, toCanonical, walkOf } from '../volume/orientation.js';
import { filterPlanes, mapKernels, resampleLinear } from '../volume/resample.js';
import type { Grid, Mask, Volume } from '../volume/volume.js';
import { normalisation } from './intensity.js';
import type { Plan } from './plan.js';
import { antiAliasKernel } from './smooth.js';
import { preparedSize, resizedGrid } from './target-grid.js';

export { preparedSize } from './target-grid.js';

/** An image as the network wants it. */
export interface Prepared {
  /** Normalised intensities on `grid`. */
  readonly data: Float32Array;
  /** RAS, on the plan's spacing (to the rounding of whole voxels). */
  readonly grid: Grid;
  /** The grid that the image came on. */
  readonly original: Grid;
  /** What lies outside the image is taken as this: its darkest (air), strays aside. */
  readonly minimum: number;
}

/**
 * Reorient, normalise and resample an image; beside image and result a few planes of memory are taken.
 * @param options.intensityOffset overrides the plan's (added to stored values to get Hounsfield units)
 * @throws GeometryError, UnsupportedError as {@link preparedSize}
 */
export function prepareImage(volume: Volume, plan: Plan, options: { intensityOffset?: number } = {}): Prepared {
  const size = preparedSize(volume, plan);
  const walk = walkOf(volume);
  const [nx, ny] = walk.grid.size;
  const offset = options.intensityOffset ?? plan.intensityOffset ?? 0;
  const { apply, outside } = normalisation(volume.data, plan.intensity, offset);
  const source = new Float32Array(nx * ny);
  const length = size[0] * size[1];
  const data = new Float32Array(length * size[2]);
  filterPlanes(
    mapKernels(walk.grid.size, size, antiAliasKernel),
    (z) => {
      gatherPlane(volume.data, walk, z, source);
      apply(source);
      return source;
    },
    (z, plane) => data.set(plane, z * length),
  );
  const original = { size: volume.size, affine: volume.affine };
  return { data, grid: resizedGrid(walk.grid, size), original, minimum: outside };
}

/**
 * Reorient and resample a mask linearly: 1 where the result is at least one half, as nnU-Net resamples labels. No
 * low-pass goes first, since it would thin out sheets that are just resolved.
 */
export function prepareMask(mask: Mask, plan: Pick<Plan, 'spacing'>): Mask {
  const size = preparedSize(mask, plan);
  const canonical = toCanonical(mask);
  const binary = new Float32Array(canonical.data.length);
  for (let i = 0; i < binary.length; i++) binary[i] = canonical.data[i] > 0 ? 1 : 0;
  const share = resampleLinear(binary, canonical.size, size);
  const data = new Uint8Array(share.length);
  // Not 0.5 itself: sums of weights that make one half may fall short by rounding.
  for (let i = 0; i < data.length; i++) data[i] = share[i] >= 0.5 - 1e-6 ? 1 : 0;
  return { ...resizedGrid(canonical, size), data };
}

/**
 * Bring values (logits, probabilities, maps) from the plan's grid back to the image's own grid and voxel order.
 * @param values on `prepared.grid`
 */
export function restoreValues(
  values: Float32Array,
  { grid, original }: Pick<Prepared, 'grid' | 'original'>,
): Float32Array {
  const walk = walkOf(original);
  const kernels = mapKernels(grid.size, walk.grid.size, linearKernel);
  if (kernels.every(({ identity }) => identity)) return fromCanonical(values, original);
  const plane = grid.size[0] * grid.size[1];
  const restored = new Float32Array(count(original.size));
  filterPlanes(
    kernels,
    (z) => values.subarray(z * plane, (z + 1) * plane),
    (z, native) => scatterPlane(native, walk, z, restored),
  );
  return restored;
}
