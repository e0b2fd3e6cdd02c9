/** Connected components of a mask, by joining runs of voxels instead of single voxels. */
import { GeometryError } from '../errors.js';
import { count, type Vec3 } from '../math/vector.js';

/** Maximal runs of foreground along x, in memory order. Run r covers x in [start[r], end[r]). */
interface Runs {
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** Runs of row y + ny * z are first[row] to first[row + 1]. */
  readonly first: Int32Array;
}

function findRuns(mask: Uint8Array, [nx, ny, nz]: Vec3): Runs {
  const rows = ny * nz;
  const first = new Int32Array(rows + 1);
  for (let row = 0, total = 0; row < rows; row++) {
    const base = row * nx;
    for (let x = 0; x < nx; x++) if (mask[base + x] && (x === 0 || !mask[base + x - 1])) total++;
    first[row + 1] = total;
  }
  const start = new Int32Array(first[rows]);
  const end = new Int32Array(first[rows]);
  for (let row = 0, run = 0; row < rows; row++) {
    const base = row * nx;
    for (let x = 0; x < nx; x++) {
      if (!mask[base + x]) continue;
      start[run] = x;
      while (x < nx && mask[base + x]) x++;
      end[run++] = x;
    }
  }
  return { start, end, first };
}

/** Root of a run's tree; paths are halved on the way. */
function find(parent: Int32Array, run: number): number {
  while (parent[run] !== run) {
    parent[run] = parent[parent[run]];
    run = parent[run];
  }
  return run;
}

/** Join the runs of two rows that touch, diagonally included; a tree's root is its first run in memory order. */
function joinRows({ start, end, first }: Runs, parent: Int32Array, rowA: number, rowB: number): void {
  let a = first[rowA];
  let b = first[rowB];
  while (a < first[rowA + 1] && b < first[rowB + 1]) {
    if (start[a] <= end[b] && start[b] <= end[a]) {
      const rootA = find(parent, a);
      const rootB = find(parent, b);
      if (rootA < rootB) parent[rootB] = rootA;
      else parent[rootA] = rootB;
    }
    if (end[a] < end[b]) a++;
    else b++;
  }
}

/** Runs of the nonzero voxels, and the trees of those that hang together. */
function joinedRuns(mask: Uint8Array, size: Vec3): { runs: Runs; parent: Int32Array } {
  if (mask.length !== count(size)) {
    throw new GeometryError({
      file: 'Mask',
      expected: `${count(size)} voxels (${size.join(' x ')})`,
      found: String(mask.length),
    });
  }
  const [, ny, nz] = size;
  const runs = findRuns(mask, size);
  const parent = Int32Array.from(runs.start, (_, run) => run);
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const row = y + ny * z;
      if (y > 0) joinRows(runs, parent, row, row - 1);
      if (z === 0) continue;
      for (let dy = -1; dy <= 1; dy++) {
        if (y + dy >= 0 && y + dy < ny) joinRows(runs, parent, row, row - ny + dy);
      }
    }
  }
  return { runs, parent };
}

/** How many 26-connected components the nonzero voxels make. @throws {GeometryError} as {@link largestComponent} */
export function componentCount(mask: Uint8Array, size: Vec3): number {
  const { parent } = joinedRuns(mask, size);
  let roots = 0;
  for (let run = 0; run < parent.length; run++) if (parent[run] === run) roots++;
  return roots;
}

/**
 * The largest 26-connected component (voxels that share a face, an edge or a corner) of the nonzero voxels.
 * Of equals, the one with the first voxel in memory order. An empty mask stays empty.
 * @returns a new mask, 1 in the component
 * @throws {GeometryError} if the mask is not of the given size
 */
export function largestComponent(mask: Uint8Array, size: Vec3): Uint8Array {
  const [nx, ny, nz] = size;
  const { runs, parent } = joinedRuns(mask, size);
  const { start, end, first } = runs;
  const voxels = new Int32Array(parent.length);
  for (let run = 0; run < parent.length; run++) voxels[find(parent, run)] += end[run] - start[run];
  let largest = 0;
  for (let run = 1; run < voxels.length; run++) if (voxels[run] > voxels[largest]) largest = run;

  const out = new Uint8Array(mask.length);
  for (let row = 0; row < ny * nz; row++) {
    for (let run = first[row]; run < first[row + 1]; run++) {
      if (find(parent, run) === largest) out.fill(1, row * nx + start[run], row * nx + end[run]);
    }
  }
  return out;
}
