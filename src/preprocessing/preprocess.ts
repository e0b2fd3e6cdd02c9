/** Brings images and masks to a plan's orientation, spacing and intensity, and results back to the image's own grid. */
import { count } from '../math/vector.js';
import { linearKernel } from '../volume/kernel.js';
import { fromCanonical, gatherPlane, scatterPlane, toCanonical, walkOf } from '../volume/orientation.js';
import { filterPlanes, mapKernels, resampleLinear } from '../volume/resample.js';
import type { Grid, Mask, Volume } from '../volume/volume.js';
import { normalisation } from './intensity.js';
import type { Plan } from './plan.js';
import type { Sample } from './sample.js';
import { antiAliasKernel } from './smooth.js';
import { preparedSize, resizedGrid } from './target-grid.js';

export { preparedSize } from './target-grid.js';

/** A sample that knows its way back. */
export interface PreparedImage extends Sample {
  /** The grid that the image came on. */
  readonly original: Grid;
}

/**
 * Reorient, normalise and resample an image; beside image and result a few planes of memory are taken.
 * @param options.intensityOffset overrides the plan's (added to stored values to get Hounsfield units)
 * @throws GeometryError, UnsupportedError as {@link preparedSize}
 */
export function prepareImage(volume: Volume, plan: Plan, options: { intensityOffset?: number } = {}): PreparedImage {
  const size = preparedSize(volume, plan);
  const walk = walkOf(volume);
  const [nx, ny] = walk.grid.size;
  const offset = options.intensityOffset ?? plan.intensityOffset ?? 0;
  const { apply, outside } = normalisation(volume.data, plan.intensity, offset);
  const source = new Float32Array(nx * ny);
  const length = size[0] * size[1];
  const image = new Float32Array(length * size[2]);
  filterPlanes(
    mapKernels(walk.grid.size, size, antiAliasKernel),
    (z) => {
      gatherPlane(volume.data, walk, z, source);
      apply(source);
      return source;
    },
    (z, plane) => image.set(plane, z * length),
  );
  const original = { size: volume.size, affine: volume.affine };
  return { image, grid: resizedGrid(walk.grid, size), original, minimum: outside };
}

/**
 * Reorient and resample a map of classes linearly: foreground where the shares of all classes make at least one half, as
 * nnU-Net resamples labels, and there of the class with the largest. No low-pass goes first, since it would thin out
 * sheets that are just resolved.
 */
export function prepareMask(mask: Mask, plan: Pick<Plan, 'spacing'>): Mask {
  const size = preparedSize(mask, plan);
  const canonical = toCanonical(mask);
  const shareOf = (isInside: (value: number) => boolean) => {
    const binary = new Float32Array(canonical.data.length);
    for (let i = 0; i < binary.length; i++) binary[i] = isInside(canonical.data[i]) ? 1 : 0;
    return resampleLinear(binary, canonical.size, size);
  };
  const foreground = shareOf((value) => value > 0);
  const [first = 0, ...others] = classesIn(canonical.data);
  const data = new Uint8Array(foreground.length);
  // Not 0.5 itself: sums of weights that make one half may fall short by rounding.
  for (let i = 0; i < data.length; i++) data[i] = foreground[i] >= 0.5 - 1e-6 ? first : 0;
  if (others.length > 0) {
    const largest = shareOf((value) => value === first);
    for (const number of others) {
      const share = shareOf((value) => value === number);
      for (let i = 0; i < data.length; i++) {
        if (data[i] === 0 || share[i] <= largest[i]) continue;
        data[i] = number;
        largest[i] = share[i];
      }
    }
  }
  return { ...resizedGrid(canonical, size), data };
}

/** Numbers above 0 that a map holds, ascending. */
function classesIn(map: Uint8Array): number[] {
  const seen = new Uint8Array(256);
  for (let i = 0; i < map.length; i++) seen[map[i]] = 1;
  return Array.from(seen.keys()).filter((value) => value > 0 && seen[value] === 1);
}

/**
 * Bring values (logits, probabilities, maps) from the plan's grid back to the image's own grid and voxel order.
 * @param values on `prepared.grid`
 * @param into takes the result, of the image's number of voxels
 */
export function restoreValues(
  values: Float32Array,
  { grid, original }: Pick<PreparedImage, 'grid' | 'original'>,
  into?: Float32Array,
): Float32Array {
  const walk = walkOf(original);
  const kernels = mapKernels(grid.size, walk.grid.size, linearKernel);
  if (!into && kernels.every(({ identity }) => identity)) return fromCanonical(values, original);
  const plane = grid.size[0] * grid.size[1];
  const restored = into ?? new Float32Array(count(original.size));
  filterPlanes(
    kernels,
    (z) => values.subarray(z * plane, (z + 1) * plane),
    (z, native) => scatterPlane(native, walk, z, restored),
  );
  return restored;
}
