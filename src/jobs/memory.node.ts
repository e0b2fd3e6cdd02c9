/** Memory that this machine, or the container, still has; and a refusal in words where that is too little. */
import { freemem } from 'node:os';
import { UnsupportedError } from '../errors.js';
import type { Grid } from '../volume/volume.js';

/** Bytes that can still be taken: free and reclaimable memory, within the limit of a container if there is one. */
export function availableMemory(): number {
  const limit = process.constrainedMemory();
  const own = process.memoryUsage.rss();
  // 0 or a number beyond any machine's memory stands for "no limit".
  return limit > 0 ? Math.min(freemem() + own, limit) : freemem() + own;
}

/** @throws UnsupportedError where predicting an image would take more memory than there is */
export function checkMemory(image: string, { size }: Grid, needed: number, available = availableMemory()): void {
  if (needed <= available) return;
  throw new UnsupportedError(
    `${image}: its ${size.join(' x ')} voxels need about ${gigabytes(needed)} of memory, found ${gigabytes(available)}; ` +
      'use a larger machine, name the --task, crop the image or lower its resolution.',
  );
}

export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
