import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GeometryError, UnsupportedError } from '../../src/errors.js';
import type { Vec3 } from '../../src/math/vector.js';
import { preparedSize, prepareImage, prepareMask, restoreValues } from '../../src/preprocessing/preprocess.js';
import { affineOf, fill, planOf } from './plans.js';

const world = (affine: readonly number[], v: readonly number[]) =>
  [0, 1, 2].map(
    (row) => affine[4 * row] * v[0] + affine[4 * row + 1] * v[1] + affine[4 * row + 2] * v[2] + affine[4 * row + 3],
  );

describe('prepareImage and restoreValues', () => {
  const sign = fc.constantFrom(1, -1);

  test('at matching spacing, there and back is the identity in any flip', () => {
    fc.assert(
      fc.property(fc.tuple(sign, sign, sign), (signs) => {
        const size: Vec3 = [5, 4, 3];
        const spacing: Vec3 = [1.5, 1.5, 4];
        const data = fill(size, (x, y, z) => x + 10 * y + 100 * z);
        const prepared = prepareImage({ size, affine: affineOf(spacing, signs, [7, 8, 9]), data }, planOf(spacing));
        expect(prepared.grid.size).toEqual(size);
        expect([...restoreValues(prepared.image, prepared)]).toEqual([...data]);
        expect(prepared.minimum).toBe(0);
      }),
    );
  });

  test('swapped axes come out right, anterior, superior and go back', () => {
    // Voxel axes run superior, left, anterior.
    const affine = [0, -2, 0, 5, 0, 0, 3, 6, 1, 0, 0, 7, 0, 0, 0, 1];
    const size: Vec3 = [6, 4, 3];
    const data = fill(size, (x, y, z) => x + 10 * y + 100 * z);
    const prepared = prepareImage({ size, affine, data }, planOf([2, 3, 1]));
    expect(prepared.grid.size).toEqual([4, 3, 6]);
    // The canonical corner (0, 0, 0) is the left-most voxel, y = 3.
    expect(prepared.image[0]).toBe(30);
    expect([...restoreValues(prepared.image, prepared)]).toEqual([...data]);
  });

  test('a smooth field survives resampling to 1e-2, finer and coarser', () => {
    const size: Vec3 = [40, 36, 24];
    const field = (p: readonly number[]) => Math.sin(p[0] / 25) * Math.cos(p[1] / 30) + Math.sin(p[2] / 40);
    for (const spacing of [
      [0.8, 0.9, 1.5],
      [1.3, 1.2, 2.4],
      [2.2, 2, 3],
    ] as Vec3[]) {
      const affine = affineOf([1, 1, 2], [-1, -1, 1], [20, 18, -24]);
      const data = fill(size, (x, y, z) => field(world(affine, [x, y, z])));
      const prepared = prepareImage({ size, affine, data }, planOf(spacing));
      expect(prepared.grid.size).toEqual(preparedSize({ size, affine }, { spacing: [...spacing] }));
      // Inside, the values are the field's at the places that the new affine says.
      const [nx, ny, nz] = prepared.grid.size;
      let worst = 0;
      for (let z = 2; z < nz - 2; z++)
        for (let y = 2; y < ny - 2; y++)
          for (let x = 2; x < nx - 2; x++) {
            const expected = field(world(prepared.grid.affine, [x, y, z]));
            worst = Math.max(worst, Math.abs(prepared.image[x + nx * (y + ny * z)] - expected));
          }
      expect(worst).toBeLessThan(1e-2);
      const back = restoreValues(prepared.image, prepared);
      let inside = 0;
      for (let z = 3; z < 21; z++)
        for (let y = 3; y < 33; y++)
          for (let x = 3; x < 37; x++) {
            const i = x + 40 * (y + 36 * z);
            inside = Math.max(inside, Math.abs(back[i] - data[i]));
          }
      expect(inside).toBeLessThan(1e-2);
    }
  });

  test('noise does not alias into a coarse grid', () => {
    const size: Vec3 = [48, 48, 48];
    const data = fill(size, (x, y, z) => ((x + y + z) % 2 === 0 ? 1 : -1));
    const { image: coarse } = prepareImage({ size, affine: affineOf([1, 1, 1]), data }, planOf([3, 3, 3]));
    expect(Math.max(...coarse.map(Math.abs))).toBeLessThan(0.02);
  });

  test("an offset in the call overrides the plan's", () => {
    const volume = { size: [2, 1, 1] as Vec3, affine: affineOf([1, 1, 1]), data: Float32Array.of(1000, 1100) };
    const plan = planOf([1, 1, 1], { intensityOffset: -1000 });
    expect([...prepareImage(volume, plan).image]).toEqual([0, 100]);
    expect([...prepareImage(volume, plan, { intensityOffset: 0 }).image]).toEqual([1000, 1100]);
  });

  test('absurd spacings are refused before memory is taken', () => {
    const volume = { size: [9, 9, 9] as Vec3, affine: affineOf([1000, 1000, 1000]), data: new Float32Array(729) };
    expect(() => prepareImage(volume, planOf([1, 1, 1]))).toThrow(UnsupportedError);
    expect(() => preparedSize({ size: [9, 9, 9], affine: affineOf([1, 0, 1]) }, planOf([1, 1, 1]))).toThrow(
      GeometryError,
    );
  });

  test('an image thinner than half a target voxel keeps one slice', () => {
    expect(preparedSize({ size: [10, 10, 1], affine: affineOf([1, 1, 1]) }, planOf([1, 1, 5]))).toEqual([10, 10, 1]);
  });
});

