/** The geometry of a training patch: rotation and scaling in millimetres, and one interpolation from the source. */

import type { Random } from '../math/random.js';
import { count, mapVec3, type Vec3 } from '../math/vector.js';
import type { LabelledSample } from '../preprocessing/sample.js';

/** Row-major 3x3 matrix. */
export type Matrix3 = readonly number[];

export interface Patch {
  readonly image: Float32Array;
  /** Class numbers. */
  readonly label: Float32Array;
}

/** An axis whose spacing exceeds the finest by more than this factor counts as coarse, as in nnU-Net. */
const anisotropyThreshold = 3;
const maximumDegrees = 15;
const scaleRange = 1.6;

/** Rotation by angles in degrees about x, then y, then z (right-handed). */
export function rotationMatrix([x, y, z]: Vec3): Matrix3 {
  const [a, b, c] = [x, y, z].map((degrees) => (degrees * Math.PI) / 180);
  const [cx, sx, cy, sy, cz, sz] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b), Math.cos(c), Math.sin(c)];
  return [
    cz * cy,
    cz * sy * sx - sz * cx,
    cz * sy * cx + sz * sx,
    sz * cy,
    sz * sy * sx + cz * cx,
    sz * sy * cx - cz * sx,
    -sy,
    cy * sx,
    cy * cx,
  ];
}

/**
 * The matrix from voxel offsets in a patch to voxel offsets in the source for a rotation and scaling in millimetres:
 * `S^-1 (scale R) S` with S the spacing. Spheres in mm stay spheres however thick the slices.
 */
export function voxelMatrix(rotation: Matrix3, scale: Vec3, spacing: Vec3): Matrix3 {
  return rotation.map((value, i) => {
    const [row, column] = [Math.floor(i / 3), i % 3];
    return (value * scale[row] * spacing[column]) / spacing[row];
  });
}

/**
 * A random rotation (up to 15 degrees about each axis) and scaling (0.63 to 1.6, log-uniform) as a voxel matrix.
 * Axes much coarser than the finest keep their samples: thick slices are transformed in their plane, never blended.
 */
export function randomVoxelMatrix(spacing: Vec3, random: Random): Matrix3 {
  const finest = Math.min(...spacing);
  const coarse = spacing.map((s) => s / finest > anisotropyThreshold);
  const angles = mapVec3([0, 0, 0], (_, axis) => {
    const degrees = random.between(-maximumDegrees, maximumDegrees);
    return coarse[(axis + 1) % 3] || coarse[(axis + 2) % 3] ? 0 : degrees;
  });
  const factor = scaleRange ** random.between(-1, 1);
  const scale = mapVec3(spacing, (_, axis) => (coarse[axis] ? 1 : factor));
  return voxelMatrix(rotationMatrix(angles), scale, spacing);
}

/** Half the extent in source voxels, between outermost voxel centres, of a patch seen through a voxel matrix. */
export function halfExtent(matrix: Matrix3, patch: Vec3): Vec3 {
  const half = (row: number) =>
    [0, 1, 2].reduce((sum, column) => sum + (Math.abs(matrix[3 * row + column]) * (patch[column] - 1)) / 2, 0);
  return [half(0), half(1), half(2)];
}

/** Copy a box of voxels whose first corner is `start` (integers, may lie outside). */
export function cropPatch(source: LabelledSample, start: Vec3, patch: Vec3): Patch {
  const [nx, ny, nz] = source.grid.size;
  const [px, py, pz] = patch;
  const image = new Float32Array(count(patch)).fill(source.minimum);
  const label = new Float32Array(count(patch));
  const first = Math.max(0, -start[0]);
  const last = Math.min(px, nx - start[0]);
  if (last <= first) return { image, label };
  for (let z = Math.max(0, -start[2]); z < Math.min(pz, nz - start[2]); z++) {
    for (let y = Math.max(0, -start[1]); y < Math.min(py, ny - start[1]); y++) {
      const from = start[0] + nx * (start[1] + y + ny * (start[2] + z));
      const to = px * (y + py * z);
      image.set(source.image.subarray(from + first, from + last), to + first);
      label.set(source.labels.subarray(from + first, from + last), to + first);
    }
  }
  return { image, label };
}

