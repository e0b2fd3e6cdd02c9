import { describe, expect, it } from 'vitest';
import { ModelFormatError } from '../../src/errors.js';
import { createRandom } from '../../src/math/random.js';
import { detectorNames } from '../../src/ood/detectors.js';
import { oodSchema, packOod, unpackOod } from '../../src/ood/pack.js';
import { fitOod } from '../../src/ood/state.js';
import { judge } from '../../src/ood/verdict.js';
import { someLayers, syntheticFeatures, syntheticState, under } from './synthetic.js';

const names = ['near', 'far'];
const random = createRandom('pack');
const make = (centre: number) => syntheticFeatures(random, someLayers, centre);
const state = fitOod({
  layers: someLayers,
  tasks: names.map((name, task) => ({
    name,
    bank: Array.from({ length: 6 + task }, () => make(task)),
    calibration: Array.from({ length: 9 + task }, (_, i) =>
      // Some images are run under their own plan alone.
      under(make(task), i % 3 === 0 ? [name] : names),
    ),
  })),
});
const { json, arrays } = packOod(state);

describe('packOod and unpackOod', () => {
  it('keep every verdict, bit for bit, through JSON and float32', () => {
    const again = unpackOod(
      JSON.parse(JSON.stringify(json)),
      Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, new Float32Array(array.slice().buffer)])),
    );
    for (let i = 0; i < 20; i++) {
      const image = under(make(i % 3), i % 4 ? names : ['near']);
      for (const detector of detectorNames)
        expect(judge(again, image, { alpha: 0.1, detector })).toEqual(judge(state, image, { alpha: 0.1, detector }));
    }
    expect(packOod(again)).toEqual({ json, arrays });
  });

  it('lay arrays out as documented', () => {
    expect(oodSchema.parse(json)).toEqual(json);
    expect(json.tasks).toEqual([
      { name: 'near', bank: 6, calibration: 9 },
      { name: 'far', bank: 7, calibration: 10 },
    ]);
    expect(Object.fromEntries(Object.entries(arrays).map(([name, { length }]) => [name, length]))).toEqual({
      bank: 13 * 8,
      bankHistograms: 13 * 64,
      'calibrationDistances.soft-maximum': 19 * 2 * 2,
      'calibrationDistances.paper-signature': 19 * 2,
      'calibrationDistances.intensity-histogram': 19 * 2,
      'calibrationDistances.entropy': 19 * 2,
    });
    // First calibration image of the first task: run under its own plan alone.
    expect([...arrays['calibrationDistances.soft-maximum'].slice(2, 4)]).toEqual([Infinity, Infinity]);
  });

  it('read a file that holds fewer detectors', () => {
    const fewer = unpackOod({ ...json, detectors: ['soft-maximum'] }, arrays);
    expect(() => judge(fewer, {}, { alpha: 0.1, detector: 'entropy' })).toThrow(/no detector 'entropy'/);
  });

  const damaged = (name: string, index: number, value: number) => {
    const copy = arrays[name].slice();
    copy[index] = value;
    return { ...arrays, [name]: copy };
  };
  const distances = 'calibrationDistances.soft-maximum';
  const { bank: _, ...withoutBank } = arrays;
  it.each<[string, unknown, Record<string, Float32Array>, RegExp]>([
    ['no JSON', undefined, arrays, /JSON/],
    ['an unknown key', { ...json, extra: 1 }, arrays, /JSON/],
    ['an unknown detector', { ...json, detector: 'magic' }, arrays, /detector/],
    ['a default that is not there', { ...json, detectors: ['entropy'] }, arrays, /do not agree/],
    ['a detector twice', { ...json, detectors: ['soft-maximum', 'soft-maximum'] }, arrays, /do not agree/],
    ['no layer', { ...json, layers: [] }, arrays, /layers/],
    ['absurd channels', { ...json, layers: [{ name: 'x', channels: 1e9 }] }, arrays, /layers\.0\.channels/],
    ['a negative count', { ...json, tasks: [{ name: 'x', bank: -1, calibration: 0 }] }, arrays, /tasks\.0\.bank/],
    [
      'a count too many',
      { ...json, tasks: [json.tasks[0], { ...json.tasks[1], bank: 8 }] },
      arrays,
      /'bank': expected 112/,
    ],
    [
      'too large a count',
      { ...json, tasks: [{ name: 'x', bank: 1e6, calibration: 0 }] },
      arrays,
      /'bank': expected 8000000/,
    ],
    [
      'a bank of one',
      {
        ...json,
        tasks: [
          { name: 'a', bank: 1, calibration: 9 },
          { name: 'b', bank: 12, calibration: 10 },
        ],
      },
      arrays,
      /at least 2/,
    ],
    ['one name twice', { ...json, tasks: [json.tasks[0], { ...json.tasks[1], name: 'near' }] }, arrays, /same name/],
    ['a missing array', json, withoutBank, /'bank'.*found none/],
    ['a short array', json, { ...arrays, bank: arrays.bank.slice(1) }, /'bank': expected 104 values, found 103/],
    ['a NaN in the bank', json, damaged('bank', 5, Number.NaN), /'bank': unexpected value NaN at index 5/],
    ['an infinite bank', json, damaged('bank', 0, Infinity), /Infinity/],
    ['a negative histogram', json, damaged('bankHistograms', 7, -1), /-1 at index 7/],
    ['a NaN distance', json, damaged(distances, 1, Number.NaN), /NaN at index 1/],
  ])('refuse %s', (_, badJson, badArrays, message) => {
    expect(() => unpackOod(badJson, badArrays)).toThrow(ModelFormatError);
    expect(() => unpackOod(badJson, badArrays)).toThrow(message);
  });
});

describe('speed', () => {
  it('fits four banks of 100 within 100 ms and judges an image within 2 ms a task, allowing for a busy machine', () => {
    const layers = [16, 32, 64, 128, 64, 32, 16].map((channels, i) => ({ name: `l${i}`, channels }));
    const large = syntheticState(createRandom('speed'), [20, 20, 20, 20], 100, layers);
    const packed = packOod(large);
    const best = (times: number, work: () => void) => {
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i < times; i++) {
        const start = performance.now();
        work();
        least = Math.min(least, performance.now() - start);
      }
      return least;
    };
    const loading = best(5, () => unpackOod(packed.json, packed.arrays));
    const image = under(syntheticFeatures(createRandom('one'), layers, 0), ['task0', 'task1', 'task2', 'task3']);
    const judging = best(10, () => judge(large, image, { alpha: 0.05 }));
    if (process.env.CANDOR_TIMES) console.log({ loading, judging });
    expect(loading).toBeLessThan(400);
    expect(judging).toBeLessThan(40);
  });
});
