/** Triples and affines in space. All triples are in (x, y, z) order, x being the fastest axis in memory. */

export type Vec3 = readonly [number, number, number];

/** Row-major 4x4 matrix from voxel indices (i, j, k, 1) to world millimetres (RAS+: right, anterior, superior). */
export type Affine = readonly number[];

/** Number of elements of a grid. */
export function count(size: Vec3): number {
  return size[0] * size[1] * size[2];
}

/** Apply a function to each component of a triple. */
export function mapVec3(v: Vec3, f: (value: number, axis: number) => number): Vec3 {
  return [f(v[0], 0), f(v[1], 1), f(v[2], 2)];
}
