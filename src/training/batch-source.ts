/** Where a run's batches come from: made when asked for, or ahead of time in another thread, with the same bytes. */

import type { TrainingTask } from '../cases/training-task.js';
import { type Batch, type BatchSettings, makeBatch } from './batch.js';
import { createSchedule } from './schedule.js';

/** All that the batches of a run depend on. */
export interface BatchWork extends BatchSettings {
  readonly tasks: readonly TrainingTask[];
  /** Share of patches of each task, in any unit. */
  readonly shares: readonly number[];
  /** Patches a step. */
  readonly batch: number;
}

export interface BatchSource {
  /**
   * The batch of a step. Steps are asked for one by one in rising order, from the first that was named at the opening.
   * @throws what making the batch throws; EngineError where the source itself failed
   */
  batch(step: number): Promise<Batch>;
  /** End whatever prepares batches; none can be asked for afterwards. */
  close(): Promise<void>;
}

export type OpenBatchSource = (work: BatchWork, firstStep: number) => BatchSource;

/** Batch k as a function of k alone. */
export function batchMaker(work: BatchWork): (step: number) => Batch {
  const schedule = createSchedule(work.shares, work.batch);
  return (step) => makeBatch(work.tasks, schedule(step), step, work);
}

/** Makes each batch when it is asked for. */
export const batchesOnDemand: OpenBatchSource = (work) => {
  const make = batchMaker(work);
  return { batch: async (step) => make(step), close: async () => undefined };
};
