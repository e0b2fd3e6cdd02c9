/** A scan's logits on the image's own grid, a plane a structure. */
import { type LabelSpace, logitCount } from '../labels/label-space.js';
import { count } from '../math/vector.js';
import { restoreValues } from '../preprocessing/preprocess.js';
import type { KeptScan } from './scan.js';

/** Logits of a task's structures `[structures, voxels]`: the first of the network's, restored plane by plane. */
export function restoreLogits(logits: Float32Array, prepared: KeptScan['prepared'], space: LabelSpace): Float32Array {
  const k = logitCount(space);
  const voxels = count(prepared.grid.size);
  if (k === 1) return restoreValues(logits.length === voxels ? logits : logits.subarray(0, voxels), prepared);
  const restored = new Float32Array(k * count(prepared.original.size));
  for (let s = 0; s < k; s++) {
    const plane = restoreValues(logits.subarray(s * voxels, (s + 1) * voxels), prepared);
    restored.set(plane, s * plane.length);
  }
  return restored;
}
