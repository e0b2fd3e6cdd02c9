/** A training case read from disk and prepared under its plan. */
import type { Case } from '../datasets/dataset.js';
import { loadCase } from '../datasets/load-case.node.js';
import type { LabelSpace } from '../labels/label-space.js';
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
  readonly case: Case;
  readonly labels: LabelSpace;
  readonly plan: Plan;
}

/** Arrays lie in shared memory. @throws as `loadCase` and `prepareImage` */
export async function prepareCase({ case: c, labels: space, plan }: PrepareRequest): Promise<TrainingSample> {
  const { image: source, reference, annotated } = await loadCase(c, space);
  const { image, grid, minimum } = prepareImage(source.volume, plan);
  const labels = prepareMask(reference, plan).data;
  const foreground = sampleForeground(labels, c.name);
  return toShared({ image, labels, annotated, grid, minimum, spacing: plan.spacing, foreground });
}

/** Indices of foreground voxels: all, or of each class a sample. */
function sampleForeground(labels: Uint8Array, name: string): Uint32Array {
  const byClass = new Map<number, number[]>();
  let total = 0;
  labels.forEach((value, i) => {
    if (value === 0 || value === UNKNOWN) return;
    if (!byClass.has(value)) byClass.set(value, []);
    byClass.get(value)!.push(i);
    total++;
  });
  const random = createRandom('foreground', name);
  const share = Math.floor(FOREGROUND_SAMPLE / byClass.size);
  const sampled = [...byClass].map(([, voxels]) =>
    total <= FOREGROUND_SAMPLE || voxels.length <= share ? voxels : random.shuffle(voxels).slice(0, share),
  );
  return Uint32Array.from(sampled.flat());
}
