import { describe, expect, test } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { backgroundLevel } from '../../src/preprocessing/background.js';
import { normalisation } from '../../src/preprocessing/intensity.js';
import type { IntensityPlan } from '../../src/preprocessing/plan.js';

const zScore: IntensityPlan = { kind: 'z-score', lowerPercentile: 0.5, upperPercentile: 99.5 };
const window: IntensityPlan = { kind: 'window', lower: -200, upper: 300, mean: 50, sd: 125 };

/** 20,000 voxels: `share` of them a body of 200 to 500, the others zero. */
function head(share: number): Float32Array {
  const random = createRandom('head', share);
  const body = Math.round(20_000 * share);
  return Float32Array.from({ length: 20_000 }, (_, i) => (i < body ? Math.round(random.between(200, 500)) : 0));
}

const changed = (image: Float32Array, change: (value: number, i: number) => number) => image.map(change);
const minimumOf = (image: Float32Array) => image.reduce((a, b) => Math.min(a, b));
const levelOf = (image: Float32Array) => backgroundLevel(image, minimumOf(image));

/** The largest change of a normalised voxel of the body. */
function changeOfBody(before: Float32Array, after: Float32Array): number {
  const [a, b] = [before, after].map((image) => {
    const values = image.slice();
    normalisation(image, zScore, 0).apply(values);
    return values;
  });
  return before.reduce((most, value, i) => (value >= 200 ? Math.max(most, Math.abs(a[i] - b[i])) : most), 0);
}

describe.each([0.05, 0.15, 0.6])('a body of %d of the image before zeros', (share) => {
  const clean = head(share);
  const isBackground = (value: number) => value === 0;
  const random = createRandom('ringing', share);

  test('ends at the zeros', () => {
    expect(levelOf(clean)).toBe(0);
  });

  test.each<[string, (value: number, i: number) => number]>([
    ['one voxel of -1', (value, i) => (i === 19_999 ? -1 : value)],
    ['one voxel of -1e6', (value, i) => (i === 19_999 ? -1e6 : value)],
    ['one voxel of 1e6', (value, i) => (i === 19_999 ? 1e6 : value)],
    ['a rim of -8 to 8', (value, i) => (isBackground(value) && i % 4 === 0 ? random.between(-8, 8) : value)],
    [
      'ringing in whole numbers',
      (value, i) => (isBackground(value) && i % 4 === 0 ? Math.floor(3 * random.uniform()) - 1 : value),
    ],
    ['float noise all over it', (value) => (isBackground(value) ? random.between(-1e-4, 1e-4) : value)],
  ])('%s changes next to nothing', (_, change) => {
    expect(changeOfBody(clean, changed(clean, change))).toBeLessThan(0.03);
  });

  test('NaN beside one voxel below zero is background', () => {
    const holes = changed(clean, (value, i) => (i === 19_999 ? -1 : isBackground(value) && i % 3 === 0 ? NaN : value));
    expect(changeOfBody(clean, holes)).toBeLessThan(0.03);
  });
});

describe('an image without a plain background', () => {
  const random = createRandom('tissue');
  const tissue = Float32Array.from({ length: 20_000 }, () => Math.round(random.normal() * 20 + 100));

  test('keeps all voxels but its minimum', () => {
    expect(levelOf(tissue)).toBe(minimumOf(tissue));
    // Noise in air, in whole numbers, as magnitude images have it.
    const air = tissue.map((value, i) =>
      i % 2 ? value + 400 : Math.round(Math.hypot(random.normal(), random.normal()) * 9),
    );
    expect(levelOf(air)).toBe(minimumOf(air));
  });

  test('that was standardised before, so that zeros lie amid the tissue, takes them as tissue', () => {
    const standardised = tissue.map((value, i) => (i % 3 ? 0 : (value - 100) / 20));
    expect(levelOf(standardised)).toBe(minimumOf(standardised));
  });
});

describe('what lies outside the image', () => {
  const body = Float32Array.from({ length: 5000 }, (_, i) => 20 + (i % 100));

  test('is as dark as its darkest, whatever single voxels are', () => {
    const stray = body.slice();
    stray[7] = -3000;
    const [one, other] = [body, stray].map((image) => normalisation(image, window, 0).outside);
    expect(Math.abs(one - other)).toBeLessThan(0.01);
    expect(one).toBeCloseTo((20 - 50) / 125, 6);
    // Air enough is air.
    expect(
      normalisation(
        body.map((v, i) => (i % 50 ? v : -1000)),
        window,
        0,
      ).outside,
    ).toBe(-2);
  });

  test('is the background of an image that has one', () => {
    const clean = head(0.3);
    const values = clean.slice();
    const { apply, outside } = normalisation(clean, zScore, 0);
    apply(values);
    expect(outside).toBe(values.at(-1));
  });
});
