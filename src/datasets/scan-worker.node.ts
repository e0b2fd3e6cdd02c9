/** The thread that scan-pool starts: takes the files of a case, answers with its scan. */
import { parentPort } from 'node:worker_threads';
import { type CaseScan, scanCase } from './scan-case.node.js';

/** What the pool sends, and null at the end; the answer has the same index. */
export interface ScanRequest {
  readonly index: number;
  readonly image: string;
  readonly label: string | null;
}

export interface ScanAnswer {
  readonly index: number;
  readonly scan: CaseScan;
}

parentPort?.on('message', (request: ScanRequest | null) => {
  // Nothing more to do: without its port the thread ends by itself.
  if (request === null) return parentPort?.close();
  const { index, image, label } = request;
  // A rejection ends the thread, which the pool hears of.
  void scanCase({ image, label }).then((scan) => parentPort?.postMessage({ index, scan } satisfies ScanAnswer));
});
