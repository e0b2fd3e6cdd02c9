/** The process that scan-pool starts: takes the files of a case, answers with its scan. */
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

process.on('message', (request: ScanRequest | null) => {
  // Nothing more to do: without its channel the process ends by itself.
  if (request === null) return process.disconnect();
  const { index, image, label } = request;
  // A rejection ends the process, which the pool hears of.
  void scanCase({ image, label }).then((scan) => process.send?.({ index, scan } satisfies ScanAnswer));
});

// Ctrl-C in a terminal reaches all processes; the pool decides when this one ends.
process.on('SIGINT', () => undefined);
