import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/errors.js';
import type { Vec3 } from '../../src/math/vector.js';
import { countWindows, placeWindows } from '../../src/preprocessing/windows.js';

const triple = (low: number, high: number) =>
  fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: low, max: high }))) as fc.Arbitrary<[number, number, number]>;

describe('placeWindows', () => {
  test('one axis as nnU-Net spreads it', () => {
    const along = (size: number, patch: number) => placeWindows([size, 1, 1], [patch, 1, 1], 0.5).map((o) => o[0]);
    expect(along(100, 64)).toEqual([0, 18, 36]);
    expect(along(96, 64)).toEqual([0, 32]);
    expect(along(64, 64)).toEqual([0]);
    expect(along(160, 80)).toEqual([0, 40, 80]);
    expect(placeWindows([110, 1, 1], [50, 1, 1], 0).map((o) => o[0])).toEqual([0, 30, 60]);
  });

  test('an image smaller than the patch lies in the middle of one window', () => {
    expect(placeWindows([10, 3, 16], [16, 16, 16], 0.5)).toEqual([[-3, -7, 0]]);
  });

  test('x runs fastest', () => {
    expect(placeWindows([24, 24, 1], [16, 16, 1], 0.5)).toEqual([
      [0, 0, 0],
      [8, 0, 0],
      [0, 8, 0],
      [8, 8, 0],
    ]);
  });

  test('windows cover every voxel, stay inside or centred, and step no further than asked', () => {
    fc.assert(
      fc.property(
        triple(1, 150),
        triple(1, 48),
        fc.double({ min: 0, max: 0.9, noNaN: true }),
        (size, patch, overlap) => {
          fc.pre(countWindows(size, patch, overlap) <= 20000);
          const origins = placeWindows(size, patch, overlap);
          expect(origins.length).toBe(countWindows(size, patch, overlap));
          for (const axis of [0, 1, 2]) {
            const [n, p] = [size[axis], patch[axis]];
            const starts = [...new Set(origins.map((o) => o[axis]))].sort((a, b) => a - b);
            if (n <= p) {
              expect(starts.length).toBe(1);
              const [before, after] = [-starts[0], starts[0] + p - n];
              expect(before - after === 0 || before - after === 1).toBe(true);
              continue;
            }
            expect(starts[0]).toBe(0);
            expect(starts[starts.length - 1]).toBe(n - p);
            const steps = starts.slice(1).map((s, i) => s - starts[i]);
            // Whole voxels: one more than the even step at most, and never a gap.
            expect(Math.max(...steps)).toBeLessThanOrEqual(Math.min(p, Math.ceil(Math.max(1, p * (1 - overlap)))));
            expect(Math.max(...steps) - Math.min(...steps)).toBeLessThanOrEqual(1);
          }
          // The grid of origins is the full product: covering each axis covers the image.
          const product = [0, 1, 2].map((axis) => new Set(origins.map((o) => o[axis])).size).reduce((a, b) => a * b);
          expect(product).toBe(origins.length);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('impossible sizes and overlaps are refused', () => {
    const one: Vec3 = [1, 1, 1];
    expect(() => placeWindows([0, 1, 1], one, 0.5)).toThrow(UsageError);
    expect(() => placeWindows([Number.NaN, 1, 1], one, 0.5)).toThrow(UsageError);
    expect(() => countWindows([9, 9, 9], [0, 1, 1], 0.5)).toThrow(UsageError);
    expect(() => countWindows([9, 9, 9], one, 1)).toThrow(UsageError);
  });
});
