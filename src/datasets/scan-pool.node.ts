/**
 * Scans cases in several processes: inflating and reading voxels is all computing. Memory is bounded by their number, for
 * each holds one image.
 */
import { existsSync } from 'node:fs';
import { freemem } from 'node:os';
import { throwIfCancelled } from '../errors.js';
import { askAll } from '../workers/pool.node.js';
import { openProcess } from '../workers/worker.node.js';
import type { Case, Dataset } from './dataset.js';
import { type CaseScan, scanCase } from './scan-case.node.js';

/** Reading from a disk gains nothing beyond. */
const MOST_PROCESSES = 8;

const workerFile = new URL('./scan-worker.node.js', import.meta.url);

export type ScanCases = (jobs: readonly ScanJob[], options: ScanOptions) => Promise<CaseScan[]>;

/** A case, its data set, and the bytes that reading it takes. */
export interface ScanJob {
  readonly dataset: Dataset;
  readonly case: Case;
  readonly bytes: number;
}

export interface ScanOptions {
  /** Processes to use at most. */
  readonly processes: number;
  readonly signal?: AbortSignal;
  readonly onScan?: (done: number) => void;
}

/**
 * Scan all cases; the result is in their order, whichever process was first.
 * @throws {CancelledError} where the signal fires; what processes were reading is dropped
 */
export function scanCases(jobs: readonly Pick<ScanJob, 'case' | 'bytes'>[], options: ScanOptions): Promise<CaseScan[]> {
  return mapCases(
    jobs.map(({ case: { image, label }, bytes }) => ({ request: { image, label }, bytes })),
    scanCase,
    workerFile,
    { ...options, onAnswer: options.onScan },
  );
}

/**
 * Do something with the files of cases, in this process, or in several where that is asked for and memory suffices.
 * @param jobs what is asked for, and the bytes that it takes
 * @param here what the worker's file serves, too
 */
export async function mapCases<Request, Answer>(
  jobs: readonly { readonly request: Request; readonly bytes: number }[],
  here: (request: Request) => Promise<Answer>,
  script: URL,
  options: {
    readonly processes: number;
    readonly signal?: AbortSignal;
    readonly onAnswer?: (done: number) => void;
  },
): Promise<Answer[]> {
  const { signal, onAnswer } = options;
  throwIfCancelled(signal);
  const largest = jobs.reduce((most, { bytes }) => Math.max(most, bytes), 1);
  const fitting = Math.floor(freemem() / 2 / largest);
  const workers = Math.max(1, Math.min(options.processes, MOST_PROCESSES, jobs.length, fitting));
  const requests = jobs.map(({ request }) => request);
  // TypeScript sources that run without a build have no worker file, and read in this process.
  if (workers > 1 && existsSync(script)) {
    const open = () => openProcess<Request, Answer>({ script, name: 'process that reads voxels' });
    return askAll(requests, open, { workers, signal, onAnswer });
  }
  const answers: Answer[] = [];
  for (const request of requests) {
    throwIfCancelled(signal);
    answers.push(await here(request));
    onAnswer?.(answers.length);
    // Lets a Ctrl-C through: reading a small file never leaves this thread idle for long.
    await new Promise(setImmediate);
  }
  return answers;
}
