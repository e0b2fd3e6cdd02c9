/**
 * How far a mask's surface lies from the reference's, in mm: HD95, average symmetric surface distance (ASSD) and
 * normalised surface Dice (NSD), by MONAI's definitions (checked against MONAI 1.3).
 *
 * Surface: foreground voxels with a 6-neighbour in the background; what lies outside the image is background.
 * Empty masks: both empty is perfect agreement (distances 0, NSD 1); where only one is empty, distances are undefined
 * (null, to be counted as a failure) and NSD is 0.
 */
import { GeometryError, UsageError } from '../errors.js';
import { mean, quantile } from '../math/statistics.js';
import { count, type Vec3 } from '../math/vector.js';
import { squaredDistanceTransform } from './distance-transform.js';

/** Distances in mm from each surface voxel of one mask to the nearest surface voxel of the other, both ways. */
export interface SurfaceDistances {
  readonly fromPrediction: Float64Array;
  readonly fromReference: Float64Array;
}

export interface SurfaceMeasures {
  readonly hd95Mm: number | null;
  readonly assdMm: number | null;
  readonly nsd: number;
}

/** Rounding of float32 affines (a spacing of 1.0000001 mm) must not decide whether a distance is within tolerance. */
const slackMm = 1e-4;

/** All surface measures of one case; spacing and NSD tolerance in mm. */
export function surfaceMeasures(
  prediction: Uint8Array,
  reference: Uint8Array,
  size: Vec3,
  options: { readonly spacing: Vec3; readonly toleranceMm: number },
): SurfaceMeasures {
  const distances = surfaceDistances(prediction, reference, size, options.spacing);
  return { hd95Mm: hd95(distances), assdMm: assd(distances), nsd: nsd(distances, options.toleranceMm) };
}

/** Directed surface distances in mm. Where one mask is empty, the other's distances are Infinity. */
export function surfaceDistances(
  prediction: Uint8Array,
  reference: Uint8Array,
  size: Vec3,
  spacing: Vec3,
): SurfaceDistances {
  for (const mask of [prediction, reference]) {
    if (mask.length !== count(size)) {
      throw new GeometryError({
        file: 'surface distances',
        expected: `masks of ${count(size)} voxels (${size})`,
        found: `${mask.length}`,
      });
    }
  }
  // Nothing outside the box around both masks can be a surface or lie between surfaces.
  const box = boundingBox(prediction, reference, size);
  if (!box) return { fromPrediction: new Float64Array(0), fromReference: new Float64Array(0) };
  const surfaces = [prediction, reference].map((mask) => surface(crop(mask, size, box), box.size));
  const read = (at: Uint8Array, to: Uint8Array) => {
    const squared = squaredDistanceTransform(to, box.size, spacing);
    return squared.filter((_, i) => at[i] === 1).map(Math.sqrt);
  };
  return { fromPrediction: read(surfaces[0], surfaces[1]), fromReference: read(surfaces[1], surfaces[0]) };
}

/** 95 % Hausdorff distance in mm: the larger of the two directed 95th percentiles (linear interpolation). */
function hd95(distances: SurfaceDistances): number | null {
  const empty = emptyDistance(distances);
  if (empty !== undefined) return empty;
  return Math.max(quantile(distances.fromPrediction, 0.95), quantile(distances.fromReference, 0.95));
}

/** Average symmetric surface distance in mm: the mean of both directed sets pooled. */
function assd(distances: SurfaceDistances): number | null {
  const empty = emptyDistance(distances);
  if (empty !== undefined) return empty;
  const { fromPrediction: a, fromReference: b } = distances;
  return (mean(a) * a.length + mean(b) * b.length) / (a.length + b.length);
}

/** Normalised surface Dice: the share of surface voxels, of both masks, within the tolerance of the other's surface. */
export function nsd(distances: SurfaceDistances, toleranceMm: number): number {
  if (!(toleranceMm >= 0))
    throw new UsageError({ file: 'NSD', expected: 'a tolerance in mm of at least 0', found: `${toleranceMm}` });
  const { fromPrediction: a, fromReference: b } = distances;
  if (a.length + b.length === 0) return 1;
  let within = 0;
  for (const directed of [a, b]) for (const d of directed) if (d <= toleranceMm + slackMm) within++;
  return within / (a.length + b.length);
}

/** What a distance is where a mask is empty; undefined where none is. */
function emptyDistance({ fromPrediction: a, fromReference: b }: SurfaceDistances): number | null | undefined {
  if (a.length > 0 && b.length > 0) return undefined;
  return a.length + b.length === 0 ? 0 : null;
}

interface Box {
  readonly start: Vec3;
  readonly size: Vec3;
}

function boundingBox(a: Uint8Array, b: Uint8Array, [nx, ny, nz]: Vec3): Box | null {
  const low = [nx, ny, nz];
  const high = [-1, -1, -1];
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        if (a[i] === 0 && b[i] === 0) continue;
        if (x < low[0]) low[0] = x;
        if (x > high[0]) high[0] = x;
        if (y < low[1]) low[1] = y;
        if (y > high[1]) high[1] = y;
        if (z < low[2]) low[2] = z;
        high[2] = z;
      }
    }
  }
  if (high[2] < 0) return null;
  return {
    start: [low[0], low[1], low[2]],
    size: [high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1],
  };
}

function crop(mask: Uint8Array, [nx, ny]: Vec3, { start, size }: Box): Uint8Array {
  const out = new Uint8Array(count(size));
  for (let z = 0, o = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++, o += size[0]) {
      const row = start[0] + nx * (start[1] + y + ny * (start[2] + z));
      out.set(mask.subarray(row, row + size[0]), o);
    }
  }
  return out;
}

/** 1 at foreground voxels that a 6-connected erosion would remove. */
function surface(mask: Uint8Array, [nx, ny, nz]: Vec3): Uint8Array {
  const out = new Uint8Array(mask.length);
  const slice = nx * ny;
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        if (mask[i] === 0) continue;
        const inside =
          x > 0 &&
          mask[i - 1] !== 0 &&
          x < nx - 1 &&
          mask[i + 1] !== 0 &&
          y > 0 &&
          mask[i - nx] !== 0 &&
          y < ny - 1 &&
          mask[i + nx] !== 0 &&
          z > 0 &&
          mask[i - slice] !== 0 &&
          z < nz - 1 &&
          mask[i + slice] !== 0;
        if (!inside) out[i] = 1;
      }
    }
  }
  return out;
}
