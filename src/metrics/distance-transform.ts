/**
 * Exact Euclidean distance transform with anisotropic spacing, in time linear in the number of voxels: Felzenszwalb and
 * Huttenlocher, "Distance Transforms of Sampled Functions" (2012), axis by axis.
 */
import { GeometryError } from '../errors.js';
import { count, type Vec3 } from '../math/vector.js';

/**
 * Squared distance in mm^2 from each voxel centre to the nearest non-zero voxel of `features`; Infinity everywhere where
 * there is none.
 * @param spacing in mm
 */
export function squaredDistanceTransform(features: Uint8Array, size: Vec3, spacing: Vec3): Float64Array {
  const [nx, ny, nz] = size;
  if (features.length !== count(size)) {
    throw new GeometryError({
      file: 'distance transform',
      expected: `${count(size)} voxels for ${size}`,
      found: `${features.length}`,
    });
  }
  if (!spacing.every((s) => s > 0 && Number.isFinite(s))) {
    throw new GeometryError({ file: 'distance transform', expected: 'a positive spacing in mm', found: `${spacing}` });
  }
  const distance = distanceAlongRows(features, nx, spacing[0]);
  const envelope = createEnvelope(Math.max(ny, nz));
  for (let z = 0; z < nz; z++) {
    for (let x = 0; x < nx; x++) envelope(distance, x + nx * ny * z, nx, ny, spacing[1]);
  }
  for (let xy = 0; xy < nx * ny; xy++) envelope(distance, xy, nx * ny, nz, spacing[2]);
  return distance;
}

/** Along the first axis the input is binary, so a sweep each way suffices. */
function distanceAlongRows(features: Uint8Array, nx: number, spacing: number): Float64Array {
  const distance = new Float64Array(features.length);
  for (let start = 0; start < features.length; start += nx) {
    let steps = Number.POSITIVE_INFINITY;
    for (let i = start; i < start + nx; i++) {
      steps = features[i] !== 0 ? 0 : steps + 1;
      distance[i] = steps;
    }
    steps = Number.POSITIVE_INFINITY;
    for (let i = start + nx - 1; i >= start; i--) {
      steps = features[i] !== 0 ? 0 : steps + 1;
      const mm = Math.min(steps, distance[i]) * spacing;
      distance[i] = mm * mm;
    }
  }
  return distance;
}

/** A function that replaces one line of values f(q) by min over p of f(p) + (spacing (q - p))^2, reusing its buffers. */
function createEnvelope(longest: number) {
  const value = new Float64Array(longest); // heights of the parabolas of the lower envelope
  const apex = new Int32Array(longest); // and where they stand
  const from = new Float64Array(longest); // from where on each is the lowest
  return (data: Float64Array, offset: number, stride: number, length: number, spacing: number): void => {
    const w = spacing * spacing;
    let top = -1;
    for (let q = 0, i = offset; q < length; q++, i += stride) {
      const f = data[i];
      if (f === Number.POSITIVE_INFINITY) continue;
      let begin = Number.NEGATIVE_INFINITY;
      while (top >= 0) {
        const p = apex[top];
        begin = (f - value[top]) / (2 * w * (q - p)) + (q + p) / 2;
        if (begin > from[top]) break;
        top--;
      }
      top++;
      value[top] = f;
      apex[top] = q;
      from[top] = top === 0 ? Number.NEGATIVE_INFINITY : begin;
    }
    if (top < 0) return;
    let k = 0;
    for (let q = 0, i = offset; q < length; q++, i += stride) {
      while (k < top && from[k + 1] < q) k++;
      const step = q - apex[k];
      data[i] = value[k] + w * step * step;
    }
  };
}
