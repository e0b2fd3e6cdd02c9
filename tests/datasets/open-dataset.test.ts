import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkDatasets } from '../../src/datasets/check.node.js';
import { casesOf, splitParts } from '../../src/datasets/dataset.js';
import { loadCase } from '../../src/datasets/load-case.node.js';
import { openDataset } from '../../src/datasets/open-dataset.node.js';
import { labelSpaceOf, withStructures } from '../../src/datasets/structures.js';
import { DatasetError, GeometryError, UnsupportedError } from '../../src/errors.js';
import { affine, imageBytes, labelBytes, put, putDecathlon, putNnunet, size, temporaryFolder } from './folders.js';

const names = ['c1', 'c2', 'c3', 'c4', 'c5'];
let folder: string;
let remove: () => void;
beforeEach(() => ({ path: folder, remove } = temporaryFolder()));
afterEach(() => remove());

describe('openDataset', () => {
  test('reads the Decathlon layout', async () => {
    putDecathlon(folder, names, { intensityOffset: -1024, target: [2], group: { c1: 'a', c2: 'a', c3: 7 } });
    const dataset = await openDataset(folder);
    expect(dataset).toMatchObject({
      name: 'Liver',
      folder,
      layout: 'decathlon',
      modality: 'MRI',
      labels: { '0': 'background', '1': 'liver', '2': 'tumour' },
      target: [2],
      intensityOffset: -1024,
      splitSource: 'seeded',
    });
    expect(dataset.cases[0]).toEqual({
      name: 'c1',
      image: join(folder, 'imagesTr', 'c1.nii.gz'),
      annotated: null,
      label: join(folder, 'labelsTr', 'c1.nii.gz'),
      group: 'a',
    });
    expect(dataset.cases.map((c) => c.group)).toEqual(['a', 'a', '7', 'c4', 'c5']);
  });

  test('reads the nnU-Net layout; the folder lends its name, hidden files are left alone', async () => {
    const split = { train: ['c1', 'c2'], calibration: ['c3'], test: ['c4'] };
    putNnunet(folder, names, { split, placeholderSpacing: true });
    put(folder, 'imagesTr/._c1_0000.nii.gz', 'resource fork');
    put(folder, 'imagesTr/c6_0000.nii.gz', imageBytes(9));
    const dataset = await openDataset(folder);
    expect(dataset).toMatchObject({
      name: basename(folder),
      layout: 'nnunet',
      modality: 'CT',
      labels: { '0': 'background', '1': 'liver', '2': 'tumour' },
      target: null,
      intensityOffset: null,
      placeholderSpacing: true,
      split,
      splitSource: 'dataset.json',
    });
    expect(dataset.cases.map((c) => c.name)).toEqual([...names, 'c6']);
    expect(dataset.cases[5].label).toBeNull();
    expect(casesOf(dataset, 'test').map((c) => basename(c.image))).toEqual(['c4_0000.nii.gz']);
  });

  test('uncompressed files, dots in names and regions of nnU-Net', async () => {
    put(folder, 'imagesTr/a.b_1_0000.nii', 'x');
    put(folder, 'labelsTr/a.b_1.nii', 'x');
    put(folder, 'dataset.json', {
      channel_names: { 0: 'T1' },
      labels: { background: 0, whole: [1, 2, 3], core: [2, 3], rim: 3 },
      regions_class_order: [1, 2, 3],
      file_ending: '.nii',
    });
    const dataset = await openDataset(folder);
    expect(dataset.cases.map((c) => c.name)).toEqual(['a.b_1']);
    expect(dataset.labels).toEqual({ '0': 'background', '1': 'whole', '2': 'core', '3': 'rim' });
  });

  test('a seeded split leaves out cases without reference and follows the seed', async () => {
    const many = Array.from({ length: 20 }, (_, i) => `n${i}`);
    putNnunet(folder, many);
    put(folder, 'imagesTr/alone_0000.nii.gz', 'x');
    const first = (await openDataset(folder, { seed: 1 })).split;
    expect(splitParts.flatMap((p) => first[p]).sort()).toEqual([...many].sort());
    expect(splitParts.map((p) => first[p].length)).toEqual([12, 4, 4]);
    expect((await openDataset(folder, { seed: 1 })).split).toEqual(first);
    expect((await openDataset(folder, { seed: 2 })).split).not.toEqual(first);
  });

  test('a missing folder, dataset.json or imagesTr says what is expected', async () => {
    await expect(openDataset(join(folder, 'nowhere'))).rejects.toThrow(
      /dataset\.json: cannot be read \(no such file or folder\)/,
    );
    put(folder, 'dataset.json', { channel_names: { 0: 'CT' }, labels: { background: 0, liver: 1 } });
    await expect(openDataset(folder)).rejects.toThrow(/labelsTr: cannot be listed/);
    put(folder, 'imagesTr/readme.txt', 'nothing');
    put(folder, 'labelsTr/readme.txt', 'nothing');
    await expect(openDataset(folder)).rejects.toThrow(/no training cases/);
  });

  test.each([
    ['..', './imagesTr/...nii.gz'],
    ['an empty name', './imagesTr/.nii.gz'],
    ['a prototype', './imagesTr/__proto__.nii.gz'],
  ])('a case called %s is refused', async (_, image) => {
    putDecathlon(folder, names, { training: [{ image, label: null }] });
    await expect(openDataset(folder)).rejects.toThrow(DatasetError);
  });
});

