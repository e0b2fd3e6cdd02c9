/** The thread that prepares batches: asked for a step by number, it answers with the batch, buffers moved not copied. */
import { workerData } from 'node:worker_threads';
import { serve } from '../workers/serve.node.js';
import { type BatchWork, batchMaker } from './batch-source.js';

serve(batchMaker(workerData as BatchWork), ({ feeds }) =>
  Object.values(feeds).map(({ data }) => data.buffer as ArrayBuffer),
);
