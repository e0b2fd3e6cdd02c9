/** The thread that prepares batches: asked for a step by number, it answers with the batch, buffers moved not copied. */
import { parentPort, workerData } from 'node:worker_threads';
import { type CarriedError, packError } from '../errors.js';
import type { Batch } from './batch.js';
import { type BatchWork, batchMaker } from './batch-source.js';

export type Answer = { readonly step: number } & ({ readonly batch: Batch } | { readonly error: CarriedError });

const make = batchMaker(workerData as BatchWork);

parentPort!.on('message', (step: number) => {
  try {
    const batch = make(step);
    const buffers = Object.values(batch.feeds).map(({ data }) => data.buffer as ArrayBuffer);
    parentPort!.postMessage({ step, batch } satisfies Answer, buffers);
  } catch (error) {
    parentPort!.postMessage({ step, error: packError(error) } satisfies Answer);
  }
});
