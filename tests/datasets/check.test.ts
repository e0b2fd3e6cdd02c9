import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CheckOptions, checkDatasets } from '../../src/datasets/check.node.js';
import { type Finding, findingsByKind, someOf } from '../../src/datasets/finding.js';
import { openDataset } from '../../src/datasets/open-dataset.node.js';
import { CancelledError } from '../../src/errors.js';
import { createHeader } from '../../src/formats/nifti/nifti.js';
import { encodeFloat } from '../../src/formats/nifti/write.js';
import { niftiBytes } from '../formats/memory-file.js';
import { affine, imageBytes, labelBytes, put, putDecathlon, putNnunet, size, temporaryFolder } from './folders.js';

const names = ['c1', 'c2', 'c3', 'c4', 'c5'];
const split = { train: ['c1', 'c2', 'c3'], calibration: ['c4'], test: ['c5'] };
let folder: string;
let remove: () => void;
beforeEach(() => ({ path: folder, remove } = temporaryFolder()));
afterEach(() => remove());

const check = async (voxels: CheckOptions['voxels'] = 'none'): Promise<Finding[]> =>
  (await checkDatasets([await openDataset(folder)], { voxels }))[0];
const brief = ({ severity, kind, case: name }: Finding) => [severity, kind, name];
const grid = (x: number, y = x, z = x) => ({ size, affine: [x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0, 0, 0, 0, 1] });
const moved = (mm: number) => ({ size, affine: affine.map((v, i) => (i === 3 ? v + mm : v)) });
const float = (value: (i: number) => number) =>
  encodeFloat(
    Float32Array.from({ length: 120 }, (_, i) => value(i)),
    createHeader({ size, affine }),
  );

