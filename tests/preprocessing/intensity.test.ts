import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalisation } from '../../src/preprocessing/intensity.js';
import { percentilesAbove } from '../../src/preprocessing/percentiles.js';
import type { IntensityPlan } from '../../src/preprocessing/plan.js';
import { antiAliasKernel, gaussianKernel } from '../../src/preprocessing/smooth.js';
import { composeKernels, linearKernel, makeKernel } from '../../src/volume/kernel.js';
import { filterVolume, mapKernels, resampleLinear } from '../../src/volume/resample.js';

const golden = JSON.parse(readFileSync(new URL('./golden.json', import.meta.url), 'utf8'));
const zScore: IntensityPlan = { kind: 'z-score', lowerPercentile: 0.5, upperPercentile: 99.5 };

/** A normalised copy. */
function normalise(data: Float32Array, plan: IntensityPlan, offset: number): Float32Array {
  const values = data.slice();
  normalisation(data, plan, offset).apply(values);
  return values;
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[], tolerance: number) {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(actual[i] - expected[i])).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(expected[i])));
}

describe('percentilesAbove', () => {
  const { values, wanted, all, aboveZero } = golden.percentiles;

  test('equals numpy.percentile', () => {
    expectClose(percentilesAbove(Float32Array.from(values), -Infinity, wanted), all, 1e-12);
    expectClose(percentilesAbove(Float32Array.from(values), 0, wanted), aboveZero, 1e-12);
  });

  test('order statistics are exact for any floats', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }),
        fc.nat(),
        (list, k) => {
          const rank = k % list.length;
          const sorted = [...list].sort((a, b) => a - b);
          const percentile = list.length === 1 ? 0 : (100 * rank) / (list.length - 1);
          const [found] = percentilesAbove(Float32Array.from(list), -Infinity, [percentile]);
          const [below, above] = [sorted[Math.max(0, rank - 1)], sorted[Math.min(list.length - 1, rank + 1)]];
          expect(found >= below && found <= above).toBe(true);
          expect(Math.abs(found - sorted[rank])).toBeLessThanOrEqual(1e-9 * (above - below));
        },
      ),
    );
  });

  test('nothing above the bound gives NaN', () => {
    expect(percentilesAbove(Float32Array.of(1, 1), 1, [50])).toEqual([Number.NaN]);
  });

  test('reads a view that starts in the middle of a buffer', () => {
    expect(percentilesAbove(Float32Array.of(9, 9, 1, 2, 3).subarray(2), -Infinity, [50])).toEqual([2]);
  });
});

describe('normalise', () => {
  test('z-score as numpy computes it', () => {
    expectClose(normalise(Float32Array.from(golden.zScore.values), zScore, 0), golden.zScore.normalised, 1e-5);
  });

  test('a crop and a zero-filled scan come out alike', () => {
    const body = Float32Array.from({ length: 500 }, (_, i) => 100 + ((i * 37) % 101));
    const crop = normalise(Float32Array.of(0, ...body), zScore, 0);
    const filled = normalise(Float32Array.of(...new Float32Array(2000), ...body), zScore, 0);
    expect([...filled.subarray(2000)]).toEqual([...crop.subarray(1)]);
  });

  test('gain and offset of the stored values leave no trace', () => {
    const values = Float32Array.from({ length: 400 }, (_, i) => (i * 131) % 397);
    const scaled = values.map((v) => 3 * v + 1000);
    expectClose(normalise(scaled, zScore, 0), [...normalise(values, zScore, 0)], 1e-5);
    expect([...normalise(values, zScore, -1024)]).toEqual([...normalise(values, zScore, 0)]);
  });

  test('NaN and infinities become the smallest finite value', () => {
    const values = Float32Array.from({ length: 100 }, (_, i) => i);
    values.set([Number.NaN, Infinity, -Infinity], 40);
    const result = normalise(values, zScore, 0);
    for (const i of [40, 41, 42]) expect(result[i]).toBe(result[0]);
    expect(result.every(Number.isFinite)).toBe(true);
    expect(values[40]).toBeNaN();
  });

  test.each([
    ['constant', [5, 5, 5, 5], [0, 0, 0, 0]],
    ['all NaN', [Number.NaN, Number.NaN], [0, 0]],
    ['binary', [0, 0, 1, 1], [-1, -1, 1, 1]],
  ])('%s images do not divide by zero', (_, values, expected) => {
    expect([...normalise(Float32Array.from(values), zScore, 0)]).toEqual(expected);
  });

  test('a window clips in Hounsfield units and scales', () => {
    const window: IntensityPlan = { kind: 'window', lower: -200, upper: 300, mean: 50, sd: 125 };
    const stored = Float32Array.of(0, 824, 1074, 1324, 4095, Number.NaN);
    expect([...normalise(stored, window, -1024)]).toEqual([-2, -2, 0, 2, 2, -2]);
  });
});

describe('antiAliasKernel', () => {
  const { from, to, values, smooth } = golden.smoothing;

  test("its low-pass equals scipy's Gaussian along axes that shrink", () => {
    const kernels = mapKernels(from, to, (n, m) => (m < n ? gaussianKernel(n, (n / m - 1) / 2) : linearKernel(n, n)));
    expectClose(filterVolume(Float32Array.from(values), kernels), smooth, 1e-6);
  });

  test('does in one pass what low-pass and interpolation do one after the other', () => {
    const inTwo = resampleLinear(Float32Array.from(smooth), from, to);
    expectClose(filterVolume(Float32Array.from(values), mapKernels(from, to, antiAliasKernel)), [...inTwo], 2e-6);
  });

  test('interpolates, and no more, along axes that keep or gain resolution or hardly lose any', () => {
    for (const to of [4, 7, 8]) expect(antiAliasKernel(4, to)).toEqual(linearKernel(4, to));
    expect(antiAliasKernel(4, 4).identity).toBe(true);
    expect(antiAliasKernel(100, 80)).toEqual(linearKernel(100, 80));
  });

  test('kernels compose as matrices do', () => {
    const taps = (rows: [number, number[]][]) => rows.map(([first, weights]) => ({ first, weights }));
    const [a, b] = [
      makeKernel(
        3,
        taps([
          [0, [1, 2]],
          [1, [3, 4]],
        ]),
      ),
      makeKernel(
        2,
        taps([
          [0, [5, 6]],
          [0, [7]],
          [1, [8]],
        ]),
      ),
    ];
    const [x, y] = [Float32Array.of(1, 10, 100), linearKernel(1, 1)];
    const apply = (data: Float32Array, kernel: typeof a) => filterVolume(data, [kernel, y, y]);
    expect([...apply(x, composeKernels(a, b))]).toEqual([...apply(apply(x, a), b)]);
    expect([...apply(x, a)]).toEqual([21, 430]);
  });
});
