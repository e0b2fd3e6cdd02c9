import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GeometryError } from '../../src/errors.js';
import { count, type Vec3 } from '../../src/math/vector.js';
import { resampleLinear } from '../../src/volume/resample.js';
import { floatsOf, golden, largestDifference } from '../formats/golden.js';

const side = fc.integer({ min: 1, max: 9 });
const sizes = fc.tuple(side, side, side);

describe('resampleLinear', () => {
  it.each(golden.resampled)('$from to $to as scipy.ndimage.map_coordinates', ({ from, to, data, values }) => {
    expect(largestDifference(resampleLinear(floatsOf(data), from, to), floatsOf(values))).toBeLessThan(1e-6);
  });

  it('keeps a linear ramp linear inside the outermost centres', () => {
    const from: Vec3 = [8, 6, 10];
    const to: Vec3 = [13, 9, 7];
    const ramp = Float32Array.from(
      { length: count(from) },
      (_, i) => (i % 8) + 10 * (Math.floor(i / 8) % 6) - 3 * Math.floor(i / 48),
    );
    const out = resampleLinear(ramp, from, to);
    const at = (axis: number, i: number) =>
      Math.min(from[axis] - 1, Math.max(0, ((i + 0.5) * from[axis]) / to[axis] - 0.5));
    const expected = Array.from(
      { length: count(to) },
      (_, i) => at(0, i % 13) + 10 * at(1, Math.floor(i / 13) % 9) - 3 * at(2, Math.floor(i / 117)),
    );
    expect(largestDifference(out, expected)).toBeLessThan(1e-4);
  });

  it('stays within the data and returns a copy for the same size', () => {
    fc.assert(
      fc.property(sizes, sizes, fc.integer(), (from, to, seed) => {
        const data = Float32Array.from({ length: count(from) }, (_, i) => Math.sin(i * 12.9 + seed));
        const out = resampleLinear(data, from, to);
        expect(out.length).toBe(count(to));
        expect(Math.max(...out)).toBeLessThanOrEqual(Math.max(...data) + 1e-6);
        expect(Math.min(...out)).toBeGreaterThanOrEqual(Math.min(...data) - 1e-6);
        const same = resampleLinear(data, from, from);
        expect(same).toEqual(data);
        expect(same).not.toBe(data);
      }),
      { numRuns: 100 },
    );
  });

  it('does not spread NaN to samples on voxel centres', () => {
    expect(Array.from(resampleLinear(Float32Array.of(1, Number.NaN, 3), [3, 1, 1], [1, 1, 1]))).toEqual([Number.NaN]);
    expect(
      Array.from(resampleLinear(Float32Array.of(5, 1, Number.NaN, 3, 2, 7, 1, 8, 4), [9, 1, 1], [3, 1, 1])),
    ).toEqual([1, 2, 8]);
  });

  it('refuses sizes that do not fit', () => {
    expect(() => resampleLinear(new Float32Array(7), [2, 2, 2], [2, 2, 2])).toThrow(GeometryError);
    expect(() => resampleLinear(new Float32Array(8), [2, 2, 2], [2, 0, 2])).toThrow(GeometryError);
    expect(() => resampleLinear(new Float32Array(8), [2, 2, 2], [2, 1.5, 2])).toThrow(GeometryError);
  });
});