describe('headers', () => {
  test('a sound data set has no findings, voxels included', async () => {
    putDecathlon(folder, names, { split });
    expect(await check('all')).toEqual([]);
  });

  test('all faults of files at once, each with its case, its file and what to do', async () => {
    putNnunet(folder, names, { split });
    rmSync(join(folder, 'labelsTr/c1.nii.gz'));
    put(folder, 'labelsTr/c2.nii.gz', labelBytes({ size: [6, 5, 3], affine }));
    put(folder, 'labelsTr/c3.nii.gz', labelBytes(moved(5)));
    put(folder, 'imagesTr/c4_0000.nii.gz', 'this is no image');
    put(folder, 'labelsTr/c5.nii.gz', labelBytes(moved(0.2)));
    put(folder, 'labelsTr/c9.nii.gz', labelBytes());
    put(folder, 'imagesTr/c8_0001.nii.gz', imageBytes(40));
    const findings = await check();
    expect(findings.map(brief)).toEqual([
      ['warning', 'unused-image', null],
      ['warning', 'label-without-image', null],
      ['error', 'image-without-label', 'c1'],
      ['error', 'shape-mismatch', 'c2'],
      ['error', 'affine-mismatch', 'c3'],
      ['error', 'unreadable-image', 'c4'],
      ['warning', 'affine-mismatch', 'c5'],
    ]);
    expect(findings.map(({ file }) => file?.slice(folder.length + 1))).toEqual([
      'imagesTr/c8_0001.nii.gz',
      'labelsTr/c9.nii.gz',
      'imagesTr/c1_0000.nii.gz',
      'labelsTr/c2.nii.gz',
      'labelsTr/c3.nii.gz',
      'imagesTr/c4_0000.nii.gz',
      'labelsTr/c5.nii.gz',
    ]);
    expect(findings[3].message).toContain('6 x 5 x 4 voxels, its reference 6 x 5 x 3');
    expect(findings[4].message).toContain('5.00 mm (2.5 voxels)');
    // The file is named once, by the finding.
    expect(findings[5].message).not.toContain('c4_0000');
    for (const { advice } of findings) expect(advice).toMatch(/^[A-Z].*\.$/);
  });

  test('missing files that the Decathlon lists, a name listed twice, files that it does not list', async () => {
    const training = [...names, 'c2', 'gone'].map((n) => ({
      image: `imagesTr/${n}.nii.gz`,
      label: `labelsTr/${n}.nii.gz`,
    }));
    putDecathlon(folder, names, { split: { ...split, train: [...split.train, 'gone'] }, training });
    put(folder, 'imagesTr/extra.nii.gz', imageBytes(40));
    expect((await check('all')).map(brief)).toEqual([
      ['error', 'case-name-twice', 'c2'],
      ['warning', 'unused-image', null],
      ['error', 'missing-image', 'gone'],
      ['error', 'missing-label', 'gone'],
    ]);
  });

  test('splits: shared groups, shared and unknown and repeated cases, forgotten cases, empty parts', async () => {
    putDecathlon(folder, names, {
      group: { c1: 'p', c4: 'p' },
      split: { train: ['c1', 'c2', 'c2', 'nobody'], calibration: ['c4', 'c2'], test: [] },
    });
    const findings = await check();
    expect(findings.map(brief)).toEqual([
      ['note', 'ungrouped-cases', null],
      ['warning', 'case-twice-in-split', 'c2'],
      ['error', 'unknown-case-in-split', 'nobody'],
      ['error', 'case-in-two-splits', 'c2'],
      ['warning', 'empty-split', null],
      ['error', 'group-in-two-splits', null],
      ['warning', 'case-in-no-split', 'c3'],
      ['warning', 'case-in-no-split', 'c5'],
    ]);
    expect(findings[5].message).toContain('"p" (c1, c4) is in several splits (train, calibration)');
  });

  test('too few cases for a split', async () => {
    putDecathlon(folder, ['c1']);
    const findings = await check();
    expect(findings.map(({ severity, kind }) => [severity, kind])).toEqual([
      ['error', 'too-few-cases'],
      ['error', 'empty-split'],
      ['warning', 'empty-split'],
    ]);
    expect(findings[1].advice).toContain('at least three groups');
  });

  test('spacings that no scanner has, or that the rest of the set has not', async () => {
    const more = ['c6', 'c7', 'c8'];
    putDecathlon(folder, [...names, ...more], { split: { ...split, test: ['c5', ...more] } });
    const putGrid = (name: string, at: { size: typeof size; affine: number[] }) => {
      put(folder, `imagesTr/${name}.nii.gz`, imageBytes(names.indexOf(name), at));
      put(folder, `labelsTr/${name}.nii.gz`, labelBytes(at));
    };
    putGrid('c1', grid(0.002));
    putGrid('c2', grid(9000));
    putGrid('c3', grid(2, 2, 60));
    const tilted = grid(2, 2, 3);
    tilted.affine[1] = 0.5;
    putGrid('c4', tilted);
    expect((await check()).filter(({ kind }) => kind !== 'mixed-orientations').map(brief)).toEqual([
      ['warning', 'implausible-spacing', 'c1'],
      ['warning', 'spacing-outlier', 'c1'],
      ['warning', 'implausible-spacing', 'c2'],
      ['warning', 'spacing-outlier', 'c2'],
      ['error', 'implausible-extent', 'c2'],
      ['warning', 'implausible-spacing', 'c3'],
      ['warning', 'spacing-outlier', 'c3'],
      ['warning', 'sheared-affine', 'c4'],
    ]);
    for (const name of names) putGrid(name, grid(0.9, 0.9, 30));
    expect((await check()).filter(({ kind }) => kind === 'implausible-anisotropy').map(brief)).toEqual(
      names.map((name) => ['warning', 'implausible-anisotropy', name]),
    );
  });

  test('headers that say two things, guess, or use other units', async () => {
    putDecathlon(folder, names, { split });
    const header = (file: string, change: (view: DataView) => void) => {
      const bytes = new Uint8Array(gunzipSync(file.startsWith('images') ? imageBytes(0) : labelBytes()));
      change(new DataView(bytes.buffer));
      put(folder, file, bytes);
    };
    const bothParts = (name: string, change: (view: DataView) => void) => {
      header(`imagesTr/${name}.nii.gz`, change);
      header(`labelsTr/${name}.nii.gz`, change);
    };
    // The qform turned half about z; in c2 the label's alone.
    const flip = (view: DataView) => view.setFloat32(264, 0, true);
    bothParts('c1', flip);
    header('labelsTr/c2.nii.gz', flip);
    // pixdim says 9 mm along z; no qform.
    bothParts('c3', (view) => {
      view.setInt16(252, 0, true);
      view.setFloat32(88, 9, true);
    });
    for (const name of ['c4', 'c5']) bothParts(name, (view) => view.setInt32(252, 0, true));
    const findings = (await check()).filter(({ kind }) => kind !== 'mixed-orientations');
    expect(findings.map(brief)).toEqual([
      ['warning', 'header-disagrees', 'c2'],
      ['warning', 'header-disagrees', 'c1'],
      ['warning', 'header-disagrees', 'c3'],
      ['warning', 'no-orientation', null],
    ]);
    expect(findings[0].file).toContain('labelsTr/c2');
    expect(findings[1].message).toMatch(/sform and qform disagree \(voxel axes towards LPS and \w+\)/);
    expect(findings[2].message).toMatch(/sform and pixdim disagree \(spacing 2 x 2 x 3 mm and 2 x 2 x 9 mm\)/);
    expect(findings[3].message).toContain('(2 of 5 images: c4, c5)');

    bothParts('c1', (view) => view.setUint8(123, 3));
    const units = (await check()).find(({ kind }) => kind === 'spatial-unit');
    expect(units).toMatchObject({ severity: 'note', case: 'c1' });
    expect(units?.message).toContain('0.002 x 0.002 x 0.003 mm');
  });

  test('advice on labels that lie elsewhere never moves voxels that match', async () => {
    putDecathlon(folder, names, { split });
    const bytes = new Uint8Array(gunzipSync(labelBytes()));
    new DataView(bytes.buffer).setInt32(252, 0, true);
    put(folder, 'labelsTr/c1.nii.gz', bytes);
    put(folder, 'labelsTr/c2.nii.gz', labelBytes(moved(23)));
    const [guessed, apart] = (await check()).filter(({ kind }) => kind === 'affine-mismatch');
    expect(guessed.advice).toMatch(
      /^The label's header does not say how it lies.*copy the image's geometry.*do not resample/,
    );
    expect(apart.advice).toMatch(
      /voxel by voxel.*copy the image's geometry into the reference \(resampling would move it\)/,
    );
  });

  test('affines and shapes that cannot be used', async () => {
    putDecathlon(folder, names, { split });
    const image = (change: (header: DataView) => void) => {
      // Uncompressed, so that header bytes can be set; readers go by content, not by name.
      const { bytes } = niftiBytes(createHeader({ size, affine }));
      const file = new Uint8Array(352 + 4 * 120);
      file.set(bytes);
      new DataView(file.buffer).setInt16(70, 16, true);
      new DataView(file.buffer).setFloat32(108, 352, true);
      change(new DataView(file.buffer));
      return file;
    };
    // The second row of the sform (srow_y at byte 296) becomes the first: no volume is left.
    put(
      folder,
      'imagesTr/c1.nii.gz',
      image((view) => {
        for (let i = 0; i < 16; i++) view.setUint8(296 + i, view.getUint8(280 + i));
      }),
    );
    // dim[0] = 4, dim[4] = 2
    put(
      folder,
      'imagesTr/c2.nii.gz',
      image((view) => {
        view.setInt16(40, 4, true);
        view.setInt16(48, 2, true);
      }),
    );
    const findings = await check();
    expect(findings.map(brief)).toEqual([
      ['error', 'bad-affine', 'c1'],
      ['error', 'unsupported-image', 'c2'],
    ]);
    expect(findings[1].message).toContain('expected a 3D image, found 4D');
  });
});

