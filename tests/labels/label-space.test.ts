import { describe, expect, it } from 'vitest';
import { labelSpaceOf, withStructures } from '../../src/datasets/structures.js';
import {
  foregroundNames,
  joinedStructure,
  labelClasses,
  labelSpaceSchema,
  logitCount,
  writtenNames,
} from '../../src/labels/label-space.js';
import {
  foregroundProbability,
  maskOfLogits,
  maskOfProbabilities,
  probabilitiesInPlace,
} from '../../src/labels/probability.js';
import {
  fillPlanes,
  foregroundMask,
  referenceOf,
  structureMask,
  UNKNOWN,
  writtenMask,
} from '../../src/labels/reference.js';
import { createRandom } from '../../src/math/random.js';
import { labelSource, oneStructure, regions, threeStructures } from '../support/labels.js';

const random = createRandom('label space');
const logitsOf = (heads: number, voxels: number) =>
  Float32Array.from({ length: heads * voxels }, () => 3 * random.normal());

describe('a label space', () => {
  it('comes from dataset.json: the target, else every label above 0, as one structure', () => {
    const labels = { 0: 'background', 1: 'ventricle', 2: 'myocardium', 5: 'scar' };
    const of = labelSource({ labels });
    const all = labelSpaceOf(withStructures(of, { structures: 'target' }));
    expect(foregroundNames(all)).toEqual(['ventricle', 'myocardium', 'scar']);
    expect([...referenceOf(all, Float32Array.of(0, 1, 2, 5, 0.9999, 7, -1))]).toEqual([0, 1, 1, 1, 1, 0, 0]);
    const some = labelSpaceOf({ ...of, target: [1, 5] });
    expect(writtenNames(some)).toEqual({ 1: 'ventricle + scar' });
    expect([...referenceOf(some, Float32Array.of(0, 1, 2, 5))]).toEqual([0, 1, 0, 1]);
    expect([all, some].map(logitCount)).toEqual([1, 1]);
  });

  it.each([oneStructure, threeStructures, regions])('travels as JSON', (space) => {
    expect(labelSpaceSchema.parse(JSON.parse(JSON.stringify(space)))).toEqual(space);
  });

  it('is refused where it contradicts itself', () => {
    const [shell, core] = threeStructures.structures;
    const bad = [
      { ...threeStructures, structures: [] },
      { ...threeStructures, structures: [shell, { ...core, values: [1] }] },
      { ...threeStructures, structures: [shell, { ...core, values: null }] },
      { ...regions, structures: [{ ...regions.structures[0], written: 9 }] },
    ];
    for (const space of bad) expect(labelSpaceSchema.safeParse(space).success).toBe(false);
  });
});

describe('references and masks', () => {
  it('number the structures, and are written with the label values again', () => {
    const reference = referenceOf(threeStructures, Float32Array.of(0, 1, 4, 2, 3, 9));
    expect([...reference]).toEqual([0, 1, 2, 3, 3, 0]);
    expect([...structureMask(threeStructures, reference, 2)]).toEqual([0, 0, 0, 1, 1, 0]);
    expect([...foregroundMask(threeStructures, reference)]).toEqual([0, 1, 1, 1, 1, 0]);
    expect([...writtenMask(threeStructures, reference)]).toEqual([0, 1, 4, 2, 2, 0]);
  });

  it('let a voxel be of several regions, and leave out what is ignored', () => {
    expect(labelClasses(regions).map(({ structures }) => structures)).toEqual([[0], [0, 1], [0, 1, 2]]);
    const reference = referenceOf(regions, Float32Array.of(0, 1, 2, 3, 4));
    expect([...reference]).toEqual([0, 1, 2, 3, UNKNOWN]);
    const masks = [0, 1, 2].map((s) => [...structureMask(regions, reference, s)]);
    expect(masks).toEqual([
      [0, 1, 1, 1, 0],
      [0, 0, 1, 1, 0],
      [0, 0, 0, 1, 0],
    ]);
    expect([...foregroundMask(regions, reference)]).toEqual([0, 1, 1, 1, 0]);
    const planes = new Float32Array(15);
    fillPlanes(regions, Float32Array.from(reference), planes);
    expect([...planes]).toEqual(masks.flat());
  });

  it('of one structure are what they were', () => {
    const map = Uint8Array.of(0, 1, 1);
    expect(structureMask(oneStructure, map, 0)).toBe(map);
    expect(foregroundMask(oneStructure, map)).toBe(map);
    expect(writtenMask(oneStructure, map)).toBe(map);
  });
});

describe('probabilities', () => {
  it('of several structures are a softmax with the background at 0, a scale acting where it should', () => {
    const voxels = 50;
    const logits = logitsOf(3, voxels);
    const region = Uint8Array.from({ length: voxels }, (_, i) => i % 2);
    const found = probabilitiesInPlace(threeStructures, logits.slice(), 0.5, region);
    for (let i = 0; i < voxels; i++) {
      const z = [0, 1, 2].map((s) => (region[i] === 1 ? 0.5 : 1) * logits[s * voxels + i]);
      const sum = 1 + z.reduce((total, value) => total + Math.exp(value), 0);
      for (const s of [0, 1, 2]) expect(found[s * voxels + i]).toBeCloseTo(Math.exp(z[s]) / sum, 6);
    }
    const extreme = probabilitiesInPlace(threeStructures, Float32Array.of(1000, -1000, 999), 1);
    expect(extreme[0]).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
    expect(extreme[1]).toBe(0);
  });

  it.each([
    ['one', oneStructure],
    ['three', threeStructures],
    ['overlapping', regions],
  ])('give the mask of the logits, %s', (_, space) => {
    const logits = logitsOf(logitCount(space), 400);
    const mask = maskOfLogits(space, logits);
    expect(maskOfProbabilities(space, probabilitiesInPlace(space, logits.slice(), 1))).toEqual(mask);
    expect(new Set(mask).size).toBe(labelClasses(space).length + 1);
  });

  it('paint overlapping structures in order, and join them to one foreground', () => {
    // Voxels: none, whole, whole and core, all, enhancing alone.
    const probability = Float32Array.of(...[0.1, 0.9, 0.9, 0.9, 0.2], ...[0, 0, 0.6, 0.6, 0.3], ...[0, 0, 0, 0.8, 0.7]);
    expect([...maskOfProbabilities(regions, probability)]).toEqual([0, 1, 2, 3, 3]);
    expect([...foregroundProbability(regions, probability)]).toEqual([...Float32Array.of(0.1, 0.9, 0.9, 0.9, 0.7)]);
    const exclusive = Float32Array.of(...[0.1, 0.3], ...[0.2, 0.3], ...[0.05, 0.3]);
    expect([...maskOfProbabilities(threeStructures, exclusive)]).toEqual([0, 1]);
    const joined = foregroundProbability(threeStructures, exclusive);
    expect(joined[0]).toBeCloseTo(0.35, 6);
    expect(joined[1]).toBeCloseTo(0.9, 6);
    expect(foregroundProbability(joinedStructure(['a'], [1]), exclusive)).toBe(exclusive);
  });
});
