/**
 * What of an image would be foreground under each task's name: where the organ is not in the image, all of it is false.
 * Joint training makes this a question of its own; it is counted on the plan's grid, of passes that are run anyway.
 */
import { type LabelSpace, logitCount } from '../labels/label-space.js';
import { count } from '../math/vector.js';
import { spacingOf } from '../volume/orientation.js';
import type { KeptScan } from './scan.js';

/** By task that the image was run for. */
export type ForegroundByTask = Readonly<Record<string, Foreground>>;

export interface Foreground {
  /** In voxels of the image, about: as many as fill the volume. */
  readonly voxels: number;
  readonly ml: number;
}

/** Voxels that any of a task's structures claims, before components are dropped. */
export function foregroundOf(
  space: LabelSpace,
  { logits, prepared }: Pick<KeptScan, 'logits' | 'prepared'>,
): Foreground {
  const { grid, original } = prepared;
  const voxels = count(grid.size);
  const structures = logitCount(space);
  let claimed = 0;
  for (let i = 0; i < voxels; i++) {
    for (let at = i, s = 0; s < structures; s++, at += voxels) {
      if (!(logits[at] > 0)) continue;
      claimed++;
      break;
    }
  }
  return {
    voxels: Math.round((claimed * count(original.size)) / voxels),
    ml: (claimed * count(spacingOf(grid.affine))) / 1000,
  };
}
