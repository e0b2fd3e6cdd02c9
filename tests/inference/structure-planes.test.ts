/** Structures one at a time give what all of them at once give. */
import { expect, it } from 'vitest';
import { calibratedProbability } from '../../src/calibration/calibrated-probability.js';
import { restoreLogits } from '../../src/inference/channels.js';
import { structurePlanes } from '../../src/inference/structure-planes.js';
import { maskOfLogits } from '../../src/labels/probability.js';
import { createRandom } from '../../src/math/random.js';
import { count, type Vec3 } from '../../src/math/vector.js';
import { regions, threeStructures } from '../support/labels.js';

/** Stored left to right and top to bottom, on finer voxels than the plan's. */
const original = { size: [9, 10, 8] as Vec3, affine: [-1, 0, 0, 4, 0, 1, 0, 0, 0, 0, -2, 9, 0, 0, 0, 1] };
const grid = { size: [5, 7, 8] as Vec3, affine: [1.8, 0, 0, -4, 0, 1.4, 0, 0, 0, 0, 2, -5, 0, 0, 0, 1] };

it.each([
  ['that exclude each other', threeStructures],
  ['that overlap', regions],
])('structures %s: mask and probabilities', (_, space) => {
  const random = createRandom('planes');
  const k = space.structures.length;
  // One logit more than the task has structures, and structures of unlike extent.
  const voxels = count(grid.size);
  const logits = Float32Array.from({ length: (k + 1) * voxels }, (__, i) => {
    const [structure, x] = [Math.floor(i / voxels), i % grid.size[0]];
    return 6 * random.normal() - (x > structure ? 9 : 0);
  });
  const prepared = { grid, original };
  const restored = restoreLogits(logits, prepared, space);
  const expected = calibratedProbability(space, restored, 2.5, original.size);
  const { mask, probabilityOf } = structurePlanes(space, { logits, prepared }, 2.5);
  expect(mask).toEqual(maskOfLogits(space, restored));
  expect(new Set(mask).size).toBe(k + 1);
  // In any order, and again.
  for (const s of [k - 1, 0, k - 1]) {
    const own = expected.subarray(s * mask.length, (s + 1) * mask.length);
    expect(Math.max(...probabilityOf(s).map((p, i) => Math.abs(p - own[i])))).toBeLessThan(1e-5);
  }
});
