/** What the volumes of a predicted case are called, and whether there are any. */

import { formatOf, maskEnding, type OutputFormat } from '../formats/file-names.js';
import type { Verdict } from '../ood/verdict.js';

/** What a call of `predict` leaves of each case. */
export interface ResultChoices {
  readonly saveProbabilities?: boolean;
  /** Also write the OOD map: the score of each part of the image relative to the rest of it, no p-value. */
  readonly saveOodMap?: boolean;
  /** Format of masks and maps; default: each image's own. */
  readonly format?: OutputFormat;
  /** `refuse`: no mask is written for an out-of-distribution image. */
  readonly onOod?: 'warn' | 'refuse';
}

/** File names of the volumes of a case. */
export interface VolumeNames {
  readonly mask: string;
  readonly probabilities: string;
  readonly oodMap: string;
}

/** The names in one format. */
export function volumeNames(name: string, format: OutputFormat): VolumeNames {
  return {
    mask: `${name}.${maskEnding(format)}`,
    probabilities: `${name}_prob.${format}`,
    oodMap: `${name}_ood.${format}`,
  };
}

/** What the volumes of a case are called: in the image's own format unless another is asked for. */
export function namesFor(
  input: { readonly case: string; readonly path: string },
  { format }: ResultChoices,
): VolumeNames {
  return volumeNames(input.case, format ?? formatOf(input.path));
}

/** True where an image of this verdict gets no volumes. */
export function isRefused(verdict: Verdict['verdict'], { onOod }: ResultChoices): boolean {
  return onOod === 'refuse' && verdict === 'out-of-distribution';
}