describe('voxels', () => {
  test('NaN, unknown labels, empty labels, constant and repeated images', async () => {
    putDecathlon(folder, names, { split });
    put(
      folder,
      'imagesTr/c1.nii.gz',
      float((i) => (i < 3 ? Number.NaN : i)),
    );
    put(folder, 'labelsTr/c2.nii.gz', labelBytes(undefined, [0, 1, 2, 9]));
    put(folder, 'labelsTr/c3.nii.gz', labelBytes(undefined, [0]));
    put(
      folder,
      'imagesTr/c4.nii.gz',
      float(() => 4),
    );
    put(folder, 'imagesTr/c5.nii.gz', imageBytes(1));
    expect(await check()).toEqual([]);
    const findings = await check('all');
    expect(findings.map(brief)).toEqual([
      ['warning', 'not-finite-voxels', 'c1'],
      ['error', 'constant-image', 'c4'],
      ['error', 'duplicate-image', 'c5'],
      ['error', 'unknown-label-value', 'c2'],
      ['warning', 'empty-foreground', 'c3'],
      ['warning', 'label-absent', null],
      ['warning', 'label-absent', null],
    ]);
    expect(findings[0].message).toMatch(/^3 voxels/);
    expect(findings[2].message).toContain('of case c2, and the two are in different splits, "test" and "train"');
    expect(findings[3].message).toContain('label values 9 are not in dataset.json, which names 0, 1, 2');
    expect(findings[5].message).toBe('structure liver has no voxel in 1 of 5 cases: c3.');
  });

  test('an image that is all NaN is constant; fractions are no labels, float noise is', async () => {
    putDecathlon(folder, names, { split });
    put(
      folder,
      'imagesTr/c1.nii.gz',
      float(() => Number.NaN),
    );
    put(
      folder,
      'labelsTr/c2.nii.gz',
      float((i) => ((i + 1) % 3) + 1e-4),
    );
    put(
      folder,
      'labelsTr/c3.nii.gz',
      float((i) => (i % 3) + (i === 7 ? 0.5 : 0)),
    );
    expect((await check('all')).map(brief)).toEqual([
      ['warning', 'not-finite-voxels', 'c1'],
      ['error', 'constant-image', 'c1'],
      ['error', 'unknown-label-value', 'c3'],
    ]);
  });

  test('duplicates are told by decoded voxels, within a split as a warning', async () => {
    putDecathlon(folder, names, { split });
    // Other bytes on disk: plain, under a gzip name.
    put(folder, 'imagesTr/c3.nii.gz', gunzipSync(imageBytes(0)));
    const findings = await check('all');
    expect(findings.map(brief)).toEqual([['warning', 'duplicate-image', 'c3']]);
    expect(findings[0].message).toBe('the voxels are those of case c1, which is of another group.');
  });

  test('the same image in two data sets', async () => {
    const [a, b] = ['a', 'b'].map((name) => join(folder, name));
    putDecathlon(a, names, { split });
    putDecathlon(b, names, { split, name: 'Spleen' });
    put(b, 'imagesTr/c1.nii.gz', imageBytes(90));
    const [first, second] = await checkDatasets([await openDataset(a), await openDataset(b)], { voxels: 'all' });
    expect(first).toEqual([]);
    expect(second.map(brief)).toEqual(['c2', 'c3', 'c4', 'c5'].map((n) => ['warning', 'duplicate-across-datasets', n]));
    expect(second[3].message).toContain('of case c5 of Liver (splits: test and test)');
  });

  test('no foreground to learn from, intensities of another scale', async () => {
    putDecathlon(folder, names, { split, target: 2 });
    for (const [i, name] of split.train.entries())
      put(folder, `labelsTr/${name}.nii.gz`, labelBytes(undefined, [0, 1], i));
    put(
      folder,
      'imagesTr/c5.nii.gz',
      float((i) => 1000 * i),
    );
    expect((await check('all')).map(brief)).toEqual([
      ['note', 'intensity-outlier', 'c5'],
      ...split.train.map((name) => ['warning', 'empty-foreground', name]),
      ['error', 'no-foreground', null],
      ['note', 'label-absent', null],
    ]);
  });

  test('files whose voxels are cut off, and only where headers are sound if so asked', async () => {
    putDecathlon(folder, names, { split });
    const whole = imageBytes(3);
    put(folder, 'imagesTr/c1.nii.gz', whole.subarray(0, whole.length - 60));
    expect(await check()).toEqual([]);
    expect((await check('if-headers-are-sound')).map(brief)).toEqual([['error', 'unreadable-image', 'c1']]);
    rmSync(join(folder, 'labelsTr/c2.nii.gz'));
    expect((await check('if-headers-are-sound')).map(brief)).toEqual([['error', 'missing-label', 'c2']]);
    expect((await check('all')).map(brief)).toEqual([
      ['error', 'missing-label', 'c2'],
      ['error', 'unreadable-image', 'c1'],
    ]);
  });

  test.each(['none', 'all'] as const)('reports progress and can be cancelled (voxels: %s)', async (voxels) => {
    putDecathlon(folder, names, { split });
    const dataset = await openDataset(folder);
    const seen: number[] = [];
    await checkDatasets([dataset], { voxels, onProgress: (done, total) => seen.push(done / total) });
    expect(seen).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
    const aborted = checkDatasets([dataset], { voxels, signal: AbortSignal.abort() });
    await expect(aborted).rejects.toThrow(CancelledError);
    const controller = new AbortController();
    const onProgress = (done: number) => done === 2 && voxels === 'all' && controller.abort();
    const stopped = checkDatasets([dataset], { voxels, signal: controller.signal, onProgress });
    if (voxels === 'all') await expect(stopped).rejects.toThrow(CancelledError);
    else await stopped;
  });
});

test('findings are grouped by severity, then kind; long lists of names are cut', () => {
  const finding = (severity: Finding['severity'], kind: Finding['kind'], name: string): Finding => ({
    ...{ severity, kind, case: name, file: null, message: 'm', advice: 'a' },
  });
  const groups = findingsByKind([
    finding('note', 'intensity-outlier', 'a'),
    finding('warning', 'affine-mismatch', 'b'),
    finding('error', 'affine-mismatch', 'c'),
    finding('warning', 'affine-mismatch', 'd'),
  ]);
  expect(groups.map(({ severity, kind, findings }) => [severity, kind, findings.map((f) => f.case)])).toEqual([
    ['error', 'affine-mismatch', ['c']],
    ['warning', 'affine-mismatch', ['b', 'd']],
    ['note', 'intensity-outlier', ['a']],
  ]);
  expect(someOf(['a', 'b', 'c'], 2)).toBe('a, b and 1 more');
  expect(someOf(['a', 'b'], 2)).toBe('a, b');
});