describe('loadCase', () => {
  test('the reference is 1 where the label is in the target', async () => {
    putDecathlon(folder, names);
    const dataset = await openDataset(folder);
    const each = await loadCase(dataset.cases[0], labelSpaceOf(dataset));
    expect([...each.reference.data.subarray(0, 6)]).toEqual([0, 1, 2, 0, 1, 2]);
    const all = await loadCase(dataset.cases[0], labelSpaceOf(withStructures(dataset, { structures: 'target' })));
    expect([...all.reference.data.subarray(0, 6)]).toEqual([0, 1, 1, 0, 1, 1]);
    expect(all.reference.size).toEqual(size);
    expect(all.image.volume.data[1]).toBe(6);
    const one = await loadCase(dataset.cases[0], labelSpaceOf({ ...dataset, target: [2] }));
    expect([...one.reference.data.subarray(0, 6)]).toEqual([0, 0, 1, 0, 0, 1]);
  });

  test('a missing, unreadable or foreign reference is named', async () => {
    putDecathlon(folder, names);
    const dataset = await openDataset(folder);
    const [c] = dataset.cases;
    await expect(loadCase({ ...c, label: null }, labelSpaceOf(dataset))).rejects.toThrow(DatasetError);
    put(folder, 'labelsTr/c1.nii.gz', labelBytes({ size: [6, 5, 5], affine }));
    await expect(loadCase(c, labelSpaceOf(dataset))).rejects.toThrow(GeometryError);
    await expect(loadCase(c, labelSpaceOf(dataset))).rejects.toThrow(
      /labelsTr.c1\.nii\.gz: the image has 6 x 5 x 4 voxels/,
    );
    put(folder, 'labelsTr/c1.nii.gz', 'not an image');
    await expect(loadCase(c, labelSpaceOf(dataset))).rejects.toThrow(/labelsTr.c1/);
  });
});

const shared = new URL('../../../shared/data/', import.meta.url).pathname;
describe.skipIf(!existsSync(shared))('the data sets beside the repository', () => {
  test.each([
    ['hippocampus-mr', 'decathlon', [96, 32, 32]],
    ['head-neck-ct', 'decathlon', [32, 20, 12]],
    ['heart-cine-mr', 'nnunet', [32, 20, 12]],
    ['abdomen-mr', 'decathlon', [11, 5, 4]],
  ])('%s opens and has nothing wrong in its headers', async (name, layout, sizes) => {
    const dataset = await openDataset(join(shared, name));
    expect(dataset).toMatchObject({ name, layout, splitSource: 'dataset.json' });
    expect(splitParts.map((part) => casesOf(dataset, part).length)).toEqual(sizes);
    const [findings] = await checkDatasets([dataset], { voxels: 'none' });
    expect(findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
  });
});

test('several channels are not handled', async () => {
  putNnunet(folder, names, { channel_names: { 0: 'T1', 1: 'T2' } });
  await expect(openDataset(folder)).rejects.toThrow(UnsupportedError);
});
