/** A training case read from disk and prepared under its plan. */
import type { Case, Dataset } from '../datasets/dataset.js';
import { loadCase } from '../datasets/load-case.node.js';
import { UNKNOWN } from '../labels/reference.js';
import { createRandom } from '../math/random.js';
import type { Plan } from '../preprocessing/plan.js';
import { prepareImage, prepareMask } from '../preprocessing/preprocess.js';
import type { TrainingSample } from '../transforms/sample-patch.js';
import { toShared } from './to-shared.js';

/** Foreground voxels that patches may be centred at: enough for any shape, little for memory. */
export const FOREGROUND_SAMPLE = 20_000;

/** What is to be prepared. */
export interface PrepareRequest {
  readonly dataset: Pick<Dataset, 'name' | 'labels' | 'target'>;
  readonly case: Case;
  readonly plan: Plan;
}

/** Arrays lie in shared memory. @throws as `loadCase` and `prepareImage` */
export async function prepareCase(dataset: PrepareRequest['dataset'], c: Case, plan: Plan): Promise<TrainingSample> {
  const { image: source, reference } = await loadCase(dataset, c);
  const { image, grid, minimum } = prepareImage(source.volume, plan);
  const labels = prepareMask(reference, plan).data;
  const foreground: number[] = [];
  labels.forEach((value, i) => {
    if (value > 0 && value !== UNKNOWN) foreground.push(i);
  });
  const sample =
    foreground.length <= FOREGROUND_SAMPLE
      ? foreground
      : createRandom('foreground', c.name).shuffle(foreground).slice(0, FOREGROUND_SAMPLE);
  return toShared({ image, labels, grid, minimum, spacing: plan.spacing, foreground: Uint32Array.from(sample) });
}
