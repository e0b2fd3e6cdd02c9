/** Overlap of each structure of a task; what a reference does not show is left out, what it does not know counts nowhere. */
import type { LabelSpace } from '../labels/label-space.js';
import { known, structureMask } from '../labels/reference.js';
import type { Vec3 } from '../math/vector.js';
import { dice, volumeMl } from './overlap.js';
import { surfaceMeasures } from './surface.js';

/**
 * Dice by structure; null where it was not annotated.
 * @param mask class numbers, as `reference`, which may have voxels of which nothing is known
 * @param annotated one a structure; null: all of them are
 */
export function structureDices(
  space: LabelSpace,
  mask: Uint8Array,
  reference: Uint8Array,
  annotated: readonly boolean[] | null,
): (number | null)[] {
  const judged = known(mask, reference);
  return space.structures.map((_, s) =>
    annotated?.[s] === false ? null : dice(structureMask(space, judged, s), structureMask(space, reference, s)),
  );
}

/** How one structure of a case was found; null where its reference does not show it, or a figure is not defined. */
export interface StructureMeasures {
  readonly structure: string;
  readonly annotated: boolean;
  readonly dice: number | null;
  readonly hd95Mm: number | null;
  readonly assdMm: number | null;
  readonly nsd: number | null;
  readonly referenceMl: number | null;
  readonly predictedMl: number;
}

/** All measures of every structure; spacing and NSD tolerance in mm. */
export function structureMeasures(
  space: LabelSpace,
  mask: Uint8Array,
  reference: Uint8Array,
  annotated: readonly boolean[] | null,
  size: Vec3,
  options: { readonly spacing: Vec3; readonly toleranceMm: number },
): StructureMeasures[] {
  const judged = known(mask, reference);
  const volumeOf = (one: Uint8Array) => volumeMl(countIn(one), options.spacing);
  return space.structures.map(({ name: structure }, s) => {
    const found = structureMask(space, judged, s);
    const predictedMl = volumeOf(found);
    if (annotated?.[s] === false) {
      const nothing = { dice: null, hd95Mm: null, assdMm: null, nsd: null, referenceMl: null };
      return { structure, annotated: false, ...nothing, predictedMl };
    }
    const truth = structureMask(space, reference, s);
    return {
      ...{ structure, annotated: true, dice: dice(found, truth) },
      ...surfaceMeasures(found, truth, size, options),
      ...{ referenceMl: volumeOf(truth), predictedMl },
    };
  });
}

/** Of a structure's voxels the share that is called another's. */
export interface Confusion {
  readonly structure: string;
  readonly calledOther: string;
  readonly share: number;
}

/** All pairs of structures that exclude each other, the first one present in the reference. */
export function confusions(space: LabelSpace, mask: Uint8Array, reference: Uint8Array): Confusion[] {
  if (space.overlapping) return [];
  const k = space.structures.length;
  const counts = Array.from({ length: k + 1 }, () => new Float64Array(k + 1));
  for (let i = 0; i < mask.length; i++) if (reference[i] <= k && mask[i] <= k) counts[reference[i]][mask[i]]++;
  return space.structures.flatMap(({ name: structure }, a) => {
    const total = counts[a + 1].reduce((sum, n) => sum + n, 0);
    if (total === 0) return [];
    return space.structures.flatMap(({ name: calledOther }, b) =>
      a === b ? [] : [{ structure, calledOther, share: counts[a + 1][b + 1] / total }],
    );
  });
}

function countIn(mask: Uint8Array): number {
  let n = 0;
  for (let i = 0; i < mask.length; i++) n += mask[i];
  return n;
}
