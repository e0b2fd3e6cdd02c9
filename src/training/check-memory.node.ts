/** Says before a run begins what memory it will need, and refuses one that the machine cannot hold. */
import { casesOf, type Dataset } from '../datasets/dataset.js';
import { UsageError } from '../errors.js';
import { readImageHeader } from '../formats/image-file.node.js';
import type { LayersFactory } from '../networks/layers/layers.js';
import { defaultAdamW } from '../networks/optimiser.js';
import type { Plan } from '../preprocessing/plan.js';
import { preparedSize } from '../preprocessing/preprocess.js';
import { memoryText } from '../runtime/memory-limit.node.js';
import { estimateTrainingMemory, type MemoryEstimate } from './memory-estimate.js';
import type { TrainSettings } from './train-settings.js';

/** Estimate of a run from the headers of its images; errors as `readImageHeader`. */
export async function estimateRun(
  datasets: readonly Dataset[],
  plans: readonly Plan[],
  { architecture, loss, dropout, batch, balance }: TrainSettings,
  layers: LayersFactory,
): Promise<MemoryEstimate> {
  const cases = datasets.map((dataset) => casesOf(dataset, 'train'));
  const tasks = await Promise.all(
    plans.map(async (plan, i) => ({
      patch: plan.patch,
      sizes: await Promise.all(cases[i].map(async (c) => preparedSize((await readImageHeader(c.image)).grid, plan))),
    })),
  );
  return estimateTrainingMemory({
    ...{ architecture, layers, loss, optimiser: defaultAdamW, dropout: dropout > 0, batch, tasks },
    shares: cases.map(({ length }) => (balance === 'tasks' ? 1 : length)),
  });
}

/**
 * The note for the user.
 * @param limit bytes, as `memoryLimit`
 * @throws UsageError with the figures and what to change where the estimate exceeds the limit
 */
export function checkMemory({ total, cases, engine, weights, base }: MemoryEstimate, limit: number): string {
  const parts = [
    `network ${memoryText(engine + weights)}`,
    `prepared cases ${memoryText(cases)}`,
    `program ${memoryText(base)}`,
  ].join(', ');
  if (total <= limit) return `Training will need about ${memoryText(total)} of memory (${parts}).`;
  const advice =
    cases > engine + weights
      ? 'train on fewer cases or at a coarser --spacing'
      : 'choose a smaller --patch, --batch or --preset';
  throw new UsageError({
    problem: `training would need about ${memoryText(total)} of memory (${parts})`,
    found: memoryText(limit),
    remedy: advice,
  });
}
