/** What the volumes of a predicted case are called, and whether there are any. */
import type { Verdict } from '../ood/verdict.js';
import { formatOf, maskEnding, type OutputFormat } from '../volume/file-names.js';
import type { PredictOptions } from './types.js';

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
  { format }: PredictOptions,
): VolumeNames {
  return volumeNames(input.case, format ?? formatOf(input.path));
}

/** True where an image of this verdict gets no volumes. */
export function isRefused(verdict: Verdict['verdict'], { onOod }: PredictOptions): boolean {
  return onOod === 'refuse' && verdict === 'out-of-distribution';
}
