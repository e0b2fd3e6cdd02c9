/** What the calibration room says where it refuses: what was expected, and what was found. */
import { describe, expect, it } from 'vitest';
import { dilate } from '../../src/calibration/dilate.js';
import { evaluationRegion } from '../../src/calibration/region.js';
import { mergeBins, sumBins } from '../../src/calibration/reliability.js';
import { fitTemperature, logitScale } from '../../src/calibration/temperature.js';
import { sigmoid } from '../../src/labels/probability.js';
import { oneStructure } from '../support/labels.js';

const logits = Float32Array.of(1, 2);

describe('refusals name what was expected and what was found', () => {
  it('temperature', () => {
    expect(() => fitTemperature(oneStructure, [])).toThrow(/at least one case with voxels/);
    expect(() => logitScale(-2)).toThrow(/positive number, found -2/);
    const reference = new Uint8Array(2);
    expect(() => fitTemperature(oneStructure, [{ logits, reference: new Uint8Array(3) }])).toThrow(
      /logits of a structure \(2\), found 3 and none/,
    );
    const short = { logits, reference, region: new Uint8Array(1) };
    expect(() => fitTemperature(oneStructure, [short])).toThrow(/logits of a structure \(2\), found 2 and 1/);
    const infinite = { logits: Float32Array.of(0, -Infinity), reference };
    expect(() => fitTemperature(oneStructure, [infinite])).toThrow(/logit 1: expected a finite one, found -Infinity/);
    // Outside the region a logit is not looked at.
    const outside = { ...infinite, region: Uint8Array.of(1, 0) };
    expect(fitTemperature(oneStructure, [outside]).n).toBe(1);
  });

  it('reliability', () => {
    const mask = new Uint8Array(2);
    expect(() => sumBins(Float32Array.of(0, 1.5), mask)).toThrow(
      /voxel 1: expected a probability of 0 to 1, found 1.5/,
    );
    expect(() => sumBins(Float32Array.of(0, 1), new Uint8Array(1))).toThrow(/as probabilities \(2\), found 1 and none/);
    for (const bins of [0, -1, 1.5, 10_001]) {
      expect(() => sumBins(Float32Array.of(0, 1), mask, { bins })).toThrow(
        new RegExp(`1 to 10000 bins, found ${bins}`),
      );
    }
    expect(sumBins(Float32Array.of(0, 1), mask, { bins: 10_000 }).count).toHaveLength(10_000);
    expect(sumBins(Float32Array.of(0.3), mask.slice(1), { bins: 1 }).count).toEqual([1]);
    const three = sumBins(Float32Array.of(0, 1), mask, { bins: 3 });
    const four = sumBins(Float32Array.of(0, 1), mask, { bins: 4 });
    expect(() => mergeBins([three, four])).toThrow(/equal numbers of bins to pool, found 3,4/);
  });

  it('regions', () => {
    expect(() => dilate(new Uint8Array(3), [2, 2, 1], 1)).toThrow(/expected 4 voxels for 2,2,1, found 3/);
    for (const radius of [-1, 1.5, 255]) {
      expect(() => dilate(new Uint8Array(1), [1, 1, 1], radius)).toThrow(
        new RegExp(`0 to 254 voxels, found ${radius}`),
      );
    }
    expect([...dilate(Uint8Array.of(1, 0), [2, 1, 1], 254)]).toEqual([1, 1]);
    expect(() => evaluationRegion(new Uint8Array(2), new Uint8Array(3), [2, 1, 1])).toThrow(
      /of the reference \(3\), found 2/,
    );
  });
});

describe('edges', () => {
  it('a confidence of one half belongs to background, right where the voxel is', () => {
    const half = sumBins(Float32Array.of(0.5, 0.5), Uint8Array.of(0, 1), { view: 'confidence', bins: 2 });
    expect(half).toMatchObject({ count: [0, 2], foreground: [0, 1], probability: [0, 1] });
  });

  it('the likelihood is clipped at both ends, the squared error is not', () => {
    const right = sumBins(Float32Array.of(1), Uint8Array.of(1));
    expect(right.nll).toBeCloseTo(1e-7, 12);
    expect(right.squaredError).toBe(0);
    expect(sumBins(Float32Array.of(0.25), Uint8Array.of(1)).squaredError).toBe(0.5625);
  });

  it('a logit of exactly zero is background, the smallest above is foreground', () => {
    expect(sigmoid(0)).toBe(0.5);
    expect(sigmoid(-1e-30)).toBeLessThanOrEqual(0.5);
    expect(sigmoid(1e-30)).toBe(0.5 + 2 ** -24);
    expect(Math.fround(sigmoid(1e-30))).toBeGreaterThan(0.5);
  });

  it('a fit weighs cases alike and states the likelihood of the temperature it gives', () => {
    const one = { logits: Float32Array.of(2, -1, 1), reference: Uint8Array.of(1, 0, 0) };
    const two = { logits: Float32Array.of(3), reference: Uint8Array.of(0) };
    const fit = fitTemperature(oneStructure, [one, two]);
    const nll = (t: number) => {
      const of = ({ logits: z, reference }: typeof one) =>
        [...z].reduce((sum, v, i) => sum + Math.log1p(Math.exp(reference[i] ? -v / t : v / t)), 0) / z.length;
      return (of(one) + of(two)) / 2;
    };
    expect(fit.n).toBe(2);
    expect(fit.nllBefore).toBeCloseTo(nll(1), 12);
    expect(fit.nllAfter).toBeCloseTo(nll(fit.temperature), 12);
    for (const t of [fit.temperature * 0.99, fit.temperature * 1.01])
      if (t < 20) expect(nll(t)).toBeGreaterThan(fit.nllAfter);
  });
});
