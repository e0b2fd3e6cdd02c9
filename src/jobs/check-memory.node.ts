/** Says before a run begins what memory it will need, and refuses one that the machine cannot hold. */
import { freemem, totalmem } from 'node:os';
import { casesOf, type Dataset } from '../datasets/dataset.js';
import { UsageError } from '../errors.js';
import type { LayersFactory } from '../networks/layers/layers.js';
import { defaultAdamW } from '../networks/optimiser.js';
import type { Plan } from '../preprocessing/plan.js';
import { preparedSize } from '../preprocessing/preprocess.js';
import { estimateTrainingMemory, type MemoryEstimate } from '../training/memory-estimate.js';
import { readImageHeader } from '../volume/image-file.node.js';
import type { TrainSettings } from './train-settings.js';

/** Bytes that this process may have in all, what it has already included. */
export function memoryLimit(): number {
  // Where much of what is called free is kept for files (macOS), only all of it says something.
  const machine = process.platform === 'darwin' ? totalmem() : freemem() + process.memoryUsage.rss();
  // A container counts files that were read as memory in use, though it gives them up: only its limit says something.
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(machine, limit) : machine;
}

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
 * @param limit bytes, as {@link memoryLimit}
 * @throws UsageError with the figures and what to change where the estimate exceeds the limit
 */
export function checkMemory({ total, cases, engine, weights, base }: MemoryEstimate, limit: number): string {
  const parts = [`network ${gib(engine + weights)}`, `prepared cases ${gib(cases)}`, `program ${gib(base)}`].join(', ');
  if (total <= limit) return `Training will need about ${gib(total)} of memory (${parts}).`;
  const advice =
    cases > engine + weights
      ? 'train on fewer cases or at a coarser --spacing'
      : 'choose a smaller --patch, --batch or --preset';
  throw new UsageError(`Training would need about ${gib(total)} of memory (${parts}), found ${gib(limit)}; ${advice}.`);
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}
