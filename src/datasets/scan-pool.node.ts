/**
 * Scans cases in several processes: inflating and reading voxels is all computing. Memory is bounded by their number, for
 * each holds one image. Processes, because worker threads of Node 20 were seen to hang while ending.
 */
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { freemem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { CancelledError, EngineError, throwIfCancelled } from '../errors.js';
import type { Case } from './dataset.js';
import { type CaseScan, scanCase } from './scan-case.node.js';
import type { ScanAnswer, ScanRequest } from './scan-worker.node.js';

/** Reading from a disk gains nothing beyond. */
const MOST_THREADS = 8;

/** Milliseconds that a process is given to end. */
const PARTING = 5000;

const workerFile = fileURLToPath(new URL('./scan-worker.node.js', import.meta.url));

/** A case and the bytes that reading it takes. */
export interface ScanJob {
  readonly case: Case;
  readonly bytes: number;
}

export interface ScanOptions {
  /** Threads to use at most. */
  readonly threads: number;
  readonly signal?: AbortSignal;
  readonly onScan?: (done: number) => void;
}

/**
 * Scan all cases; the result is in their order, whichever thread was first.
 * @throws {CancelledError} where the signal fires; what threads were reading is dropped
 */
export async function scanCases(jobs: readonly ScanJob[], options: ScanOptions): Promise<CaseScan[]> {
  throwIfCancelled(options.signal);
  const largest = jobs.reduce((most, { bytes }) => Math.max(most, bytes), 1);
  const fitting = Math.floor(freemem() / 2 / largest);
  const threads = Math.max(1, Math.min(options.threads, MOST_THREADS, jobs.length, fitting));
  // TypeScript sources that run without a build have no worker file, and scan on this thread.
  return threads === 1 || !existsSync(workerFile) ? scanHere(jobs, options) : scanOnThreads(jobs, threads, options);
}

async function scanHere(jobs: readonly ScanJob[], { signal, onScan }: ScanOptions): Promise<CaseScan[]> {
  const scans: CaseScan[] = [];
  for (const { case: c } of jobs) {
    throwIfCancelled(signal);
    scans.push(await scanCase(c));
    onScan?.(scans.length);
    // Lets a Ctrl-C through: reading a small file never leaves this thread idle for long.
    await new Promise(setImmediate);
  }
  return scans;
}

async function scanOnThreads(
  jobs: readonly ScanJob[],
  threads: number,
  { signal, onScan }: ScanOptions,
): Promise<CaseScan[]> {
  const scans: CaseScan[] = new Array(jobs.length);
  const workers = Array.from({ length: threads }, () => fork(workerFile, { execArgv: [], serialization: 'advanced' }));
  const ended = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
  let next = 0;
  let done = 0;
  let cancel = (): void => undefined;
  try {
    await Promise.race([
      new Promise<never>((_, reject) => {
        cancel = () => reject(new CancelledError('Cancelled.'));
        signal?.addEventListener('abort', cancel, { once: true });
      }),
      Promise.all(
        workers.map(
          (worker) =>
            new Promise<void>((resolve, reject) => {
              const give = () => {
                const index = next++;
                const { image, label } = jobs[index]?.case ?? {};
                const request: ScanRequest | null = image === undefined ? null : { index, image, label: label ?? null };
                worker.send(request as ScanRequest);
              };
              worker.on('message', ({ index, scan }: ScanAnswer) => {
                if (signal?.aborted) return;
                scans[index] = scan;
                onScan?.(++done);
                give();
              });
              worker.on('error', reject);
              worker.on('exit', (code, killed) =>
                code === 0 ? resolve() : reject(endedEarly(killed ?? `code ${code}`)),
              );
              give();
            }),
        ),
      ),
    ]);
    return scans;
  } finally {
    signal?.removeEventListener('abort', cancel);
    // Each finishes the file in hand and ends by itself, or is ended: it holds nothing that could be lost.
    for (const worker of workers) if (worker.connected) worker.send(null as unknown as object);
    const patience = setTimeout(() => {
      for (const worker of workers) worker.kill('SIGKILL');
    }, PARTING);
    await Promise.all(ended);
    clearTimeout(patience);
  }
}

const endedEarly = (how: string): EngineError =>
  new EngineError(`A process that read voxels ended early (${how}); out of memory is a likely cause.`);
