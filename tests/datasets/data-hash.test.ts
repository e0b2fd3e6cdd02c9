/** A hash of a data set stands for all of its files: any that grows or shrinks, is renamed or goes makes another. */
import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetHash, imagesHash } from '../../src/datasets/data-hash.node.js';
import type { Dataset } from '../../src/datasets/dataset.js';
import { openDataset } from '../../src/datasets/open-dataset.node.js';
import { temporaryFolder, writeBallDataset } from '../support/ball-data.js';
import { ballTasks } from '../support/balls.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
let dataset: Dataset;
let hash: string;
let images: string[];
beforeAll(async () => {
  dataset = await openDataset(writeBallDataset(folder.path, ballTasks[0]), { seed: 0 });
  images = dataset.cases.map(({ image }) => image);
  hash = await datasetHash(dataset);
});

const changes: readonly [string, (file: string) => void][] = [
  ['grows', (file) => appendFileSync(file, '\0')],
  ['shrinks', (file) => truncateSync(file, readFileSync(file).length - 1)],
  ['is gone', (file) => rmSync(file)],
];

describe.each(['image', 'label'] as const)('an %s', (part) => {
  it.each(changes)('that %s makes another hash', async (_, change) => {
    for (const { [part]: file } of [dataset.cases[0], dataset.cases[8]]) {
      const before = readFileSync(file!);
      change(file!);
      // Opened anew, as any job does.
      const opened = { ...dataset };
      expect(await datasetHash(opened)).not.toBe(hash);
      writeFileSync(file!, before);
      expect(await datasetHash({ ...dataset })).toBe(hash);
    }
  });
});

describe('a set of images', () => {
  it.each(changes.slice(0, 2))('has another hash where one %s', async (_, change) => {
    const of = await imagesHash(images);
    const before = readFileSync(images[3]);
    change(images[3]);
    expect(await imagesHash(images)).not.toBe(of);
    writeFileSync(images[3], before);
    expect(await imagesHash(images)).toBe(of);
  });

  it('has another hash without one of them, and the same wherever the folder lies', async () => {
    expect(await imagesHash(images.slice(1))).not.toBe(await imagesHash(images));
    const moved = temporaryFolder();
    const there = await openDataset(writeBallDataset(path.join(moved.path), ballTasks[0]), { seed: 0 });
    expect(await datasetHash(there)).toBe(hash);
    moved.remove();
  });
});
