/** What `dataset.json` says of structures: what is accepted, what contradicts itself, and what a model makes of another's numbers. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDatasets } from '../../src/datasets/check.node.js';
import { casesOf } from '../../src/datasets/dataset.js';
import { parseDatasetJson } from '../../src/datasets/dataset-json.js';
import { loadCase } from '../../src/datasets/load-case.node.js';
import { openDataset } from '../../src/datasets/open-dataset.node.js';
import { annotatedStructures, labelSpaceOf, readWith, withStructures } from '../../src/datasets/structures.js';
import { DatasetError } from '../../src/errors.js';
import { labelSpaceSchema } from '../../src/labels/label-space.js';
import { UNKNOWN } from '../../src/labels/reference.js';
import { labelSource } from '../support/labels.js';
import { affine, labelBytes, put, putNnunet, size, temporaryFolder } from './folders.js';

let folder: string;
let remove: () => void;
beforeEach(() => {
  ({ path: folder, remove } = temporaryFolder());
});
afterEach(() => remove());

const json = (changes: object) =>
  JSON.stringify({ channel_names: { 0: 'MR' }, labels: { background: 0, liver: 1, tumour: 2, vessel: 3 }, ...changes });
const parse = (changes: object) => parseDatasetJson(json(changes), 'here/dataset.json');
const namesAndValues = (changes: object) =>
  labelSpaceOf(parse(changes)).structures.map(({ name, values, written }) => [name, values, written]);

const tumour = { background: 0, 'whole tumour': [1, 2, 3], core: [2, 3], enhancing: 3 };

describe('structures', () => {
  it('are the named labels, those of "structures", or together the target', () => {
    expect(namesAndValues({})).toEqual([
      ['liver', [1], 1],
      ['tumour', [2], 2],
      ['vessel', [3], 3],
    ]);
    expect(namesAndValues({ target: [1, 2] })).toEqual([['liver + tumour', [1, 2], 1]]);
    expect(namesAndValues({ structures: { vessel: 3, 'whole liver': [1, 2] } })).toEqual([
      ['vessel', [3], 3],
      ['whole liver', [1, 2], 1],
    ]);
    // Of a data set of one label every value above 0 is meant.
    expect(namesAndValues({ labels: { 1: 'liver' } })).toEqual([['liver', null, 1]]);
  });

  it('are alike in both dictionaries', () => {
    expect(namesAndValues({ labels: { 0: 'background', 1: 'liver', 2: 'tumour', 3: 'vessel' } })).toEqual(
      namesAndValues({}),
    );
  });

  it("are nnU-Net's regions, painted in the order of regions_class_order", () => {
    const space = labelSpaceOf(parse({ labels: tumour, regions_class_order: [1, 2, 3] }));
    expect(labelSpaceSchema.parse(space)).toEqual(space);
    expect(space.overlapping).toBe(true);
    expect(space.structures.map(({ name, values, written }) => [name, values, written])).toEqual([
      ['whole tumour', [1, 2, 3], 1],
      ['core', [2, 3], 2],
      ['enhancing', [3], 3],
    ]);
  });

  it('may be chosen anew: each label, or all together', () => {
    const dataset = parse({ target: [1, 2] });
    const each = withStructures(dataset, { structures: 'each' });
    expect(labelSpaceOf(each).structures.map(({ name }) => name)).toEqual(['liver', 'tumour', 'vessel']);
    const joined = withStructures(parse({}), { structures: 'target' });
    expect(labelSpaceOf(joined).structures.map(({ values }) => values)).toEqual([[1, 2, 3]]);
    expect(labelSpaceOf(withStructures(dataset, {}))).toEqual(labelSpaceOf(dataset));
  });

  it.each([
    ['target and structures', { target: 1, structures: { liver: 1 } }, /"target" and "structures" are both there/],
    ['a value of two structures', { structures: { a: [1, 2], b: 2 } }, /label 2 is of two structures, "a" and "b"/],
    ['an unknown value', { structures: { a: 9 } }, /structure "a" 9 is not a foreground label/],
    ['background as structure', { structures: { a: 0 } }, /structure "a" 0 is not a foreground label/],
    ['no structure', { structures: {} }, /"structures" is empty/],
    ['regions without an order', { labels: tumour }, /"regions_class_order", a list of 3 values.*found none/],
    ['too short an order', { labels: tumour, regions_class_order: [1, 2] }, /found 2 values/],
    ['a foreign order', { labels: tumour, regions_class_order: [1, 1, 3] }, /writes region "core" as 1/],
    ['an order without regions', { regions_class_order: [1, 2, 3] }, /no label is a region/],
    ['an ignored target', { labels: { liver: 1, ignore: 2 }, target: 2 }, /target 2 is not.*the "ignore" label/],
    ['ignore that is a label', { labels: { liver: 1, tumour: 2, ignore: 2 } }, /label 2 is both "ignore" and tumour/],
    ['ignored background', { labels: { liver: 1, ignore: 0 } }, /the "ignore" label/],
  ])('are refused where they contradict themselves: %s', (_, changes, message) => {
    expect(() => parse(changes)).toThrow(DatasetError);
    expect(() => parse(changes)).toThrow(message);
  });
});

describe('annotations', () => {
  const space = labelSpaceOf(labelSource({ labels: { 1: 'liver', 2: 'tumour', 3: 'vessel' } }));

  it('name structures or their labels; what is not named is not shown', () => {
    expect(annotatedStructures(space, { annotated: null })).toBeNull();
    expect(annotatedStructures(space, { annotated: ['liver', 'vessel'] })).toEqual([true, false, true]);
    expect(annotatedStructures(space, { annotated: ['vessel', 'tumour', 'liver'] })).toBeNull();
    const joined = labelSpaceOf(labelSource({ labels: { 1: 'liver', 2: 'tumour' }, target: [1, 2] }));
    expect(annotatedStructures(joined, { annotated: ['liver'] })).toEqual([false]);
  });

  it('reach the cases, as absent structures do where these count as unlabelled; voxels to ignore are unknown', async () => {
    putNnunet(folder, ['a', 'b', 'c', 'd'], {
      labels: { background: 0, liver: 1, tumour: 2, vessel: 3, ignore: 4 },
      annotated: { b: ['liver'] },
    });
    put(folder, 'labelsTr/a.nii.gz', labelBytes({ size, affine }, [0, 1, 2, 4]));
    const dataset = await openDataset(folder);
    const read = async (index: number, of = dataset) => loadCase(of.cases[index], labelSpaceOf(of));
    expect((await read(0)).annotated).toBeNull();
    expect([...(await read(0)).reference.data.subarray(0, 4)]).toEqual([0, 1, 2, UNKNOWN]);
    expect((await read(1)).annotated).toEqual([true, false, false]);
    const unlabelled = withStructures(dataset, { absent: 'unlabelled' });
    expect((await read(0, unlabelled)).annotated).toEqual([true, true, false]);
    // What is said goes before what is seen.
    expect((await read(1, unlabelled)).annotated).toEqual([true, false, false]);
  });

  it('that name what is not there are found, and what to write where a structure is missing', async () => {
    putNnunet(folder, ['a', 'b', 'c', 'd'], {
      labels: { background: 0, liver: 1, tumour: 2, vessel: 3 },
      annotated: { a_0000: ['liver'], b: ['spleen'], c: [] },
    });
    put(folder, 'labelsTr/d.nii.gz', labelBytes({ size, affine }, [0, 1, 2, 3]));
    const dataset = await openDataset(folder);
    expect(casesOf(dataset, 'train').length).toBeGreaterThan(0);
    const findings = (await checkDatasets([dataset], { voxels: 'all', processes: 1 })).flat();
    const told = (kind: string) => findings.filter((one) => one.kind === kind);
    expect(told('unknown-case-in-annotated')[0].message).toContain('it probably means a');
    expect(told('unknown-structure-in-annotated')[0].message).toContain('"spleen"');
    expect(told('nothing-annotated').map((one) => one.case)).toEqual(['c']);
    const [absent] = told('label-absent');
    expect(absent.severity).toBe('warning');
    expect(absent.message).toMatch(/structure vessel has no voxel in 1 of 2 cases: a\./);
    expect(absent.advice).toContain('"annotated": {"a": ["liver","tumour"]}');
  });
});

describe('a model on a data set that numbers its labels otherwise', () => {
  const learnt = labelSpaceOf(labelSource({ labels: { 1: 'liver', 2: 'tumour' } }));

  it('goes by their names, and by its own numbers where there are none of these names', () => {
    const renumbered = labelSource({ labels: { 1: 'tumour', 5: 'liver' }, ignore: 9 });
    expect(readWith(learnt, renumbered).structures.map(({ values }) => values)).toEqual([[5], [1]]);
    expect(readWith(learnt, renumbered).ignore).toBe(9);
    const foreign = labelSource({ labels: { 1: 'Leber', 2: 'Tumor' } });
    expect(readWith(learnt, foreign).structures.map(({ values }) => values)).toEqual([[1], [2]]);
  });

  it('is held against the target, or all labels together, where it does not say what it learnt', () => {
    const old = labelSpaceOf(labelSource({ labels: { 1: 'liver' } }));
    const all = labelSource({ labels: { 1: 'liver', 2: 'tumour' } });
    expect(readWith(old, all).structures.map(({ values }) => values)).toEqual([[1, 2]]);
    expect(readWith(old, { ...all, target: [2] }).structures.map(({ values }) => values)).toEqual([[2]]);
  });
});
