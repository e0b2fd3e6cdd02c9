/** How large the training patch and inference window of a task are. */
import { UsageError } from '../errors.js';
import { count, mapVec3, type Vec3 } from '../math/vector.js';

export interface PatchBudget {
  /** The network's stride: sides are multiples of it. */
  readonly stride: number;
  /** About so many voxels, at most 1.1 times. */
  readonly patchVoxels: number;
}

/** 512^3: beyond any machine that could train on it. */
const maximumPatchVoxels = 2 ** 27;

/** Why the network cannot take a patch, or undefined where it can. */
export function patchProblem(patch: Vec3, stride: number): string | undefined {
  const found = patch.join(' x ');
  if (!patch.every((n) => Number.isInteger(n) && n > 0 && n % stride === 0))
    return `expected a patch of three positive multiples of the network's stride ${stride}, found ${found}`;
  if (count(patch) > maximumPatchVoxels)
    return `expected a patch of at most ${maximumPatchVoxels} voxels, found ${found}`;
  return undefined;
}

/** @throws UsageError where not even the smallest patch, two strides a side, fits the budget. */
export function checkBudget({ stride, patchVoxels }: PatchBudget): void {
  if (!Number.isInteger(stride) || stride < 1)
    throw new UsageError({ expected: 'a stride that is a positive whole number', found: String(stride) });
  if (!(patchVoxels >= (2 * stride) ** 3))
    throw new UsageError({
      expected: `patchVoxels of at least ${(2 * stride) ** 3} (two strides of ${stride} a side)`,
      found: String(patchVoxels),
    });
}

/** An axis this many strides long or less is thin: a patch of two strides would be mostly padding along it. */
const thinStrides = 1.25;

/** The axis along which a patch is one stride long, if any: thin images are not padded to twice their thickness. */
function thinAxis(size: Vec3, stride: number): number | undefined {
  const shortest = size.indexOf(Math.min(...size));
  return size[shortest] <= thinStrides * stride + 1e-6 ? shortest : undefined;
}

/** Does a patch show the whole of an image at once, but for a slice or two of a thin one? */
export function spans(patch: Vec3, size: Vec3, { stride }: PatchBudget): boolean {
  const thin = thinAxis(size, stride);
  return size.every((n, axis) => patch[axis] >= n || axis === thin);
}

/**
 * A patch shaped like the image: the whole image, padded up to multiples of the stride, then the side that covers most
 * of its axis is shortened by one stride until the patch fits (as nnU-Net shrinks its patches). Sides are at least two
 * strides long, but for one of thin images, which is a single stride.
 * @param size of the median image at the target spacing, in voxels
 */
export function choosePatch(size: Vec3, budget: PatchBudget): Vec3 {
  checkBudget(budget);
  const { stride, patchVoxels } = budget;
  const smallest = 2 * stride;
  const thin = thinAxis(size, stride);
  // No axis of a patch that fits can be longer than this; it bounds the number of rounds.
  const longest = Math.ceil((1.1 * patchVoxels) / (smallest * stride) / stride) * stride;
  const patch = mapVec3(size, (n, axis) =>
    axis === thin ? stride : Math.min(longest, Math.max(smallest, Math.ceil(n / stride - 1e-6) * stride)),
  ) as unknown as [number, number, number];
  while (count(patch) > 1.1 * patchVoxels) {
    let axis = -1;
    for (const candidate of [0, 1, 2])
      if (patch[candidate] > smallest && (axis < 0 || patch[candidate] / size[candidate] > patch[axis] / size[axis]))
        axis = candidate;
    patch[axis] -= stride;
  }
  return patch;
}

/**
 * Give what is left of the budget to axes along which some images are longer than the patch, so that more of them
 * fit into one window. Only images that fit along the other axes gain, and only whole fits count.
 * @param sizes of the training images at the target spacing
 */
export function growPatch(patch: Vec3, sizes: readonly Vec3[], { stride, patchVoxels }: PatchBudget): Vec3 {
  const fitting = (p: Vec3) => sizes.filter((size) => size.every((n, axis) => n <= p[axis])).length;
  let best = patch;
  for (;;) {
    const larger = [0, 1, 2]
      .map((axis) => mapVec3(best, (n, i) => (i === axis ? n + stride : n)))
      .filter((p) => count(p) <= 1.1 * patchVoxels && fitting(p) > fitting(best))
      .sort((a, b) => fitting(b) - fitting(a));
    if (larger.length === 0) return best;
    best = larger[0];
  }
}
