/** Says before an image is read what memory its prediction takes, and refuses one that the machine cannot hold. */
import { UnsupportedError } from '../errors.js';
import type { OpenedImage } from '../formats/image-file.node.js';
import type { JobOptions } from '../job-options.js';
import type { Model } from '../model/model.js';
import { memoryLimit, memoryText } from '../runtime/memory-limit.node.js';
import type { Grid } from '../volume/volume.js';
import { estimateMemory } from './memory.js';

/** @throws UnsupportedError where predicting an image would take more memory than there is */
export function checkImageMemory(image: string, { size }: Grid, needed: number, available = memoryLimit()): void {
  if (needed <= available) return;
  throw new UnsupportedError({
    file: image,
    problem: `its ${size.join(' x ')} voxels need about ${memoryText(needed)} of memory`,
    found: memoryText(available),
    remedy: 'use a larger machine, name the --task, crop the image or lower its resolution',
  });
}

/** From here on the memory that a run takes is worth a remark, in bytes. */
const REMARKABLE = 1e9;

/** Called before an image's voxels are read: refuses it where memory is short, and tells of each image that needs more than any before. */
export function memoryWatch(
  models: readonly Model[],
  {
    task,
    saveProbabilities,
    saveOodMap,
    onNote,
  }: Pick<JobOptions, 'onNote'> & {
    readonly task?: string;
    readonly saveProbabilities?: boolean;
    readonly saveOodMap?: boolean;
  },
): (image: Pick<OpenedImage, 'name' | 'header'>) => void {
  let most = REMARKABLE;
  return ({ name: file, header: { grid } }) => {
    const maps = (saveProbabilities ? 0.5 : 0) + (saveOodMap ? 1 : 0);
    const needed = estimateMemory(models, grid, { task, maps });
    checkImageMemory(file, grid, needed);
    if (needed > most) onNote?.(`${file}: ${grid.size.join(' x ')} voxels, about ${memoryText(needed)} of memory.`);
    most = Math.max(most, needed);
  };
}
