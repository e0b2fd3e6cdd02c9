/**
 * Several structures of a scan, brought back to the image's own grid one at a time: a large image has room for a plane
 * or two of floats, not for one of every structure. What they share is kept: the mask, the region in which the
 * temperature acts, and the sum that a softmax divides by, as a logarithm.
 */
import { dilate } from '../calibration/dilate.js';
import { regionRadius } from '../calibration/region.js';
import { logitScale } from '../calibration/temperature.js';
import { type LabelSpace, paintedClasses } from '../labels/label-space.js';
import { sigmoid } from '../labels/probability.js';
import { count } from '../math/vector.js';
import { restoreValues } from '../preprocessing/preprocess.js';
import type { KeptScan } from './scan.js';

/** A plane is a structure's voxels, all of them, on the image's own grid. */
export interface StructurePlanes {
  /** Class numbers. */
  readonly mask: Uint8Array;
  /** Calibrated probability of a structure, in an array that the next call uses again. */
  probabilityOf(structure: number): Float32Array;
}

/** The same as `calibratedProbability` gives, up to rounding to float32. */
export function structurePlanes(
  space: LabelSpace,
  { logits, prepared }: Pick<KeptScan, 'logits' | 'prepared'>,
  temperature: number,
): StructurePlanes {
  const structures = [...space.structures.keys()];
  const { size } = prepared.original;
  const length = count(prepared.grid.size);
  const plane = new Float32Array(count(size));
  const restore = (s: number) => restoreValues(logits.subarray(s * length, (s + 1) * length), prepared, plane);
  const mask = new Uint8Array(plane.length);
  const largest = space.overlapping ? null : new Float32Array(plane.length);
  const painted = paintedClasses(space);
  for (const s of structures) {
    restore(s);
    for (let i = 0; i < plane.length; i++) {
      if (!(plane[i] > (largest?.[i] ?? 0))) continue;
      mask[i] = painted[s];
      if (largest) largest[i] = plane[i];
    }
  }
  const scale = logitScale(temperature);
  const region = dilate(mask, size, regionRadius);
  const total = largest && logSums(structures.length, largest, restore, (i) => (region[i] === 1 ? scale : 1));
  return {
    mask,
    probabilityOf(structure) {
      restore(structure);
      for (let i = 0; i < plane.length; i++) {
        const logit = region[i] === 1 ? scale * plane[i] : plane[i];
        plane[i] = total ? Math.min(1, Math.exp(logit - total[i])) : sigmoid(logit);
      }
      return plane;
    },
  };
}

/** log(1 + sum of exp(scale z)), gathered in `total`: one array, whatever the number of structures. */
function logSums(
  structures: number,
  total: Float32Array,
  logitsOf: (structure: number) => Float32Array,
  scaleAt: (voxel: number) => number,
): Float32Array {
  total.fill(0);
  for (let s = 0; s < structures; s++) {
    const logits = logitsOf(s);
    for (let i = 0; i < total.length; i++) {
      const logit = scaleAt(i) * logits[i];
      total[i] = Math.max(total[i], logit) + Math.log1p(Math.exp(-Math.abs(total[i] - logit)));
    }
  }
  return total;
}
