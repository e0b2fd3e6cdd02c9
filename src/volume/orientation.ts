/** Voxel axes against the body's axes: everything after preprocessing is RAS, every result goes back the way it came. */
import { GeometryError } from '../errors.js';
import { type Affine, count, mapVec3, type Vec3 } from '../math/vector.js';
import type { Grid, Mask, Volume } from './volume.js';

/** For each voxel axis: the body axis (0 right, 1 anterior, 2 superior) it runs along most, and in which direction. */
interface Orientation {
  readonly axis: Vec3;
  readonly sign: Vec3;
}

/** Distance between voxel centres along each voxel axis, in mm: the norms of the affine's columns. */
export function spacingOf(affine: Affine): Vec3 {
  const norm = (column: number) => Math.hypot(affine[column], affine[4 + column], affine[8 + column]);
  return [norm(0), norm(1), norm(2)];
}

/** Determinant of the affine's 3x3 part: signed volume of a voxel in mm^3. */
export function determinant(affine: Affine): number {
  const [a, b, c, , d, e, f, , g, h, i] = affine;
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}

/** Inverse of a row-major 3x3 matrix, transposed. */
function inverseTransposed(m: readonly number[]): number[] {
  const [a, b, c, d, e, f, g, h, i] = m;
  const cofactors = [
    e * i - f * h,
    f * g - d * i,
    d * h - e * g,
    c * h - b * i,
    a * i - c * g,
    b * g - a * h,
    b * f - c * e,
    c * d - a * f,
    a * e - b * d,
  ];
  const det = a * cofactors[0] + b * cofactors[1] + c * cofactors[2];
  return cofactors.map((value) => value / det);
}

/**
 * The rotation (or reflection) nearest to the affine's normalised columns: the orthogonal polar factor, by Newton's
 * iteration (Higham 1986), which is what nibabel takes from a singular value decomposition.
 */
function nearestRotation(affine: Affine): number[] {
  const spacing = spacingOf(affine);
  let r = [0, 1, 2].flatMap((row) => [0, 1, 2].map((column) => affine[4 * row + column] / spacing[column]));
  for (let iteration = 0; iteration < 100; iteration++) {
    const inverse = inverseTransposed(r);
    const next = r.map((value, i) => (value + inverse[i]) / 2);
    const change = Math.max(...next.map((value, i) => Math.abs(value - r[i])));
    r = next;
    if (change < 1e-15) break;
  }
  return r;
}

/** nibabel's `io_orientation`: each voxel axis in turn takes the free body axis that it runs along most. */
function orientationOf(affine: Affine): Orientation {
  if (affine.length !== 16 || !affine.every(Number.isFinite) || determinant(affine) === 0) {
    throw new GeometryError({
      file: 'Affine',
      expected: '16 finite numbers that can be inverted',
      found: affine.join(', '),
    });
  }
  const rotation = nearestRotation(affine);
  const free = new Set([0, 1, 2]);
  const axis: number[] = [];
  const sign: number[] = [];
  for (let column = 0; column < 3; column++) {
    const along = (row: number) => Math.abs(rotation[3 * row + column]);
    const best = [...free].reduce((a, b) => (along(b) > along(a) ? b : a));
    free.delete(best);
    axis.push(best);
    sign.push(rotation[3 * best + column] < 0 ? -1 : 1);
  }
  return { axis: [axis[0], axis[1], axis[2]], sign: [sign[0], sign[1], sign[2]] };
}

/**
 * Where each voxel axis points, as three letters of R/L, A/P, S/I: 'LPS' for axes towards left, posterior, superior
 * (nibabel's `aff2axcodes`).
 * @throws {GeometryError} if the affine cannot be inverted
 */
export function axisCodes(affine: Affine): string {
  const { axis, sign } = orientationOf(affine);
  return [0, 1, 2].map((i) => (sign[i] > 0 ? 'RAS' : 'LPI')[axis[i]]).join('');
}

/** How the canonical grid's voxels lie in the original's memory: `start + x * step[0] + y * step[1] + z * step[2]`. */
export interface Walk {
  readonly grid: Grid;
  readonly start: number;
  readonly step: Vec3;
  readonly identity: boolean;
}

