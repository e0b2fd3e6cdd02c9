/**
 * Batches prepared ahead in a worker thread: the engine blocks the main thread while it runs a step, so only another
 * thread can prepare the next one meanwhile. A batch depends on its step alone; when it was made changes nothing.
 */
import { Worker } from 'node:worker_threads';
import { EngineError, unpackError } from '../errors.js';
import type { Batch } from './batch.js';
import type { BatchSource, BatchWork } from './batch-source.js';
import type { Answer } from './batch-worker.node.js';

/** Batches that are asked for beyond the one in use: evens out costly ones, and bounds memory. */
const AHEAD = 3;

/**
 * Seconds without an answer after which the thread counts as stuck. A batch takes a second at most; the first also waits
 * for the thread to start, and all for a machine that is busy with other work.
 */
const PATIENCE = 120;

/** Seconds that the thread is given to end. It holds nothing that is lost when it is left behind. */
const PARTING = 5;

/** `src/` and `dist/` lie side by side: tests, which run the sources, find the compiled worker by the same path. */
const compiledWorker = new URL('../../dist/training/batch-worker.node.js', import.meta.url);

export interface WorkerOptions {
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
  { script = compiledWorker, patience = PATIENCE, parting = PARTING }: WorkerOptions = {},
): BatchSource {
  const { tasks, shares, batch, seed, architecture, dropout, augment } = work;
  // No more than the work itself: what else the object holds may not be clonable.
  const workerData: BatchWork = { tasks, shares, batch, seed, architecture, dropout, augment };
  // Flags of the main thread (a test runner's loader, say) are not the worker's.
  const worker = new Worker(script, { workerData, execArgv: [], name: 'candor batches' });
  const ready = new Map<number, Answer>();
  let asked = firstStep;
  let failure: Error | undefined;
  let wake: () => void = () => undefined;
  const fail = (reason: string, cause?: unknown) => {
    failure ??= new EngineError(`The thread that prepares batches failed: ${reason}.`, { cause });
    wake();
  };
  const askUpTo = (step: number) => {
    for (; asked <= step; asked++) worker.postMessage(asked);
  };
  worker.on('message', (answer: Answer) => {
    ready.set(answer.step, answer);
    wake();
  });
  worker.on('messageerror', (error) => fail(error.message, error));
  worker.on('error', (error) => fail(error.message, error));
  worker.on('exit', (code) => fail(`it ended with code ${code}; out of memory is a likely cause`));
  askUpTo(firstStep + AHEAD - 1);
  return {
    async batch(step): Promise<Batch> {
      // Asked for before the engine blocks this thread.
      askUpTo(step + AHEAD);
      let answer = ready.get(step);
      while (!answer) {
        if (failure) throw failure;
        const news = new Promise<void>((resolve) => {
          wake = resolve;
        });
        if (!(await settles(news, patience))) fail(`it gave no batch for ${patience} s`);
        answer = ready.get(step);
      }
      ready.delete(step);
      if ('error' in answer) throw unpackError(answer.error);
      return answer.batch;
    },
    async close() {
      // Where ending it takes longer than it should, it keeps no program from ending.
      worker.unref();
      await settles(worker.terminate(), parting);
    },
  };
}

/**
 * Whether a promise settles in time. Counted in tenths rather than read from a clock: a program that was paused for an
 * hour has not waited for an hour.
 */
async function settles(promise: Promise<unknown>, seconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    let left = 10;
    timer = setInterval(() => --left === 0 && resolve(false), (seconds * 1000) / left);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearInterval(timer);
  }
}
