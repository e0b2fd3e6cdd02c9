/** Which files are cases, and what their results are called. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listImageSets, listImages } from '../../src/datasets/list-images.node.js';
import { UsageError } from '../../src/errors.js';
import { put, temporaryFolder } from './folders.js';

let folder: string;
let remove: () => void;
beforeEach(() => ({ path: folder, remove } = temporaryFolder()));
afterEach(() => remove());

const putAll = (...names: string[]) => {
  for (const name of names) put(folder, name, 'x');
};
const brief = async (...inputs: string[]) =>
  (await listImages(inputs)).map(({ case: name, fault, remark }) => [name, fault?.tag ?? null, remark !== undefined]);

test('of a study in channels the first is the case, as nnU-Net names its mask; the others fail by name', async () => {
  putAll('patient7_0000.nii.gz', 'patient7_0001.nii.gz', 'p_8_0000.nrrd');
  const expected = [
    ['p_8', null, false],
    ['patient7', null, false],
    ['patient7_0001', 'UnsupportedError', false],
  ];
  expect(await brief(folder)).toEqual(expected);
  expect((await listImages([folder]))[2].fault?.message).toMatch(/patient7_0001\.nii\.gz: .*channel 1 of patient7/);
  // Named one by one, too: what lies beside it tells.
  expect(await brief(join(folder, 'patient7_0001.nii.gz'))).toEqual([expected[2]]);
  expect(await brief(join(folder, 'patient7_0000.nii.gz'))).toEqual([expected[1]]);
  const [set] = await listImageSets([folder]);
  expect(set.images.map((image) => image.case)).toEqual(['p_8', 'patient7', 'patient7_0001']);
});

test('a channel without its first is taken as an image of its own, and said to be', async () => {
  putAll('a_0001.nii.gz', 'b.nii.gz');
  expect(await brief(folder)).toEqual([
    ['a_0001', null, true],
    ['b', null, false],
  ]);
});

test('images that are counted through are cases of their own', async () => {
  putAll('scan_0001.nii.gz', 'scan_0002.nii.gz', 'hn_001.nii.gz', 'x_00000.nii.gz');
  expect(await brief(folder)).toEqual([
    ['hn_001', null, false],
    ['scan_0001', null, false],
    ['scan_0002', null, false],
    ['x_00000', null, false],
  ]);
});

test('from zero on, too, where they are more than any study has channels', async () => {
  const names = Array.from({ length: 20 }, (_, i) => `scan_${String(i).padStart(4, '0')}`);
  putAll(...names.map((name) => `${name}.nii.gz`));
  expect((await listImages([folder])).map((image) => [image.case, image.fault])).toEqual(
    names.map((name) => [name, undefined]),
  );
});

test('never two cases of one name', async () => {
  putAll('a_0000.nii.gz', 'a.nii.gz');
  await expect(listImages([folder])).rejects.toThrow(UsageError);
  await expect(listImages([folder])).rejects.toThrow(/results of both would be called a\. Rename/);
});
