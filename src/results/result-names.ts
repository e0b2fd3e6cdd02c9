/** What the volumes of a predicted case are called, and whether there are any. */

import { formatOf, maskEnding, type OutputFormat } from '../formats/file-names.js';
import type { Verdict } from '../ood/verdict.js';
import type { OptionsOf } from '../options/options.js';
import type { predictOptions } from './predict-options.js';

/** What a call of `predict` leaves of each case. */
export type ResultChoices = Pick<
  OptionsOf<typeof predictOptions>,
  'saveProbabilities' | 'saveOodMap' | 'format' | 'onOod'
>;

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
