/** Brings images and masks to a plan's orientation, spacing and intensity, and results back to the image's own grid. */
import { mapVec3 } from '../math/vector.js';
import { fromCanonical, toCanonical } from '../volume/orientation.js';
import { resampleLinear } from '../volume/resample.js';
import type { Grid, Mask, Volume } from '../volume/volume.js';
import { normalise } from './intensity.js';
import type { Plan } from './plan.js';
import { smoothForResampling } from './smooth.js';
import { canonicalShape, preparedSize, resizedGrid } from './target-grid.js';

export { preparedSize } from './target-grid.js';

/** An image as the network wants it. */
export interface Prepared {
  /** Normalised intensities on `grid`. */
  readonly data: Float32Array;
  /** RAS, on the plan's spacing (to the rounding of whole voxels). */
  readonly grid: Grid;
  /** The grid that the image came on. */
  readonly original: Grid;
  /** Smallest value of `data`; what lies outside the image is taken as this (air). */
  readonly minimum: number;
}

/**
 * Reorient, normalise and resample an image.
 * @param options.intensityOffset overrides the plan's (added to stored values to get Hounsfield units)
 * @throws GeometryError, UnsupportedError as {@link preparedSize}
 */
export function prepareImage(volume: Volume, plan: Plan, options: { intensityOffset?: number } = {}): Prepared {
  const size = preparedSize(volume, plan);
  const canonical = toCanonical(volume);
  const offset = options.intensityOffset ?? plan.intensityOffset ?? 0;
  const data = resample(normalise(canonical.data, plan.intensity, offset), canonical, size);
  let minimum = Infinity;
  for (const v of data) if (v < minimum) minimum = v;
  const original = { size: volume.size, affine: volume.affine };
  return { data, grid: resizedGrid(canonical, size), original, minimum };
}

/**
 * Reorient and resample a mask linearly: 1 where the result is at least one half, as nnU-Net resamples labels. No
 * low-pass goes first, since it would thin out sheets that are just resolved.
 */
export function prepareMask(mask: Mask, plan: Pick<Plan, 'spacing'>): Mask {
  const size = preparedSize(mask, plan);
  const canonical = toCanonical(mask);
  const share = resampleLinear(
    Float32Array.from(canonical.data, (v) => (v > 0 ? 1 : 0)),
    canonical.size,
    size,
  );
  // Not 0.5 itself: sums of weights that make one half may fall short by rounding.
  return { ...resizedGrid(canonical, size), data: Uint8Array.from(share, (v) => (v >= 0.5 - 1e-6 ? 1 : 0)) };
}

/**
 * Bring values (logits, probabilities, maps) from the plan's grid back to the image's own grid and voxel order.
 * @param values on `prepared.grid`
 */
export function restoreValues(values: Float32Array, prepared: Prepared): Float32Array {
  const { size } = canonicalShape(prepared.original);
  const native = same(size, prepared.grid.size) ? values : resampleLinear(values, prepared.grid.size, size);
  return fromCanonical(native, prepared.original);
}

function resample(data: Float32Array, grid: Grid, size: Grid['size']): Float32Array {
  if (same(grid.size, size)) return data;
  return resampleLinear(smoothForResampling(data, grid.size, size), grid.size, size);
}

function same(a: Grid['size'], b: Grid['size']): boolean {
  return mapVec3(a, (n, axis) => n - b[axis]).every((difference) => difference === 0);
}
