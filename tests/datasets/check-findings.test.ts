/** Faults that cost users a training run: what the check says of each, and that it leaves sound sets alone. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkDatasets } from '../../src/datasets/check.node.js';
import type { Finding } from '../../src/datasets/finding.js';
import { openDataset } from '../../src/datasets/open-dataset.node.js';
import { createHeader } from '../../src/formats/nifti/nifti.js';
import { encodeFloat, encodeMask } from '../../src/formats/nifti/write.js';
import { createRandom } from '../../src/math/random.js';
import { count, type Vec3 } from '../../src/math/vector.js';
import { affine, imageBytes, labelBytes, put, putDecathlon, putNnunet, size, temporaryFolder } from './folders.js';

const names = ['c1', 'c2', 'c3', 'c4', 'c5'];
const split = { train: ['c1', 'c2', 'c3'], calibration: ['c4'], test: ['c5'] };
let folder: string;
let remove: () => void;
beforeEach(() => ({ path: folder, remove } = temporaryFolder()));
afterEach(() => remove());

const check = async (): Promise<Finding[]> => (await checkDatasets([await openDataset(folder)], { voxels: 'all' }))[0];
const brief = ({ severity, kind, case: name }: Finding) => [severity, kind, name];
const image = (values: (i: number) => number, grid: { size: Vec3; affine: number[] } = { size, affine }) =>
  encodeFloat(
    Float32Array.from({ length: count(grid.size) }, (_, i) => values(i)),
    createHeader(grid),
  );

describe('what dataset.json says to no effect', () => {
  test('keys of "group" that name no case, with the case that was meant', async () => {
    const group = { c1_0000: 'p', 'c2_0000.nii.gz': 'p', C3: 'q', c4: 'q', c5: 'q', nobody: 'r' };
    putNnunet(folder, names, { split, group });
    const findings = (await check()).filter(({ kind }) => kind === 'unknown-case-in-group');
    expect(findings.map(brief)).toEqual(
      ['c1_0000', 'c2_0000.nii.gz', 'C3', 'nobody'].map((name) => ['error', 'unknown-case-in-group', name]),
    );
    expect(findings.map(({ message }) => /means (\w+)/.exec(message)?.[1])).toEqual(['c1', 'c2', 'c3', undefined]);
  });

  test('keys of "group" that name images without labels are no fault', async () => {
    put(folder, 'imagesTs/t1_0000.nii.gz', imageBytes(70));
    const group = { ...Object.fromEntries(names.map((name) => [name, name])), t1: 'c1', t2: 'c2' };
    putDecathlon(folder, names, { split, group, test: ['./imagesTs/t2.nii.gz'], numTest: 2 });
    expect((await check()).map(brief)).toEqual([
      ['note', 'count-mismatch', null],
      ['note', 'unlabelled-images', null],
    ]);
  });

  test('keys that are misspelt: an error where they would have had an effect', async () => {
    putDecathlon(folder, names, {
      split,
      groups: { c1: 'p', c4: 'p' },
      Targets: [1],
      intensity_offset: 'none',
      tags: 1,
    });
    const findings = await check();
    expect(findings.map(brief)).toEqual([
      ['error', 'misspelt-key', null],
      ['error', 'misspelt-key', null],
      ['warning', 'misspelt-key', null],
      ['note', 'ignored-key', null],
    ]);
    expect(findings.map(({ message }) => message)).toEqual([
      'the key "groups" takes no effect; "group" would.',
      'the key "Targets" takes no effect; "target" would.',
      'the key "intensity_offset" takes no effect; "intensityOffset" would.',
      'the key "tags" takes no effect.',
    ]);
  });

  test('keys of the other layout, parts of the split that are none, an offset for MR, a wrong number of cases', async () => {
    putDecathlon(folder, names, {
      ...{ split: { ...split, validation: ['c2'] }, file_ending: '.nii.gz', intensityOffset: -1024, numTraining: 6 },
    });
    const findings = await check();
    expect(findings.map(brief)).toEqual([
      ['note', 'ignored-key', null],
      ['warning', 'ignored-key', null],
      ['note', 'ignored-key', null],
      ['warning', 'count-mismatch', null],
    ]);
    expect(findings[0].message).toContain('"file_ending"');
    expect(findings[1].message).toContain('"validation"');
    expect(findings[2].message).toContain('the modality is "MRI"');
    expect(findings[3].message).toBe('"numTraining" is 6, but there are 5 cases.');
  });

  test('keys that are given twice, and text in UTF-16', async () => {
    putDecathlon(folder, names, { split });
    const text = JSON.stringify({
      ...{ modality: { 0: 'MRI' }, labels: { 0: 'background', 1: 'liver', 2: 'tumour' }, split },
      training: names.map((n) => ({ image: `imagesTr/${n}.nii.gz`, label: `labelsTr/${n}.nii.gz` })),
    });
    put(
      folder,
      'dataset.json',
      Buffer.from(`\uFEFF${text.replace('"split"', '"labels":{"1":"liver"},"split"')}`, 'utf16le'),
    );
    const [first] = await check();
    expect([first.kind, first.message]).toEqual([
      'repeated-key',
      expect.stringContaining('"labels" is there twice (line 1)'),
    ]);
  });

  test('a comma too many is told with its line', async () => {
    put(folder, 'dataset.json', '{\n"labels": {"0": "background",\n}}');
    await expect(openDataset(folder)).rejects.toThrow(/not valid JSON \(line 3: a comma before the closing }\)/);
  });
});

describe('names', () => {
  test('nnU-Net v1: the list has no channel number, the files have', async () => {
    putDecathlon(folder, names, { split });
    for (const name of names)
      renameSync(join(folder, `imagesTr/${name}.nii.gz`), join(folder, `imagesTr/${name}_0000.nii.gz`));
    expect((await openDataset(folder)).cases.map(({ name }) => name)).toEqual(names);
    expect((await check()).map(brief)).toEqual([['note', 'name-without-channel', null]]);
  });

  test('files that are not named as dataset.json means say what they are named', async () => {
    putNnunet(folder, names, { file_ending: '.nrrd' });
    await expect(openDataset(folder)).rejects.toThrow(
      /found 5 \.nii\.gz files, none of which ends in _0000\.nrrd .*Set "file_ending" to "\.nii\.gz"\./,
    );
    putNnunet(folder, names);
    for (const name of names)
      renameSync(join(folder, `imagesTr/${name}_0000.nii.gz`), join(folder, `imagesTr/${name}.nii.gz`));
    await expect(openDataset(folder)).rejects.toThrow(
      /found 5 \.nii\.gz files, none of which ends in _0000\.nii\.gz .*Rename images to CASE_0000\.nii\.gz/,
    );
  });

  test('a missing file under nearly its name, and names that some file systems take for one', async () => {
    putDecathlon(folder, [...names, 'C2'], { split: { ...split, test: ['c5', 'C2'] } });
    renameSync(join(folder, 'imagesTr/c1.nii.gz'), join(folder, 'imagesTr/c1.nii'));
    const findings = await check();
    expect(findings.slice(0, 1).map(brief)).toEqual([['warning', 'case-name-alike', 'C2']]);
    expect(findings.find(({ kind }) => kind === 'missing-image')?.advice).toContain('c1.nii:');
  });
});

describe('geometry', () => {
  const advice = async () => (await check()).find(({ kind }) => kind.endsWith('-mismatch'))?.advice ?? '';

  test('one shape under another affine: a header is wrong, and resampling would move the label', async () => {
    putDecathlon(folder, names, { split });
    put(folder, 'labelsTr/c1.nii.gz', labelBytes({ size, affine: affine.map((v, i) => (i === 3 ? v + 23 : v)) }));
    expect(await advice()).toMatch(/copy the image's geometry into the reference \(resampling would move it\)/);
  });

  test('the same place along other axes: reorient, and do not copy the header', async () => {
    putDecathlon(folder, names, { split });
    const flipped = affine.map((v, i) => (i === 0 ? -v : i === 3 ? v + 2 * -(size[0] - 1) : v));
    put(folder, 'labelsTr/c1.nii.gz', labelBytes({ size, affine: flipped }));
    expect(await advice()).toMatch(/^Reorient the reference from RPS to LPS/);
  });

  test('another shape', async () => {
    putDecathlon(folder, names, { split });
    put(folder, 'labelsTr/c1.nii.gz', labelBytes({ size: [6, 5, 3], affine }));
    expect(await advice()).toMatch(/^Resample the reference onto the image's grid, to the nearest voxel/);
  });
});

describe('one thing under two names', () => {
  const noise = (seed: number, grid?: { size: Vec3; affine: number[] }, act = (v: number) => v) => {
    const random = createRandom('noise', seed);
    const values = Array.from({ length: 120 }, () => 300 + 100 * random.normal());
    return image((i) => act(values[i]), grid);
  };

  test.each([
    ['a constant is added', (v: number) => v + 1024],
    ['a constant is taken off', (v: number) => v - 0.1],
  ])('a scan that is there twice, where %s', async (_, act) => {
    putDecathlon(folder, names, { split });
    put(folder, 'imagesTr/c1.nii.gz', noise(1));
    put(folder, 'imagesTr/c5.nii.gz', noise(1, undefined, act));
    const found = (await check()).filter(({ kind }) => kind === 'duplicate-image');
    expect(found.map(brief)).toEqual([['error', 'duplicate-image', 'c5']]);
    if (act(0) === 1024) expect(found[0].message).toContain('of case c1, 1024 higher, and the two are in different');
  });

  test('a scan that is there twice, along other axes', async () => {
    putDecathlon(folder, names, { split });
    const [nx, ny, nz] = size;
    const values = Float32Array.from({ length: 120 }, (_, i) => (i * 37) % 101);
    const grid = { size, affine: [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1] };
    put(folder, 'imagesTr/c1.nii.gz', encodeFloat(values, createHeader(grid)));
    put(folder, 'labelsTr/c1.nii.gz', labelBytes(grid));
    // Stored as z, x, y, the z axis downwards.
    const turned = new Float32Array(120);
    for (let z = 0; z < nz; z++)
      for (let y = 0; y < ny; y++)
        for (let x = 0; x < nx; x++) turned[nz - 1 - z + nz * (x + nx * y)] = values[x + nx * (y + ny * z)];
    const other = { size: [nz, nx, ny] as Vec3, affine: [0, 2, 0, 0, 0, 0, 2, 0, -3, 0, 0, 9, 0, 0, 0, 1] };
    put(folder, 'imagesTr/c2.nii.gz', encodeFloat(turned, createHeader(other)));
    put(folder, 'labelsTr/c2.nii.gz', labelBytes(other, undefined, 1));
    const found = (await check()).filter(({ kind }) => kind === 'duplicate-image');
    expect(found.map(({ message }) => message)).toEqual([
      'the voxels are those of case c1, stored along other axes (IRA, not RAS), which is of another group.'.replace(
        'IRA',
        'IRA',
      ),
    ]);
  });

  test('scans that differ in one voxel in a hundred are two', async () => {
    putDecathlon(folder, names, { split });
    put(folder, 'imagesTr/c1.nii.gz', noise(1));
    let i = 0;
    put(
      folder,
      'imagesTr/c5.nii.gz',
      noise(1, undefined, (v) => (i++ === 60 ? v + 50 : v)),
    );
    expect((await check()).filter(({ kind }) => kind === 'duplicate-image')).toEqual([]);
  });

  test('one label under several names; small ones and those of one group may be alike', async () => {
    putDecathlon(folder, names, { split });
    for (const name of ['c2', 'c4']) put(folder, `labelsTr/${name}.nii.gz`, labelBytes());
    const copied = await check();
    expect(copied.map(brief)).toEqual([['warning', 'same-label', null]]);
    expect(copied[0].message).toBe(
      'the labels of 3 cases are alike voxel by voxel, while their images differ: c1, c2, c4.',
    );
    putDecathlon(folder, names, { split, group: Object.fromEntries(names.map((name) => [name, 'p'])) });
    put(folder, 'labelsTr/c2.nii.gz', labelBytes());
    expect((await check()).filter(({ kind }) => kind === 'same-label').map(brief)).toEqual([
      ['note', 'same-label', null],
    ]);
    putDecathlon(folder, names, { split });
    const small = encodeMask(
      Uint8Array.from({ length: 120 }, (_, i) => (i === 50 ? 1 : 0)),
      createHeader({ size, affine }),
    );
    for (const name of ['c1', 'c2', 'c3']) put(folder, `labelsTr/${name}.nii.gz`, small);
    const findings = await check();
    const [same] = findings.filter(({ kind }) => kind === 'same-label');
    expect([same.severity, same.advice]).toEqual([
      'note',
      expect.stringContaining('1 voxel, which may be alike by chance'),
    ]);
    expect(findings.map(brief)).toContainEqual(['warning', 'little-foreground', null]);
  });

  test('a label where the image should be', async () => {
    putDecathlon(folder, names, { split });
    put(folder, 'imagesTr/c1.nii.gz', labelBytes());
    put(folder, 'imagesTr/c2.nii.gz', labelBytes(undefined, [0, 0, 1, 2]));
    expect((await check()).filter(({ kind }) => kind === 'image-is-label').map(brief)).toEqual([
      ['error', 'image-is-label', 'c1'],
      ['warning', 'image-is-label', 'c2'],
    ]);
  });
});

describe('too little to learn from', () => {
  test('no foreground to calibrate with is an error, none to test with a warning', async () => {
    putDecathlon(folder, names, { split });
    for (const name of ['c4', 'c5']) put(folder, `labelsTr/${name}.nii.gz`, labelBytes(undefined, [0]));
    expect(
      (await check())
        .filter(({ kind }) => kind === 'no-foreground')
        .map(({ severity, message }) => [severity, message]),
    ).toEqual([
      ['error', 'none of 1 calibration cases has foreground.'],
      ['warning', 'none of 1 test cases has foreground.'],
    ]);
  });

  test('labels that are foreground throughout, labels that were interpolated', async () => {
    putDecathlon(folder, names, { split });
    put(folder, 'labelsTr/c1.nii.gz', labelBytes(undefined, [1]));
    put(
      folder,
      'labelsTr/c2.nii.gz',
      image((i) => ((i + 1) % 3) * 0.9999),
    );
    put(
      folder,
      'labelsTr/c3.nii.gz',
      image((i) => (i % 3) * 0.99),
    );
    const findings = await check();
    expect(findings.map(brief).slice(0, 2)).toEqual([
      ['warning', 'no-background', 'c1'],
      ['error', 'unknown-label-value', 'c3'],
    ]);
    expect(findings[1].advice).toContain('interpolation');
  });
});

describe('CT without its rescale intercept', () => {
  const grid: { size: Vec3; affine: number[] } = {
    size: [16, 16, 8],
    affine: [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1],
  };
  /** A body in air, in Hounsfield units. */
  const ct = (seed: number, act: (hu: number, i: number) => number) => {
    const random = createRandom('ct', seed);
    return image((i) => {
      const isBody = Math.hypot((i % 16) - 8, (Math.floor(i / 16) % 16) - 8) < 5 + (seed % 3);
      return act(isBody ? 40 + 30 * random.normal() : -1000 + 10 * random.normal(), i);
    }, grid);
  };
  const many = Array.from({ length: 9 }, (_, i) => `c${i + 1}`);
  const found = async (act: (name: string) => (hu: number, i: number) => number, changes: object = {}) => {
    putNnunet(folder, many, changes);
    for (const [i, name] of many.entries()) {
      put(folder, `imagesTr/${name}_0000.nii.gz`, ct(i, act(name)));
      put(folder, `labelsTr/${name}.nii.gz`, labelBytes(grid, undefined, i));
    }
    return (await check()).filter(
      ({ kind }) => kind.endsWith('intensity-offsets') || kind.endsWith('intensity-offset'),
    );
  };
  const raw = (hu: number) => Math.max(0, hu + 1024);
  const asItIs = (hu: number) => hu;

  test('in some images is an error that names them', async () => {
    const findings = await found((name) => (name === 'c2' || name === 'c7' ? raw : asItIs));
    expect(findings.map(brief)).toEqual([['error', 'mixed-intensity-offsets', null]]);
    expect(findings[0].message).toMatch(/two groups about 10\d\d apart.* in 2 of 9 images \(c2, c7\)/);
    expect(findings[0].advice).toContain('exported without their rescale intercept');
  });

  test('in most, the others are named', async () => {
    const [finding] = await found((name) => (name === 'c2' ? asItIs : raw));
    expect([finding.severity, finding.message]).toEqual(['error', expect.stringContaining('in 1 of 9 images (c2)')]);
    expect(finding.advice).toContain('alone have a rescale intercept');
  });

  test('in all is only worth a note, and none where the offset is given', async () => {
    expect((await found(() => raw)).map(brief)).toEqual([['note', 'doubtful-intensity-offset', null]]);
    expect(await found(() => raw, { intensityOffset: -1024 })).toEqual([]);
    expect((await found(() => asItIs, { intensityOffset: -1024 })).map(brief)).toEqual([
      ['warning', 'doubtful-intensity-offset', null],
    ]);
  });

  test('is not suspected where scanners pad, where images were cropped to the body, or where contrast was given', async () => {
    const padded = (hu: number, i: number) => (i % 16 < 2 ? -3024 : hu);
    const inside = (hu: number) => Math.max(hu, -60);
    const contrast = (hu: number, i: number) => (hu > 0 && i % 5 === 0 ? hu + 300 : hu);
    const kinds = [asItIs, padded, inside, contrast];
    expect(await found((name) => kinds[Number(name.slice(1)) % kinds.length])).toEqual([]);
  });
});
