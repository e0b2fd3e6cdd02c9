import { describe, expect, it } from 'vitest';
import { dilate } from '../../src/calibration/dilate.js';
import { estimatedDice } from '../../src/calibration/estimated-dice.js';
import { evaluationRegion } from '../../src/calibration/region.js';
import { GeometryError, UsageError } from '../../src/errors.js';
import { createRandom } from '../../src/math/random.js';
import { count, type Vec3 } from '../../src/math/vector.js';
import { dice } from '../../src/metrics/overlap.js';
import { oneStructure } from '../support/labels.js';
import golden from './golden.json' with { type: 'json' };
import { unpackBits } from './unpack.js';

describe('dilation', () => {
  it.each(golden.dilations)('agrees with scipy for size $size and radius $radius', (expected) => {
    const size = expected.size as unknown as Vec3;
    const mask = unpackBits(expected.mask, count(size));
    expect(dilate(mask, size, expected.radius)).toEqual(unpackBits(expected.dilated, count(size)));
  });

  it('by nothing is the mask itself, of an empty mask empty', () => {
    expect(dilate(Uint8Array.of(0, 3, 0), [3, 1, 1], 0)).toEqual(Uint8Array.of(0, 1, 0));
    expect(dilate(new Uint8Array(3), [3, 1, 1], 2)).toEqual(new Uint8Array(3));
  });

  it.each<Vec3>([
    [31, 5, 4],
    [32, 5, 4],
    [33, 4, 5],
    [70, 3, 3],
    [1, 40, 2],
  ])('takes all voxels within its radius, in rows of any length (%i x %i x %i)', (...size) => {
    const [nx, ny] = size;
    const at = (i: number): Vec3 => [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
    const random = createRandom(9, String(size));
    const values = Float32Array.from({ length: count(size) }, () => (random.chance(0.02) ? 0.1 : -1));
    values[0] = values[nx - 1] = Number.NaN;
    const seeds = [...values.keys()].filter((i) => values[i] > 0).map(at);
    for (const radius of [1, 3, 40]) {
      const expected = values.map((_, i) => {
        const voxel = at(i);
        const steps = seeds.map((seed) => seed.reduce((sum, v, axis) => sum + Math.abs(v - voxel[axis]), 0));
        return Math.min(...steps) <= radius ? 1 : 0;
      });
      expect(dilate(values, size, radius)).toEqual(Uint8Array.from(expected));
    }
  });

  it('refuses a size that does not match and an impossible radius', () => {
    expect(() => dilate(new Uint8Array(3), [2, 1, 1], 1)).toThrow(GeometryError);
    expect(() => dilate(new Uint8Array(3), [3, 1, 1], 1.5)).toThrow(UsageError);
    expect(() => dilate(new Uint8Array(3), [3, 1, 1], 300)).toThrow(UsageError);
  });
});

describe('evaluation region', () => {
  it('holds what lies within 3 steps of either mask', () => {
    const size: Vec3 = [20, 1, 1];
    const prediction = new Uint8Array(20);
    const reference = new Uint8Array(20);
    prediction[4] = 1;
    reference[15] = 2;
    const inside = [...evaluationRegion(prediction, reference, size).entries()].filter(([, v]) => v).map(([i]) => i);
    expect(inside).toEqual([1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 16, 17, 18]);
    expect(() => evaluationRegion(prediction, new Uint8Array(3), size)).toThrow(GeometryError);
  });
});

describe('estimated Dice', () => {
  const size: Vec3 = [30, 30, 30];

  it('is 1 where the mask is certain, and null where it is empty', () => {
    const mask = new Uint8Array(27_000).fill(1, 5000, 9000);
    expect(estimatedDice(oneStructure, Float32Array.from(mask), mask, size)).toBe(1);
    expect(estimatedDice(oneStructure, new Float32Array(27_000).fill(0.4), new Uint8Array(27_000), size)).toBeNull();
  });

  it('meets the true Dice of references drawn from honest probabilities', () => {
    const random = createRandom(6);
    const probability = Float32Array.from({ length: 27_000 }, (_, i) => {
      const radius = Math.hypot((i % 30) - 15, (Math.floor(i / 30) % 30) - 15, Math.floor(i / 900) - 15);
      return 1 / (1 + Math.exp((radius - 8) * 1.5));
    });
    const mask = Uint8Array.from(probability, (p) => (p > 0.5 ? 1 : 0));
    const reference = Uint8Array.from(probability, (p) => (random.chance(p) ? 1 : 0));
    expect(Math.abs(estimatedDice(oneStructure, probability, mask, size)! - dice(mask, reference))).toBeLessThan(0.02);
  });

  it('is not moved by small probabilities far away', () => {
    const mask = new Uint8Array(27_000);
    mask[15 + 30 * (15 + 30 * 15)] = 1;
    const clean = Float32Array.from(mask, (m) => m * 0.9);
    const tail = clean.map((p, i) => (i < 900 ? 0.05 : p));
    expect(estimatedDice(oneStructure, tail, mask, size)).toBe(estimatedDice(oneStructure, clean, mask, size));
    expect(estimatedDice(oneStructure, clean, mask, size)).toBeCloseTo((2 * 0.9) / 1.9, 6);
  });

  it('refuses probabilities on another grid', () => {
    expect(() => estimatedDice(oneStructure, new Float32Array(5), new Uint8Array(27_000), size)).toThrow(GeometryError);
  });
});
