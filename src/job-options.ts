/** What every long call takes and tells, whichever door or program made it. */

import type { Device } from './runtime/session.js';

/** One sign of life. Doors work out rate and time left from `done` and `total`. */
export interface Progress {
  readonly stage: 'phantoms' | 'check' | 'prepare' | 'train' | 'calibrate' | 'predict' | 'evaluate';
  readonly done: number;
  readonly total: number;
  /** What was just done, such as a case's name. */
  readonly item?: string;
  /** While training: smoothed loss, and soft Dice of recent training patches by task. */
  readonly loss?: number;
  readonly dice?: Readonly<Record<string, number>>;
}

/** Options that all jobs share. */
export interface JobOptions {
  /** Threads within an operator; default: one per core. In a check: threads that read voxels; default: 1. */
  readonly threads?: number;
  /** Where the network runs; default: cpu. What a device cannot run is refused, not moved to the CPU. */
  readonly device?: Device;
  readonly signal?: AbortSignal;
  /** Called after each unit of work. */
  readonly onProgress?: (progress: Progress) => void;
  /** A remark for the user, such as a warning of the data-set check. */
  readonly onNote?: (note: string) => void;
}