/**
 * Sample a patch through an affine: source position = centre + matrix (voxel - patch centre).
 * The image is trilinear; a voxel is of the class that has most of the trilinear weight, a lone one from one half on. Beyond the outer faces of the image lies `minimum`.
 */
export function warpPatch(source: LabelledSample, centre: Vec3, matrix: Matrix3, patch: Vec3): Patch {
  const { image: from, labels: mask, minimum } = source;
  const [nx, ny, nz] = source.grid.size;
  const [px, py, pz] = patch;
  const image = new Float32Array(count(patch));
  const label = new Float32Array(count(patch));
  const [maxX, maxY, maxZ] = [nx - 1, ny - 1, nz - 1];
  // A single-voxel axis interpolates with itself.
  const [dx, dy, dz] = [nx > 1 ? 1 : 0, ny > 1 ? nx : 0, nz > 1 ? nx * ny : 0];
  const [lastX, lastY, lastZ] = [Math.max(0, nx - 2), Math.max(0, ny - 2), Math.max(0, nz - 2)];
  const [m00, m01, m02, m10, m11, m12, m20, m21, m22] = matrix;
  const [hx, hy, hz] = [(px - 1) / 2, (py - 1) / 2, (pz - 1) / 2];
  let o = 0;
  for (let z = 0; z < pz; z++) {
    for (let y = 0; y < py; y++) {
      const rowX = centre[0] - m00 * hx + m01 * (y - hy) + m02 * (z - hz);
      const rowY = centre[1] - m10 * hx + m11 * (y - hy) + m12 * (z - hz);
      const rowZ = centre[2] - m20 * hx + m21 * (y - hy) + m22 * (z - hz);
      for (let x = 0; x < px; x++, o++) {
        let u = rowX + m00 * x;
        let v = rowY + m10 * x;
        let w = rowZ + m20 * x;
        if (u < -0.5 || v < -0.5 || w < -0.5 || u > maxX + 0.5 || v > maxY + 0.5 || w > maxZ + 0.5) {
          image[o] = minimum;
          continue;
        }
        u = Math.max(0, Math.min(maxX, u));
        v = Math.max(0, Math.min(maxY, v));
        w = Math.max(0, Math.min(maxZ, w));
        const i = u > lastX ? lastX : u | 0;
        const j = v > lastY ? lastY : v | 0;
        const k = w > lastZ ? lastZ : w | 0;
        u -= i;
        v -= j;
        w -= k;
        const a = i + nx * (j + ny * k);
        const b = a + dy;
        const c = a + dz;
        const d = b + dz;
        const p = from[a] + u * (from[a + dx] - from[a]);
        const q = from[b] + u * (from[b + dx] - from[b]);
        const r = from[c] + u * (from[c + dx] - from[c]);
        const s = from[d] + u * (from[d + dx] - from[d]);
        const pq = p + v * (q - p);
        const rs = r + v * (s - r);
        image[o] = pq + w * (rs - pq);
        const corners =
          mask[a] | mask[a + dx] | mask[b] | mask[b + dx] | mask[c] | mask[c + dx] | mask[d] | mask[d + dx];
        if (corners === 0) continue;
        if (corners > 1) {
          label[o] = heaviestClass(mask, [a, a + dx, b, b + dx, c, c + dx, d, d + dx], [u, v, w]);
          continue;
        }
        const near = (1 - v) * (mask[a] + u * (mask[a + dx] - mask[a])) + v * (mask[b] + u * (mask[b + dx] - mask[b]));
        const far = (1 - v) * (mask[c] + u * (mask[c + dx] - mask[c])) + v * (mask[d] + u * (mask[d + dx] - mask[d]));
        if ((1 - w) * near + w * far >= 0.5) label[o] = 1;
      }
    }
  }
  return { image, label };
}

/** The class with most of the trilinear weight of eight corners, x fastest; of equals the higher. */
function heaviestClass(mask: Uint8Array, corners: readonly number[], [u, v, w]: Vec3): number {
  let best = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (const corner of corners) {
    let weight = 0;
    corners.forEach((other, i) => {
      if (mask[other] !== mask[corner]) return;
      weight += (i & 1 ? u : 1 - u) * (i & 2 ? v : 1 - v) * (i & 4 ? w : 1 - w);
    });
    if (weight > most || (weight === most && mask[corner] > best)) [best, most] = [mask[corner], weight];
  }
  return best;
}
