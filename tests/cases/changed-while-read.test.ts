/** What was made of a file that changed meanwhile is not kept under the name of what the file was. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CaseStore, createCaseStore } from '../../src/cases/case-store.node.js';
import type { Dataset } from '../../src/datasets/dataset.js';
import { openDataset } from '../../src/datasets/open-dataset.node.js';
import type { Cache } from '../../src/files/cache.node.js';
import { openDigests } from '../../src/files/digests.node.js';
import { createHeader } from '../../src/formats/nifti/nifti.js';
import { encodeMask } from '../../src/formats/nifti/write.js';
import { ballFile, temporaryFolder, writeBallDataset } from '../support/ball-data.js';
import { ballPlan, ballTasks, makeBall } from '../support/balls.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const [task] = ballTasks;
let dataset: Dataset;
beforeAll(async () => {
  dataset = await openDataset(writeBallDataset(folder.path, task), { seed: 0 });
});

/** Calls `meanwhile` after a key was looked up in vain, that is before the files are read. */
function cacheThat(meanwhile: () => void): Cache & { readonly asked: string[]; readonly kept: string[] } {
  const [asked, kept]: [string[], string[]] = [[], []];
  return {
    asked,
    kept,
    async get(key) {
      asked.push(key);
      meanwhile();
      return undefined;
    },
    async put(key) {
      kept.push(key);
    },
  };
}

const uses: readonly [string, (store: CaseStore, index: number) => Promise<unknown>][] = [
  ['a fingerprint', (store, index) => store.fingerprint(dataset, dataset.cases[index])],
  ['a prepared case', (store, index) => store.prepare(dataset, dataset.cases[index], ballPlan(task))],
];

describe.each(uses)('%s', (_, use) => {
  it('is kept where the files stay as they are', async () => {
    const cache = cacheThat(() => undefined);
    await use(createCaseStore(cache, openDigests()), 0);
    expect(cache.asked.length).toBe(1);
    expect(cache.kept).toEqual(cache.asked);
  });

  it.each(['imagesTr', 'labelsTr'])('is not kept where a file of %s changed after its hash was taken', async (part) => {
    const file = path.join(dataset.folder, part, `${dataset.cases[1].name}.nii.gz`);
    const before = readFileSync(file);
    const { reference } = makeBall(task, 50);
    const after = part === 'imagesTr' ? ballFile(task, 50) : encodeMask(reference.data, createHeader(reference));
    const cache = cacheThat(() => writeFileSync(file, after));
    await use(createCaseStore(cache, openDigests()), 1);
    expect(cache.kept).not.toContain(cache.asked[0]);
    // Another run finds the file as it is now, under another name.
    const later = cacheThat(() => undefined);
    await use(createCaseStore(later, openDigests()), 1);
    expect(later.kept).toEqual(later.asked);
    expect(later.asked).not.toEqual([cache.asked[0]]);
    writeFileSync(file, before);
  });
});
