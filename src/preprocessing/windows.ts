/** Where the windows of a scan lie. Training statistics and inference must use identical windows. */
import { UsageError } from '../errors.js';
import type { Vec3 } from '../math/vector.js';

/**
 * Origins of the windows of a scan, x fastest: evenly spread, the first at 0 and the last ending at the border, steps
 * at most patch * (1 - overlap), as nnU-Net's compute_steps_for_sliding_window places them. Along an axis where the
 * image is smaller than the patch there is one centred window, whose origin is negative (padding on both sides).
 * @param size of the image in voxels
 * @param overlap share of a window that overlaps its neighbour, 0 to 0.9
 */
export function placeWindows(size: Vec3, patch: Vec3, overlap: number): Vec3[] {
  const [xs, ys, zs] = [0, 1, 2].map((axis) => {
    const steps = stepsAlong(size[axis], patch[axis], overlap) - 1;
    const spare = size[axis] - patch[axis];
    if (spare <= 0) return [Math.floor(spare / 2)];
    return Array.from({ length: steps + 1 }, (_, i) => Math.round((spare * i) / steps));
  });
  return zs.flatMap((z) => ys.flatMap((y) => xs.map((x): Vec3 => [x, y, z])));
}

/** Number of windows that {@link placeWindows} gives, without placing them. */
export function countWindows(size: Vec3, patch: Vec3, overlap: number): number {
  return size.reduce<number>((product, n, axis) => product * stepsAlong(n, patch[axis], overlap), 1);
}

function stepsAlong(size: number, patch: number, overlap: number): number {
  if (!(size >= 1 && patch >= 1 && overlap >= 0 && overlap <= 0.9))
    throw new UsageError({
      expected: 'windows of sizes of at least 1 and an overlap from 0 to 0.9',
      found: `size ${size}, patch ${patch}, overlap ${overlap}`,
    });
  if (size <= patch) return 1;
  return Math.ceil((size - patch) / Math.max(1, patch * (1 - overlap)) - 1e-9) + 1;
}
