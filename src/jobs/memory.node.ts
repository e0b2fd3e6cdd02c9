/** Memory that this machine, or the container, still has; and a refusal in words where that is too little. */
import { freemem } from 'node:os';
import { UnsupportedError } from '../errors.js';
import { estimateMemory } from '../inference/memory.js';
import type { Model } from '../model/model.js';
import { readImageHeader } from '../volume/image-file.node.js';
import type { Grid } from '../volume/volume.js';
import type { PredictOptions } from './types.js';

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

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** From here on the memory that a run takes is worth a remark, in bytes. */
const REMARKABLE = 1e9;

/** Called before an image is read: refuses it where memory is short, and tells of each image that needs more than any before. */
export function memoryWatch(
  models: readonly Model[],
  { task, saveProbabilities, saveOodMap, onNote }: PredictOptions,
): (file: string) => Promise<void> {
  let most = REMARKABLE;
  return async (file) => {
    const { grid } = await readImageHeader(file);
    const maps = (saveProbabilities ? 0.5 : 0) + (saveOodMap ? 1 : 0);
    const needed = estimateMemory(models, grid, { task, maps });
    checkMemory(file, grid, needed);
    if (needed > most) onNote?.(`${file}: ${grid.size.join(' x ')} voxels, about ${gigabytes(needed)} of memory.`);
    most = Math.max(most, needed);
  };
}
