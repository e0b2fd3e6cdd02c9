/**
 * The region of interest in which calibration is judged: background far from any structure is trivially right and would
 * flatter every figure.
 */
import { GeometryError, UsageError } from '../errors.js';
import { count, type Vec3 } from '../math/vector.js';

/** By how many voxels masks are dilated to regions of interest, wherever a figure is printed. */
export const regionRadius = 3;

/**
 * (prediction or reference) dilated by `radius` voxels: 1 inside, 0 outside. Empty where both masks are.
 */
export function evaluationRegion(
  prediction: Uint8Array,
  reference: Uint8Array,
  size: Vec3,
  radius = regionRadius,
): Uint8Array {
  if (prediction.length !== reference.length) {
    throw new GeometryError(
      `Masks on different grids: the prediction has ${prediction.length} voxels, the reference ${reference.length}.`,
    );
  }
  return dilate(
    prediction.map((value, i) => value | reference[i]),
    size,
    radius,
  );
}

/**
 * Binary dilation, `radius` times by the 6-connected element (scipy's `binary_dilation` with `iterations`): all voxels
 * within `radius` steps along the axes. Computed as a city-block distance, one axis after the other.
 */
export function dilate(mask: Uint8Array, size: Vec3, radius: number): Uint8Array {
  const [nx, ny, nz] = size;
  if (mask.length !== count(size)) {
    throw new GeometryError(`Dilation: expected ${count(size)} voxels for ${size}, found ${mask.length}.`);
  }
  if (!(Number.isInteger(radius) && radius >= 0 && radius < 255)) {
    throw new UsageError(`Dilation: expected a radius of 0 to 254 voxels, found ${radius}.`);
  }
  const far = radius + 1;
  const steps = new Uint8Array(mask.length);
  for (let i = 0; i < mask.length; i++) steps[i] = mask[i] !== 0 ? 0 : far;
  const slice = nx * ny;
  for (let row = 0; row < steps.length; row += nx) sweep(steps, row, 1, nx, 1);
  for (let z = 0; z < nz; z++) sweep(steps, z * slice, nx, ny, nx);
  sweep(steps, 0, slice, nz, slice);
  for (let i = 0; i < steps.length; i++) steps[i] = steps[i] <= radius ? 1 : 0;
  return steps;
}

/** Lower each of `length` blocks of `width` voxels, `stride` apart, to at most one more than its neighbours; both ways. */
function sweep(steps: Uint8Array, start: number, stride: number, length: number, width: number): void {
  const end = start + (length - 1) * stride + width;
  for (let i = start + stride; i < end; i++) {
    const limit = steps[i - stride] + 1;
    if (steps[i] > limit) steps[i] = limit;
  }
  for (let i = end - 1 - stride; i >= start; i--) {
    const limit = steps[i + stride] + 1;
    if (steps[i] > limit) steps[i] = limit;
  }
}
