/** What a data set's hash sees. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { datasetHash, imagesHash } from '../../src/datasets/data-hash.node.js';
import type { Dataset } from '../../src/datasets/dataset.js';
import { openDataset } from '../../src/datasets/open-dataset.node.js';
import { imageBytes, labelBytes, put, putDecathlon, temporaryFolder } from './folders.js';

const names = ['c1', 'c2', 'c3', 'c4', 'c5'];
let folder: string;
let remove: () => void;
beforeEach(() => {
  ({ path: folder, remove } = temporaryFolder());
  putDecathlon(join(folder, 'a'), names);
});
afterEach(() => remove());
const open = (name = 'a') => openDataset(join(folder, name));

test('is over contents: a byte that changes no size, but not where the files lie', async () => {
  const before = await datasetHash(await open());
  cpSync(join(folder, 'a'), join(folder, 'b'), { recursive: true });
  expect(await datasetHash(await open('b'))).toBe(before);
  const plain = gunzipSync(imageBytes(0));
  put(folder, 'b/imagesTr/c1.nii.gz', plain);
  const stored = await datasetHash(await open('b'));
  plain[plain.length - 1] ^= 1;
  put(folder, 'b/imagesTr/c1.nii.gz', plain);
  expect(new Set([before, stored, await datasetHash(await open('b'))]).size).toBe(3);
  put(folder, 'b/imagesTr/c1.nii.gz', imageBytes(0));
  expect(await datasetHash(await open('b'))).toBe(before);
  put(folder, 'b/labelsTr/c2.nii.gz', labelBytes(undefined, [0, 2, 1]));
  expect(await datasetHash(await open('b'))).not.toBe(before);
});

test('is over what is said of the files, whether it was read or given by a program', async () => {
  const dataset = await open();
  const changes: Partial<Dataset>[] = [
    { name: 'other' },
    { target: [2] },
    { intensityOffset: -1024 },
    { labels: { ...dataset.labels, 2: 'cyst' } },
    { split: { ...dataset.split, train: dataset.split.test, test: dataset.split.train } },
    { cases: dataset.cases.map((c) => ({ ...c, group: 'all' })) },
    { cases: dataset.cases.slice(1) },
    { cases: dataset.cases.map((c, i) => ({ ...c, label: dataset.cases[(i + 1) % names.length].label })) },
  ];
  const hashes = await Promise.all([{}, ...changes].map((change) => datasetHash({ ...dataset, ...change })));
  expect(new Set(hashes).size).toBe(changes.length + 1);
  expect(await datasetHash({ ...dataset, folder: '/elsewhere', splitSource: 'given' })).toBe(hashes[0]);
});

test('of a pair, both files count; a file that is not there makes a hash of its own', async () => {
  const dataset = await open();
  const [c] = dataset.cases;
  const absent = { ...dataset, cases: [{ ...c, image: join(folder, 'nowhere.nii') }] };
  expect(await datasetHash(absent)).not.toBe(await datasetHash({ ...dataset, cases: [c] }));
  const bytes = gunzipSync(imageBytes(0));
  const header = bytes.subarray(0, 352);
  header.set(new TextEncoder().encode('ni1\0'), 344);
  new DataView(header.buffer, header.byteOffset).setFloat32(108, 0, true);
  const voxels = bytes.subarray(352);
  put(folder, 'pair.hdr', header);
  put(folder, 'pair.img', voxels);
  const before = await imagesHash([join(folder, 'pair.hdr')]);
  voxels[3] ^= 1;
  put(folder, 'pair.img', voxels);
  expect(await imagesHash([join(folder, 'pair.hdr')])).not.toBe(before);
});
