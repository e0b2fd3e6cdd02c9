import { describe, expect, it } from 'vitest';
import { UNKNOWN } from '../../src/labels/reference.js';
import type { Architecture } from '../../src/networks/architecture.js';
import { type Batch, makeBatch } from '../../src/training/batch.js';
import { ballCase, ballTasks } from '../support/balls.js';
import { digest } from '../support/digest.js';
import { oneStructure, regions, threeStructures } from '../support/labels.js';

const architecture: Architecture = { kind: 'unet', dimensions: 3, channels: [4, 8] };
const settings = { seed: 1, architecture, dropout: 0.25, augment: true };
const tasks = ballTasks.map((task, i) => ({
  name: task.name,
  labels: oneStructure,
  patch: i === 1 ? ([8, 10, 12] as const) : ([12, 12, 12] as const),
  cases: [0, 1, 2].map((index) => ballCase(task, index)),
}));
const digests = ({ feeds }: Batch) =>
  Object.fromEntries(Object.entries(feeds).map(([name, { data }]) => [name, digest(data)]));

describe('makeBatch', () => {
  it('is a pure function of seed and step: the same bytes whenever it is made', () => {
    const once = [0, 1, 2].map((step) => digests(makeBatch(tasks, [0, 1, 2], step, settings)));
    const again = [2, 0, 1].map((step) => digests(makeBatch(tasks, [0, 1, 2], step, settings)));
    expect(again).toEqual([once[2], once[0], once[1]]);
    expect(new Set(once.map((one) => one['image/12x12x12'])).size).toBe(3);
    expect(digests(makeBatch(tasks, [0, 1, 2], 0, { ...settings, seed: 2 }))).not.toEqual(once[0]);
  });

  it('has the shapes of its buckets, labels of 0 and 1, and the task of every patch', () => {
    const { buckets, tasks: found, feeds } = makeBatch(tasks, [0, 1, 2], 5, settings);
    expect(buckets).toEqual([
      { name: '12x12x12', batch: 2, space: [12, 12, 12] },
      { name: '8x10x12', batch: 1, space: [12, 10, 8] },
    ]);
    expect(found).toEqual([[0, 2], [1]]);
    for (const { name, batch, space } of buckets) {
      for (const kind of ['image', 'label']) {
        const { shape, data } = feeds[`${kind}/${name}`];
        expect(shape).toEqual([batch, 1, ...space]);
        expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
        expect(data.every(Number.isFinite)).toBe(true);
      }
      expect([...new Set(feeds[`label/${name}`].data)].sort()).toEqual([0, 1]);
    }
  });

  it('drops channels with the probability asked for and keeps their expectation', () => {
    const values: number[] = [];
    for (let step = 0; step < 200; step++) {
      const { feeds } = makeBatch(tasks, [1], step, settings);
      const { shape, data } = feeds['dropout/8x10x12/encoder1'];
      expect(shape).toEqual([1, 8, 1, 1, 1]);
      values.push(...data);
    }
    const kept = values.filter((value) => value !== 0);
    expect(new Set(kept)).toEqual(new Set([Math.fround(4 / 3)]));
    // Four standard errors of a share of 1,600.
    expect(Math.abs(kept.length / values.length - 0.75)).toBeLessThan(4 * Math.sqrt((0.75 * 0.25) / values.length));
    expect(Object.keys(makeBatch(tasks, [1], 0, { ...settings, dropout: 0 }).feeds).length).toBe(2);
  });

  it('tells which structures a patch has and shows, which overlap, and where nothing is known', () => {
    const [ball] = ballTasks;
    const one = ballCase(ball, 0);
    const labels = one.labels.map((value, i) => (i % 7 === 0 ? UNKNOWN : value));
    const several = [
      { ...tasks[0], labels: threeStructures, cases: [{ ...one, annotated: [true, false, true] }] },
      { ...tasks[0], name: 'regions', labels: regions, cases: [{ ...one, labels }] },
      { ...tasks[0], name: 'single', cases: [one] },
    ];
    const wide = { ...settings, dropout: 0, architecture: { ...architecture, heads: 3 } };
    const { feeds } = makeBatch(several, [0, 1, 2], 0, wide);
    const of = (name: string) => feeds[`${name}/12x12x12`];
    expect(of('label').shape).toEqual([3, 3, 12, 12, 12]);
    expect([...of('present').data]).toEqual([1, 1, 1, 1, 1, 1, 1, 0, 0]);
    expect([...of('annotated').data]).toEqual([1, 0, 1, 1, 1, 1, 1, 0, 0]);
    expect([...of('overlapping').data]).toEqual([0, 1, 0]);
    const { shape, data } = of('known');
    expect(shape).toEqual([3, 1, 12, 12, 12]);
    const share = (i: number) => data.subarray(i * 1728, (i + 1) * 1728).reduce((a, b) => a + b, 0) / 1728;
    expect([share(0), share(2)]).toEqual([1, 1]);
    expect(share(1)).toBeGreaterThan(0.5);
    expect(share(1)).toBeLessThan(1);
    // What no task of a run asks for is not fed.
    const plain = makeBatch(several.slice(0, 1), [0], 0, wide).feeds;
    expect(Object.keys(plain).sort()).toEqual(
      ['annotated', 'image', 'label', 'present'].map((name) => `${name}/12x12x12`),
    );
  });
});
