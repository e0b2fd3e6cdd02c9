import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { createRandom } from '../../src/math/random.js';
import { plugInScores, pooledPValue, taskPValue } from '../../src/ood/conformal.js';
import { detectorNames } from '../../src/ood/detectors.js';
import type { Features, FeaturesByTask } from '../../src/ood/features.js';
import { logSpectrum } from '../../src/ood/signature.js';
import { detectorOf, fitOod, measure } from '../../src/ood/state.js';
import { judge } from '../../src/ood/verdict.js';
import golden from './golden.json' with { type: 'json' };
import { someLayers, syntheticFeatures, syntheticState, under } from './synthetic.js';

interface Raw {
  spectra: number[][];
  histogram: number[];
  entropy: number;
}

const features = (raw: Raw): Features => ({
  spectra: raw.spectra.map((s) => Float64Array.from(s)),
  histogram: Float64Array.from(raw.histogram),
  entropy: raw.entropy,
});
const byTask = (raw: Record<string, Raw | null>): FeaturesByTask =>
  Object.fromEntries(Object.entries(raw).map(([task, run]) => [task, run && features(run)]));

describe('detectors against numpy', () => {
  const { layers, banks, calibration, new: images, expected } = golden.detectors;
  const state = fitOod({
    layers: layers.map((channels, i) => ({ name: `layer${i}`, channels })),
    tasks: (['a', 'b'] as const).map((name) => ({
      name,
      bank: banks[name].map(features),
      calibration: calibration[name].map(byTask),
    })),
  });

  it.each(detectorNames)('%s: distances, scores and p-values', (name) => {
    const fitted = detectorOf(state, name);
    const close = (found: number, value: number | null): void => {
      if (value === null) expect(found).toBe(Infinity);
      else expect(Math.abs(found - value)).toBeLessThan(1e-5);
    };
    for (const [i, image] of images.entries()) {
      const golden = expected[name][i];
      const distances = measure(state, fitted, byTask(image));
      const scores = plugInScores(fitted.detector, fitted.calibration, distances);
      for (const [task, row] of golden.distances.entries()) {
        expect(distances[task].length).toBe(row.length);
        for (const [c, value] of row.entries()) close(distances[task][c], value);
        close(scores[task], golden.scores[task]);
        close(taskPValue(fitted.detector, fitted.calibration, task, distances), golden.taskP[task]);
      }
      close(pooledPValue(fitted.detector, fitted.calibration, distances), golden.pooledP);
    }
  });
});

describe('detectors', () => {
  it('give the bank of an image the nearest task, by each detector that has a bank', () => {
    const state = syntheticState(createRandom('nearest'), [12, 12, 12]);
    const random = createRandom('nearest, new');
    for (const detector of ['soft-maximum', 'paper-signature', 'intensity-histogram'] as const) {
      let right = 0;
      for (let i = 0; i < 30; i++) {
        const image = under(syntheticFeatures(random, someLayers, i % 3), ['task0', 'task1', 'task2']);
        if (judge(state, image, { alpha: 0.2, detector }).ood.nearestTask === `task${i % 3}`) right++;
      }
      expect(right).toBeGreaterThan(20);
    }
  });

  it('find dead and overflowed layers strange, without NaN', () => {
    const random = createRandom('dead');
    const state = syntheticState(random, [30]);
    const image = syntheticFeatures(random, someLayers, 0);
    const withLayer = (spectrum: Float64Array) => under({ ...image, spectra: [image.spectra[0], spectrum] }, ['task0']);
    const dead = judge(state, withLayer(logSpectrum(new Float64Array(25), 100)), { alpha: 0.05 });
    expect(dead.verdict).toBe('out-of-distribution');
    expect(dead.ood.score).toBeGreaterThan(judge(state, under(image, ['task0']), { alpha: 0.05 }).ood.score!);
    const overflowed = withLayer(logSpectrum(new Float64Array(25).fill(Number.NaN), 100));
    for (const detector of ['soft-maximum', 'paper-signature'] as const) {
      const { verdict, ood } = judge(state, overflowed, { alpha: 0.05, detector });
      expect({ verdict, score: ood.score, p: ood.pValue }).toEqual({
        verdict: 'out-of-distribution',
        score: null,
        p: 1 / 31,
      });
    }
    const noEntropy = judge(state, under({ ...image, entropy: Number.NaN }, ['task0']), {
      alpha: 0.05,
      detector: 'entropy',
    });
    expect(noEntropy.verdict).toBe('out-of-distribution');
  });

  it('fit banks and calibration sets whose images are all alike', () => {
    const image = syntheticFeatures(createRandom('alike'), someLayers, 0);
    const state = fitOod({
      layers: someLayers,
      tasks: [{ name: 't', bank: [image, image], calibration: Array.from({ length: 20 }, () => under(image, ['t'])) }],
    });
    expect(judge(state, under(image, ['t']), { alpha: 0.05 }).ood.pValue).toBe(1);
    const other = syntheticFeatures(createRandom('other'), someLayers, 0, 5);
    expect(judge(state, under(other, ['t']), { alpha: 0.05 }).verdict).toBe('out-of-distribution');
  });
});

describe('fitOod refuses', () => {
  const random = createRandom('refuse');
  const make = () => syntheticFeatures(random, someLayers, 0);
  const bank = [make(), make(), make()];
  const overflowed = { ...make(), spectra: [new Float64Array(3).fill(Infinity), new Float64Array(5)] };
  const fitting = (task: Partial<Parameters<typeof fitOod>[0]['tasks'][number]>) => () =>
    fitOod({ layers: someLayers, tasks: [{ name: 't', bank, calibration: [], ...task }] });

  it.each([
    ['a bank of one', fitting({ bank: bank.slice(0, 1) }), /at least 2 bank images/],
    ['a bank image that overflowed', fitting({ bank: [...bank, overflowed] }), /bank image 4: expected finite/],
    [
      'spectra of another network',
      fitting({ bank: [{ ...make(), spectra: [new Float64Array(3)] }, ...bank] }),
      /3,5, found 3/,
    ],
    [
      'a histogram of another size',
      fitting({ bank: [{ ...make(), histogram: new Float64Array(3) }, ...bank] }),
      /64 histogram/,
    ],
    [
      'a calibration image that overflowed',
      fitting({ calibration: [{ t: make() }, { t: overflowed }] }),
      /calibration image 2/,
    ],
    ['an unknown task', fitting({ calibration: [{ t: make(), u: make() }] }), /unknown task 'u'/],
    ['no task', () => fitOod({ layers: someLayers, tasks: [] }), /no layer or no task/],
    [
      'a name twice',
      () => fitOod({ layers: someLayers, tasks: [0, 1].map(() => ({ name: 't', bank, calibration: [] })) }),
      /same name/,
    ],
    [
      'too large covariances',
      () =>
        fitOod({
          layers: [{ name: 'x', channels: 6000 }],
          tasks: [
            { name: 't', bank: [0, 1].map(() => ({ ...make(), spectra: [new Float64Array(6000)] })), calibration: [] },
          ],
        }),
      /at most 33554432 values, found 36000000/,
    ],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(UsageError);
    expect(call).toThrow(message);
  });
});
