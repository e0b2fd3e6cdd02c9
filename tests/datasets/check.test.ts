import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkDataset } from '../../src/datasets/check.node.js';
import { openDataset } from '../../src/datasets/open-dataset.node.js';
import { CancelledError } from '../../src/errors.js';
import { createHeader } from '../../src/volume/nifti.js';
import { encodeFloat } from '../../src/volume/nifti-write.js';
import { affine, imageBytes, labelBytes, put, putDecathlon, putNnunet, size, temporaryFolder } from './folders.js';

const names = ['c1', 'c2', 'c3', 'c4', 'c5'];
const split = { train: ['c1', 'c2', 'c3'], calibration: ['c4'], test: ['c5'] };
let folder: string;
let remove: () => void;
beforeEach(() => ({ path: folder, remove } = temporaryFolder()));
afterEach(() => remove());

const check = async (voxels = false) => checkDataset(await openDataset(folder), { voxels });
const moved = (mm: number) => ({ size, affine: affine.map((v, i) => (i === 3 ? v + mm : v)) });

describe('checkDataset', () => {
  test('a sound data set has no findings', async () => {
    putDecathlon(folder, names, { split });
    expect(await check(true)).toEqual([]);
  });

  test('all faults of files at once, each with its case, its file and what to do', async () => {
    putNnunet(folder, names, { split });
    rmSync(join(folder, 'labelsTr/c1.nii.gz'));
    put(folder, 'labelsTr/c2.nii.gz', labelBytes({ size: [6, 5, 3], affine }));
    put(folder, 'labelsTr/c3.nii.gz', labelBytes(moved(5)));
    put(folder, 'imagesTr/c4_0000.nii.gz', 'this is no image');
    put(folder, 'labelsTr/c5.nii.gz', labelBytes(moved(0.2)));
    put(folder, 'labelsTr/c9.nii.gz', labelBytes());
    const findings = await check();
    const of = (name: string | null) => findings.filter((f) => f.case === name);
    expect(of('c1')).toMatchObject([{ severity: 'error', message: expect.stringContaining('no reference; add it') }]);
    expect(of('c2')).toMatchObject([
      { severity: 'error', message: expect.stringContaining('6 x 5 x 4 voxels, its reference 6 x 5 x 3') },
    ]);
    expect(of('c3')).toMatchObject([
      {
        severity: 'error',
        file: join(folder, 'labelsTr/c3.nii.gz'),
        message: expect.stringContaining('5.00 mm (2.5 voxels)'),
      },
    ]);
    expect(of('c4')).toMatchObject([{ severity: 'error', file: join(folder, 'imagesTr/c4_0000.nii.gz') }]);
    expect(of('c5')).toMatchObject([{ severity: 'warning' }]);
    expect(of(null)).toMatchObject([{ severity: 'warning', file: join(folder, 'labelsTr/c9.nii.gz') }]);
    expect(findings.length).toBe(6);
  });

  test('missing files that the Decathlon lists, a name listed twice, files that it does not list', async () => {
    const training = [...names, 'c2', 'gone'].map((n) => ({
      image: `imagesTr/${n}.nii.gz`,
      label: `labelsTr/${n}.nii.gz`,
    }));
    putDecathlon(folder, names, { split: { ...split, train: [...split.train, 'gone'] }, training });
    put(folder, 'imagesTr/extra.nii.gz', imageBytes(40));
    const findings = await check();
    expect(findings.map((f) => [f.severity, f.case, f.message.split(';')[0]])).toEqual([
      ['error', 'c2', 'the case is listed twice'],
      ['warning', null, 'the file belongs to no case'],
      ['error', 'gone', 'the image is missing'],
      ['error', 'gone', 'the reference is missing'],
    ]);
  });

  test('splits: shared groups, shared and unknown and repeated cases, forgotten cases, empty parts', async () => {
    putDecathlon(folder, names, {
      group: { c1: 'p', c4: 'p' },
      split: { train: ['c1', 'c2', 'c2', 'nobody'], calibration: ['c4', 'c2'], test: [] },
    });
    const messages = (await check()).map((f) => `${f.severity} ${f.case}: ${f.message}`);
    const expected = [
      /^error nobody: the split "train" names a case that does not exist/,
      /^warning c2: the case is named twice in the split "train"/,
      /^error c2: the case is in two splits, "train" and "calibration"/,
      /^warning null: the split "test" is empty/,
      /^error null: the group "p" \(c1, c4\) is in several splits \(train, calibration\)/,
      /^warning c3: the case is in no split/,
      /^warning c5: the case is in no split/,
    ];
    for (const pattern of expected) expect(messages.filter((m) => pattern.test(m))).toHaveLength(1);
    expect(messages.length).toBe(expected.length);
  });

  test('too few cases for a split', async () => {
    putDecathlon(folder, ['c1']);
    const findings = await check();
    expect(findings.map((f) => f.severity)).toEqual(['error', 'warning']);
    expect(findings[0].message).toContain('at least three groups');
  });

  test('voxels: NaN, unknown labels, empty references, constant and repeated images', async () => {
    putDecathlon(folder, names, { split });
    const data = new Float32Array(120).map((_, i) => (i < 3 ? Number.NaN : i));
    put(folder, 'imagesTr/c1.nii.gz', encodeFloat(data, createHeader({ size, affine })));
    put(folder, 'labelsTr/c2.nii.gz', labelBytes(undefined, [0, 1, 9]));
    put(folder, 'labelsTr/c3.nii.gz', labelBytes(undefined, [0]));
    put(folder, 'imagesTr/c4.nii.gz', encodeFloat(new Float32Array(120).fill(4), createHeader({ size, affine })));
    put(folder, 'imagesTr/c5.nii.gz', imageBytes(1));
    expect(await check()).toEqual([]);
    expect((await check(true)).map((f) => [f.severity, f.case, f.message.split(/[;,]/)[0]])).toEqual([
      ['warning', 'c1', '3 voxels are NaN or infinite'],
      ['error', 'c2', 'label values 9 are not in dataset.json'],
      ['warning', 'c3', 'the reference has no foreground'],
      ['error', 'c4', 'all voxels are alike'],
      ['warning', 'c5', 'the voxels are those of case c2'],
    ]);
  });

  test('reports progress and can be cancelled', async () => {
    putDecathlon(folder, names, { split });
    const dataset = await openDataset(folder);
    const seen: number[] = [];
    await checkDataset(dataset, { onProgress: (done, total) => seen.push(done / total) });
    expect(seen).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
    await expect(checkDataset(dataset, { signal: AbortSignal.abort() })).rejects.toThrow(CancelledError);
  });
});
