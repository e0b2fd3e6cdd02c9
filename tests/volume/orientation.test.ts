import { describe, expect, it } from 'vitest';
import { GeometryError } from '../../src/errors.js';
import type { Vec3 } from '../../src/math/vector.js';
import { axisCodes, canonicalGrid, fromCanonical, spacingOf, toCanonical } from '../../src/volume/orientation.js';
import { golden, largestDifference } from '../formats/golden.js';

const size: Vec3 = [2, 3, 4];
const data = Float32Array.from({ length: 24 }, (_, i) => i);

const permutations = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];
/** All 48 ways that axes can lie, with spacing 1, 2, 3 mm and an offset. */
const orientations = permutations.flatMap((axes) =>
  [0, 1, 2, 3, 4, 5, 6, 7].map((flips) => {
    const affine = new Array<number>(16).fill(0);
    let codes = '';
    axes.forEach((axis, column) => {
      const down = (flips >> column) & 1;
      affine[4 * axis + column] = (column + 1) * (down ? -1 : 1);
      codes += (down ? 'LPI' : 'RAS')[axis];
    });
    [affine[3], affine[7], affine[11], affine[15]] = [-5, 7, 11, 1];
    return { codes, affine };
  }),
);

/** World position of a voxel. */
function place(affine: readonly number[], [i, j, k]: readonly number[]): number[] {
  return [0, 4, 8].map((row) => affine[row] * i + affine[row + 1] * j + affine[row + 2] * k + affine[row + 3]);
}

describe('orientation', () => {
  it('knows 48 orientations', () => {
    expect(new Set(orientations.map(({ codes }) => codes)).size).toBe(48);
  });

  it.each(orientations)('$codes goes to RAS and back, every voxel keeping its place', ({ codes, affine }) => {
    expect(axisCodes(affine)).toBe(codes);
    const original = { size, affine, data };
    const canonical = toCanonical(original);
    expect(axisCodes(canonical.affine)).toBe('RAS');
    expect(canonicalGrid(original)).toEqual({ size: canonical.size, affine: canonical.affine });
    const places = new Map<string, number>();
    for (let v = 0; v < 24; v++) places.set(`${place(affine, [v % 2, Math.floor(v / 2) % 3, Math.floor(v / 6)])}`, v);
    const [nx, ny] = canonical.size;
    for (let v = 0; v < 24; v++) {
      const world = place(canonical.affine, [v % nx, Math.floor(v / nx) % ny, Math.floor(v / (nx * ny))]);
      expect(canonical.data[v]).toBe(places.get(`${world}`));
    }
    expect(fromCanonical(canonical.data, original)).toEqual(data);
    const mask = { size, affine, data: Uint8Array.from(data) };
    expect(fromCanonical(toCanonical(mask).data, mask)).toEqual(mask.data);
  });

  it('chooses as nibabel for oblique, mirrored and sheared affines', () => {
    for (const { affine, codes, size: canonicalSize, canonicalAffine, values } of golden.orientations) {
      expect(axisCodes(affine)).toBe(codes);
      const canonical = toCanonical({ size, affine, data });
      expect(canonical.size).toEqual(canonicalSize);
      expect(largestDifference(canonical.affine, canonicalAffine)).toBeLessThan(1e-5);
      expect(Array.from(canonical.data)).toEqual(values);
    }
  });

  it('gives the spacing of oblique axes', () => {
    for (const { affine } of golden.orientations.slice(0, 40)) {
      expect(largestDifference(spacingOf(affine), [1, 2, 3])).toBeLessThan(1e-5);
    }
  });

  it('returns a RAS image as it is, and copies on the way back', () => {
    const ras = { size, affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], data };
    expect(toCanonical(ras)).toBe(ras);
    expect(fromCanonical(data, ras)).not.toBe(data);
  });

  it('refuses affines without an inverse and data off the grid', () => {
    const flat = new Array<number>(16).fill(0);
    expect(() => axisCodes(flat)).toThrow(GeometryError);
    expect(() => fromCanonical(new Float32Array(3), { size, affine: orientations[0].affine })).toThrow(GeometryError);
  });
});
