/**
 * Batches prepared ahead in a worker thread: the engine blocks the main thread while it runs a step, so only another
 * thread can prepare the next one meanwhile. A batch depends on its step alone; when it was made changes nothing.
 */
import { openThread } from '../workers/worker.node.js';
import type { Batch } from './batch.js';
import type { BatchSource, BatchWork } from './batch-source.js';

/** Batches that are asked for beyond the one in use: evens out costly ones, and bounds memory. */
const AHEAD = 3;

/**
 * Seconds without an answer after which the thread counts as stuck. A batch takes a second at most; the first also waits
 * for the thread to start, and all for a machine that is busy with other work.
 */
const PATIENCE = 120;

/** `src/` and `dist/` lie side by side: tests, which run the sources, find the compiled worker by the same path. */
const compiledWorker = new URL('../../dist/training/batch-worker.node.js', import.meta.url);

export interface BatchWorkerOptions {
  /** The worker's file. */
  readonly script?: URL;
  /** Seconds without an answer after which waiting for a batch is given up. */
  readonly patience?: number;
  /** Seconds to wait for the thread's end. */
  readonly parting?: number;
}

/** A source with a worker thread of its own. Cases on SharedArrayBuffers are not copied. */
export function openWorkerBatches(
  work: BatchWork,
  firstStep: number,
  { script = compiledWorker, patience = PATIENCE, parting }: BatchWorkerOptions = {},
): BatchSource {
  const { tasks, shares, batch, seed, architecture, dropout, augment } = work;
  // No more than the work itself: what else the object holds may not be clonable.
  const data: BatchWork = { tasks, shares, batch, seed, architecture, dropout, augment };
  const thread = openThread<number, Batch>({
    ...{ script, data, patience, name: 'thread that prepares batches' },
    ...(parting !== undefined && { parting }),
  });
  const ready = new Map<number, Promise<Batch>>();
  let asked = firstStep;
  const askUpTo = (step: number) => {
    for (; asked <= step; asked++) ready.set(asked, thread.ask(asked));
  };
  askUpTo(firstStep + AHEAD - 1);
  return {
    async batch(step): Promise<Batch> {
      // Asked for before the engine blocks this thread.
      askUpTo(step + AHEAD);
      const batch = ready.get(step)!;
      ready.delete(step);
      return batch;
    },
    close: () => thread.close(),
  };
}
