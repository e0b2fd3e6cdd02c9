/** Overlap of each structure of a task; what a reference does not show is left out, what it does not know counts nowhere. */
import type { LabelSpace } from '../labels/label-space.js';
import { known, structureMask } from '../labels/reference.js';
import { dice } from './overlap.js';

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
