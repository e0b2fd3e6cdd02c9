/** From a prediction to what `CASE.json` says of it. */
import { sentence } from '../errors.js';
import type { ImageHeader } from '../formats/image.js';
import type { Prediction } from '../inference/predictor.js';
import type { StoredModel } from '../model/model.js';
import type { OptionsOf } from '../options/options.js';
import type { predictOptions } from './predict-options.js';
import type { PredictedCase, ResultSource } from './predicted-case.js';

/** The models that results come from, the one that judges first. */
export function describeSource(
  models: readonly StoredModel[],
  { mc = 0, seed = 0 }: Pick<OptionsOf<typeof predictOptions>, 'mc' | 'seed'>,
): ResultSource {
  const members = models.map(({ name, sha256 }) => ({ name, sha256 }));
  return {
    model: members[0],
    ...(members.length > 1 ? { members } : {}),
    ...(mc > 0 ? { mcDropout: { passes: mc, seed } } : {}),
  };
}

/** What is known of a case beside its prediction. */
export interface CaseContext
  extends ResultSource,
    Pick<PredictedCase, 'case' | 'image' | 'imageSha256' | 'settings' | 'device' | 'files' | 'seconds'> {
  readonly header: ImageHeader;
}

export function describeCase(prediction: Prediction, context: CaseContext): PredictedCase {
  const { verdict, task, temperature, keepLargest, segmented, estimatedDice, spacing, notFiniteVoxels } = prediction;
  const { header, settings, device, files, seconds, ...origin } = context;
  return {
    ...origin,
    settings,
    ...{ verdict: verdict.verdict, ood: verdict.ood, task, temperature, keepLargest },
    foregroundVoxels: segmented ? prediction.foregroundVoxels : null,
    volumeMl: segmented ? prediction.volumeMl : null,
    estimatedDice,
    ...(prediction.structures.length > 1 && { structures: prediction.structures }),
    ...{ spacing, device, files, notFiniteVoxels },
    remarks: [...header.remarks.map(({ text }) => sentence({ problem: text })), ...prediction.remarks],
    seconds,
  };
}