describe('prepareMask', () => {
  const box = (size: Vec3, low: number, high: number) =>
    Uint8Array.from(fill(size, (...v) => (v.every((n) => n >= low && n < high) ? 1 : 0)));

  test('a box keeps its place and volume at a finer spacing', () => {
    const size: Vec3 = [12, 12, 12];
    const mask = prepareMask({ size, affine: affineOf([2, 2, 2]), data: box(size, 3, 9) }, planOf([1, 1, 1]));
    expect(mask.size).toEqual([24, 24, 24]);
    // Trilinear weights round the box off at its edges and corners, nowhere else.
    const exact = box([24, 24, 24], 6, 18);
    const differing = mask.data.reduce((n, v, i) => n + (v === exact[i] ? 0 : 1), 0);
    expect(differing).toBeLessThanOrEqual(8 + 12 * 10);
    expect(mask.data.every((v, i) => v <= exact[i])).toBe(true);
  });

  test('classes side by side share what they cover, and their union is the mask of both as one', () => {
    const size: Vec3 = [12, 12, 12];
    const data = Uint8Array.from(
      fill(size, (x, y, z) => (y < 3 || y > 8 || z < 3 || z > 8 ? 0 : x < 5 ? 3 : x < 9 ? 7 : 0)),
    );
    const grid = { size, affine: affineOf([2, 2, 2]) };
    const plan = planOf([1, 1, 1]);
    const mask = prepareMask({ ...grid, data }, plan);
    const joined = prepareMask({ ...grid, data: data.map((value) => Math.min(1, value)) }, plan);
    expect(mask.data.map((value) => Math.min(1, value))).toEqual(joined.data);
    mask.data.forEach((value, i) => {
      if (value > 0) expect(value).toBe(i % 24 < 10 ? 3 : 7);
    });
    expect(new Set(mask.data)).toEqual(new Set([0, 3, 7]));
  });

  test('a coarser voxel is foreground where at least half of it is: sheets one coarse voxel thick survive in any phase', () => {
    const coarse = (low: number, high: number) => {
      const data = Uint8Array.from(fill([24, 3, 3], (x) => (x >= low && x < high ? 1 : 0)));
      const mask = prepareMask({ size: [24, 3, 3], affine: affineOf([1, 2, 2]), data }, planOf([2, 2, 2]));
      expect(mask.size).toEqual([12, 3, 3]);
      return [...mask.data.subarray(0, 12)].flatMap((v, x) => (v ? x : []));
    };
    expect(coarse(6, 18)).toEqual([3, 4, 5, 6, 7, 8]);
    expect(coarse(6, 8)).toEqual([3]);
    // Half of each of two voxels: both.
    expect(coarse(5, 7)).toEqual([2, 3]);
    expect(coarse(0, 0)).toEqual([]);
  });

  test('numbers of classes are kept and matching grids are exact', () => {
    const data = Uint8Array.of(0, 2, 1, 0);
    const mask = prepareMask({ size: [4, 1, 1], affine: affineOf([1, 1, 1], [-1, 1, 1]), data }, planOf([1, 1, 1]));
    // The grid runs to the left, the mask to the right.
    expect([...mask.data]).toEqual([0, 1, 2, 0]);
    expect([...data]).toEqual([0, 2, 1, 0]);
  });

  test('image and mask of a case share a grid', () => {
    const size: Vec3 = [31, 17, 9];
    const affine = affineOf([1.1, 0.9, 3], [-1, 1, -1], [3, 4, 5]);
    const plan = planOf([1.7, 1.7, 2.5]);
    const image = prepareImage({ size, affine, data: new Float32Array(31 * 17 * 9) }, plan);
    const mask = prepareMask({ size, affine, data: new Uint8Array(31 * 17 * 9) }, plan);
    expect(mask.size).toEqual(image.grid.size);
    expect(mask.affine).toEqual(image.grid.affine);
  });
});
