/**
 * Prepares cases in several threads: resampling is all computing, and most of the time before the first step. Memory is
 * bounded by their number, for each holds one case.
 */
import { existsSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { CancelledError } from '../errors.js';
import type { TrainingSample } from '../transforms/sample-patch.js';
import { openThread, type Requests } from '../workers/worker.node.js';
import { type PrepareRequest, prepareCase } from './prepare-case.node.js';

/** Memory's width is shared: nothing is gained beyond. */
const MOST_THREADS = 8;
/** Cases that are worth the start of one more thread. */
const WORTH_A_THREAD = 8;
/** Image, reference, their copies in canonical order and what becomes of them, as multiples of a float32 image, about. */
const COPIES = 4;

/** `src/` and `dist/` lie side by side: tests, which run the sources, find the compiled worker by the same path. */
const worker = new URL('../../dist/cases/prepare-worker.node.js', import.meta.url);

/** What prepares one case; as many calls may be open as `width`. */
export interface PreparePool {
  readonly width: number;
  /** @throws as `prepareCase` */
  prepare(request: PrepareRequest): Promise<TrainingSample>;
  close(): Promise<void>;
}

/** @param size how many cases there are, and the voxels of the largest */
export function openPreparePool({ cases, voxels }: { readonly cases: number; readonly voxels: number }): PreparePool {
  const fitting = Math.floor(freemem() / 2 / (4 * COPIES * Math.max(1, voxels)));
  const width = Math.min(availableParallelism(), MOST_THREADS, Math.ceil(cases / WORTH_A_THREAD), fitting);
  if (width < 2 || !existsSync(worker)) {
    return {
      width: 1,
      prepare: prepareCase,
      close: async () => undefined,
    };
  }
  type Thread = Requests<PrepareRequest, TrainingSample>;
  const threads: Thread[] = [];
  const idle: Thread[] = [];
  let closed = false;
  return {
    width,
    async prepare(request) {
      if (closed) throw new CancelledError();
      // Opened when they are first needed: what the cache has needs none.
      const thread = idle.pop() ?? openThread({ script: worker, name: 'thread that prepares cases' });
      if (!threads.includes(thread)) threads.push(thread);
      try {
        return await thread.ask(request);
      } finally {
        idle.push(thread);
      }
    },
    async close() {
      closed = true;
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}