/**
 * The way through an image in canonical order.
 * @throws {GeometryError} if the affine cannot be inverted
 */
export function walkOf(original: Grid): Walk {
  const { axis, sign } = orientationOf(original.affine);
  const stride: Vec3 = [1, original.size[0], original.size[0] * original.size[1]];
  /** Voxel axis of the original that becomes canonical axis i. */
  const source = mapVec3([0, 1, 2], (i) => axis.indexOf(i));
  const { affine } = original;
  const origin = [affine[3], affine[7], affine[11]];
  let start = 0;
  for (let i = 0; i < 3; i++) {
    if (sign[i] > 0) continue;
    start += (original.size[i] - 1) * stride[i];
    for (let row = 0; row < 3; row++) origin[row] += (original.size[i] - 1) * affine[4 * row + i];
  }
  const rows = [0, 1, 2].flatMap((row) => [...source.map((i) => affine[4 * row + i] * sign[i]), origin[row]]);
  return {
    grid: { size: mapVec3(source, (i) => original.size[i]), affine: [...rows, 0, 0, 0, 1] },
    start,
    step: mapVec3(source, (i) => stride[i] * sign[i]),
    identity: source.every((i, at) => i === at && sign[i] > 0),
  };
}

/** Plane z of the canonical grid, out of values in the original's order. */
export function gatherPlane(from: ArrayLike<number>, walk: Walk, z: number, plane: Float32Array | Uint8Array): void {
  const [nx, ny] = walk.grid.size;
  const [sx, sy, sz] = walk.step;
  for (let y = 0, i = 0; y < ny; y++) {
    let original = walk.start + y * sy + z * sz;
    for (let x = 0; x < nx; x++, original += sx) plane[i++] = from[original];
  }
}

/** Plane z of the canonical grid to its places in the original's order. */
export function scatterPlane(plane: ArrayLike<number>, walk: Walk, z: number, to: Float32Array | Uint8Array): void {
  const [nx, ny] = walk.grid.size;
  const [sx, sy, sz] = walk.step;
  for (let y = 0, i = 0; y < ny; y++) {
    let original = walk.start + y * sy + z * sz;
    for (let x = 0; x < nx; x++, original += sx) to[original] = plane[i++];
  }
}

/**
 * The grid that {@link toCanonical} gives, without touching voxels.
 * @throws {GeometryError} if the affine cannot be inverted
 */
export function canonicalGrid(grid: Grid): Grid {
  return walkOf(grid).grid;
}

/**
 * Closest RAS: axes flipped and swapped, no voxel interpolated. An image that is RAS already comes back as it is,
 * sharing its data.
 * @throws {GeometryError} if the affine cannot be inverted
 */
export function toCanonical<T extends Volume | Mask>(v: T): T {
  const walk = walkOf(v);
  if (walk.identity) return v;
  const data = v.data instanceof Float32Array ? new Float32Array(v.data.length) : new Uint8Array(v.data.length);
  const plane = walk.grid.size[0] * walk.grid.size[1];
  for (let z = 0; z < walk.grid.size[2]; z++) {
    gatherPlane(v.data, walk, z, data.subarray(z * plane, (z + 1) * plane));
  }
  return { ...v, ...walk.grid, data };
}

/**
 * Values on the grid of `toCanonical(original)` back in the original's voxel order; always a copy.
 * @throws {GeometryError} if their number is not the grid's
 */
export function fromCanonical<A extends Float32Array | Uint8Array = Float32Array>(data: A, original: Grid): A {
  if (data.length !== count(original.size)) {
    throw new GeometryError({
      file: 'Values',
      expected: `${count(original.size)} (${original.size.join(' x ')})`,
      found: String(data.length),
    });
  }
  const out = data.slice() as A;
  const walk = walkOf(original);
  const plane = walk.grid.size[0] * walk.grid.size[1];
  if (!walk.identity) {
    for (let z = 0; z < walk.grid.size[2]; z++) scatterPlane(data.subarray(z * plane, (z + 1) * plane), walk, z, out);
  }
  return out;
}
