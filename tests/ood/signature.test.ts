import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { createRandom } from '../../src/math/random.js';
import { intensityHistogram } from '../../src/ood/features.js';
import { addGram, createGramSum, logSpectrum, paperSignature } from '../../src/ood/signature.js';
import golden from './golden.json' with { type: 'json' };

/** F'F of rows of features. */
function gramOf(rows: readonly (readonly number[])[]): Float64Array {
  const channels = rows[0].length;
  const gram = new Float64Array(channels * channels);
  for (const row of rows)
    for (let i = 0; i < channels; i++) for (let j = 0; j < channels; j++) gram[i * channels + j] += row[i] * row[j];
  return gram;
}

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(Math.abs(found[i] - expected[i])).toBeLessThan(tolerance);
}

describe('logSpectrum', () => {
  it.each(golden.spectra.map((g, i) => ({ ...g, i })))('equals numpy singular values (case $i)', (g) => {
    const spectrum = logSpectrum(gramOf(g.features), g.features.length);
    expectClose(spectrum, g.logSpectrum, 1e-5);
    expectClose(paperSignature(spectrum), g.signature, 1e-5);
  });

  it('does not depend on the order of voxels, nor on how they are split into windows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 2, max: 40 }),
        fc.nat(),
        (channels, voxels, seed) => {
          const random = createRandom(seed);
          const rows = Array.from({ length: voxels }, () => Array.from({ length: channels }, () => random.normal()));
          const whole = logSpectrum(gramOf(rows), voxels);
          expectClose(logSpectrum(gramOf(random.shuffle(rows)), voxels), whole, 1e-5);

          const cut = 1 + random.integer(voxels - 1);
          const sum = createGramSum(channels);
          addGram(sum, gramOf(rows.slice(0, cut)), cut);
          addGram(sum, gramOf(rows.slice(cut)), voxels - cut);
          expect(sum.voxels).toBe(voxels);
          expectClose(logSpectrum(sum.gram, sum.voxels), whole, 1e-5);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('adds several blocks of one window, in float32 as the network gives them', () => {
    const sum = createGramSum(2);
    addGram(sum, Float32Array.of(1, 2, 2, 5, 3, 0, 0, 4), 10);
    expect([...sum.gram]).toEqual([4, 2, 2, 9]);
    expect(sum.voxels).toBe(10);
    expect(() => addGram(sum, new Float32Array(6), 10)).toThrow(UsageError);
    expect(() => addGram(sum, new Float32Array(0), 10)).toThrow(UsageError);
  });

  it('is unchanged when every voxel is seen twice', () => {
    const rows = golden.spectra[1].features;
    expectClose(
      logSpectrum(gramOf([...rows, ...rows]), 2 * rows.length),
      logSpectrum(gramOf(rows), rows.length),
      1e-12,
    );
  });

  it('floors eigenvalues at 1e-6 of the largest, negative ones of rounding included', () => {
    const gram = Float64Array.of(8, 0, 0, 0, -1e-9, 0, 0, 0, 8e-3);
    expectClose(logSpectrum(gram, 2), [Math.log(2), 0.5 * Math.log(4e-3), 0.5 * Math.log(4e-6)], 1e-12);
  });

  it('gives a dead layer a finite spectrum of its own and an overflowed one an infinite', () => {
    const dead = logSpectrum(new Float64Array(9), 1000);
    expectClose(dead, new Array(3).fill(0.5 * Math.log(1e-20)), 1e-12);
    expectClose(paperSignature(dead), new Array(3).fill(-1 / Math.sqrt(3)), 1e-12);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect([...logSpectrum(Float64Array.of(1, bad, bad, 1), 5)]).toEqual([Infinity, Infinity]);
  });

  it('refuses what is no Gram matrix', () => {
    expect(() => logSpectrum(new Float64Array(6), 5)).toThrow(UsageError);
    expect(() => logSpectrum(new Float64Array(0), 5)).toThrow(UsageError);
    for (const voxels of [0, -1, Number.NaN])
      expect(() => logSpectrum(new Float64Array(4), voxels)).toThrow(UsageError);
  });
});

describe('paperSignature', () => {
  it('has length one, whatever the scale, and leaves zeros alone', () => {
    const v = paperSignature(Float64Array.of(3, 0, -4));
    expectClose(v, [0.6, 0, -0.8], 1e-15);
    const zeros = new Float64Array(2);
    expect([...paperSignature(zeros)]).toEqual([0, 0]);
    expect(paperSignature(zeros)).not.toBe(zeros);
  });
});

describe('intensityHistogram', () => {
  it('sums to one, takes outliers into the end bins and leaves NaN out', () => {
    const histogram = intensityHistogram(Float32Array.of(-100, Number.NEGATIVE_INFINITY, 0, 3.99, 1e9, Number.NaN));
    expect([histogram[0], histogram[32], histogram[63]]).toEqual([0.4, 0.2, 0.4]);
    expect(histogram.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    expect(intensityHistogram(Float32Array.of(Number.NaN)).every((v) => v === 0)).toBe(true);
  });
});

describe('refusals', () => {
  it('name what was expected and what was found', () => {
    expect(() => addGram(createGramSum(2), new Float32Array(6), 1)).toThrow(/multiple of 4 values, found 6/);
    for (const length of [0, 6])
      expect(() => logSpectrum(new Float64Array(length), 5)).toThrow(new RegExp(`C x C values, found ${length}`));
    expect(() => logSpectrum(new Float64Array(4), -1)).toThrow(/positive number of voxels, found -1/);
  });
});
