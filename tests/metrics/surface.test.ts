import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GeometryError, UsageError } from '../../src/errors.js';
import type { Vec3 } from '../../src/math/vector.js';
import { nsd, surfaceDistances, surfaceMeasures } from '../../src/metrics/surface.js';
import golden from './golden.json' with { type: 'json' };
import { drawBall, drawBox, drawMask, unpackMask } from './masks.js';

describe('surface measures against MONAI', () => {
  it.each(golden.surfaces)('$name', (expected) => {
    const size = expected.size as unknown as Vec3;
    const spacing = expected.spacing as unknown as Vec3;
    const prediction = unpackMask(expected.prediction, size);
    const reference = unpackMask(expected.reference, size);
    // MONAI keeps distances in float32.
    for (const [toleranceMm, share] of expected.nsd) {
      const found = surfaceMeasures(prediction, reference, size, { spacing, toleranceMm });
      expect(found.hd95Mm! / expected.hd95Mm).toBeCloseTo(1, 6);
      expect(found.assdMm! / expected.assdMm).toBeCloseTo(1, 6);
      expect(found.nsd).toBeCloseTo(share, 6);
    }
  });
});

describe('surface measures in closed form', () => {
  const size: Vec3 = [40, 30, 20];
  const spacing: Vec3 = [0.8, 1.2, 3];

  it('a box shifted along one axis: its end faces lie one shift apart, and nothing lies further', () => {
    const a = drawBox(size, [10, 10, 5], [20, 20, 12]);
    const b = drawBox(size, [13, 10, 5], [23, 20, 12]);
    const { fromPrediction, fromReference } = surfaceDistances(a, b, size, spacing);
    expect(Math.max(...fromPrediction)).toBeCloseTo(3 * 0.8, 12);
    // Each of the 10 x 7 voxels of the end face that sticks out has its nearest straight across.
    expect(fromPrediction.filter((d) => Math.abs(d - 3 * 0.8) < 1e-9).length).toBeGreaterThanOrEqual(10 * 7);
    expect(fromReference.toSorted()).toEqual(fromPrediction.toSorted());
    expect(surfaceMeasures(a, b, size, { spacing, toleranceMm: 1 }).hd95Mm).toBeCloseTo(3 * 0.8, 12);
  });

  it('single voxels: the distance is that of their centres, whatever the measure', () => {
    const a = drawBox(size, [3, 4, 5], [4, 5, 6]);
    const b = drawBox(size, [8, 20, 11], [9, 21, 12]);
    const distance = Math.hypot(5 * 0.8, 16 * 1.2, 6 * 3);
    const { hd95Mm, assdMm } = surfaceMeasures(a, b, size, { spacing, toleranceMm: 1 });
    expect(hd95Mm).toBeCloseTo(distance, 12);
    expect(assdMm).toBeCloseTo(distance, 12);
    expect(surfaceMeasures(a, b, size, { spacing, toleranceMm: distance - 0.01 }).nsd).toBe(0);
    expect(surfaceMeasures(a, b, size, { spacing, toleranceMm: distance + 0.01 }).nsd).toBe(1);
  });

  it('parallel plates: every distance is the gap', () => {
    const a = drawBox(size, [0, 0, 4], [40, 30, 5]);
    const b = drawBox(size, [0, 0, 9], [40, 30, 10]);
    const found = surfaceMeasures(a, b, size, { spacing, toleranceMm: 14.9 });
    expect(found).toEqual({ hd95Mm: 15, assdMm: 15, nsd: 0 });
  });

  it('concentric balls on an anisotropic grid: the difference of radii, to within a voxel', () => {
    const grid: Vec3 = [80, 60, 40];
    const mm: Vec3 = [0.5, 0.7, 1];
    const centre: Vec3 = [40, 30, 20];
    const [small, large] = [10, 15].map((radius) => drawBall(grid, mm, centre, radius));
    const { hd95Mm, assdMm } = surfaceMeasures(small, large, grid, { spacing: mm, toleranceMm: 1 });
    expect(Math.abs(hd95Mm! - 5)).toBeLessThan(0.7);
    expect(Math.abs(assdMm! - 5)).toBeLessThan(0.35);
  });

  it('identical masks: no distance', () => {
    const ball = drawBall(size, spacing, [20, 15, 10], 9);
    expect(surfaceMeasures(ball, ball, size, { spacing, toleranceMm: 0 })).toEqual({ hd95Mm: 0, assdMm: 0, nsd: 1 });
  });

  it('counts voxels at the border of the image as surface', () => {
    const full = drawMask([5, 5, 5], () => true);
    const distances = surfaceDistances(full, full, [5, 5, 5], [1, 1, 1]);
    expect(distances.fromPrediction.length).toBe(125 - 27);
  });

  it('takes a distance equal to the tolerance as within it, in spite of float32 spacings', () => {
    const a = drawBox(size, [3, 4, 5], [4, 5, 6]);
    const b = drawBox(size, [5, 4, 5], [6, 5, 6]);
    expect(nsd(surfaceDistances(a, b, size, [1.0000001, 1, 1]), 2)).toBe(1);
    expect(nsd(surfaceDistances(a, b, size, [1.001, 1, 1]), 2)).toBe(0);
  });
});

describe('empty masks', () => {
  const size: Vec3 = [6, 5, 4];
  const options = { spacing: [1, 1, 2] as Vec3, toleranceMm: 2 };
  const empty = new Uint8Array(120);
  const filled = drawBox(size, [1, 1, 1], [4, 4, 3]);

  it('both empty: perfect', () => {
    expect(surfaceMeasures(empty, empty, size, options)).toEqual({ hd95Mm: 0, assdMm: 0, nsd: 1 });
  });

  it.each([
    ['prediction', empty, filled],
    ['reference', filled, empty],
  ])('%s empty: distances undefined, NSD 0', (_, prediction, reference) => {
    expect(surfaceMeasures(prediction, reference, size, options)).toEqual({ hd95Mm: null, assdMm: null, nsd: 0 });
  });

  it('neither empty: defined', () => {
    expect(surfaceMeasures(filled, filled, size, options).hd95Mm).toBe(0);
  });
});

describe('surface measures in general', () => {
  const size: Vec3 = [5, 4, 3];
  const mask = fc.uint8Array({ minLength: 60, maxLength: 60, max: 1 });

  it('agree with brute force over all pairs of surface voxels, and do not depend on which mask comes first', () => {
    const spacing: Vec3 = [0.7, 1.3, 2.1];
    const at = (m: Uint8Array, x: number, y: number, z: number) =>
      x < 0 || y < 0 || z < 0 || x >= 5 || y >= 4 || z >= 3 ? 0 : m[x + 5 * (y + 4 * z)];
    const surfaceOf = (m: Uint8Array) => {
      const points: Vec3[] = [];
      for (let z = 0; z < 3; z++)
        for (let y = 0; y < 4; y++)
          for (let x = 0; x < 5; x++) {
            const neighbours = at(m, x - 1, y, z) + at(m, x + 1, y, z) + at(m, x, y - 1, z) + at(m, x, y + 1, z);
            const inside = neighbours + at(m, x, y, z - 1) + at(m, x, y, z + 1) === 6;
            if (at(m, x, y, z) && !inside) points.push([x, y, z]);
          }
      return points;
    };
    fc.assert(
      fc.property(mask, mask, (a, b) => {
        const [pa, pb] = [surfaceOf(a), surfaceOf(b)];
        const { fromPrediction, fromReference } = surfaceDistances(a, b, size, spacing);
        expect(fromPrediction.length).toBe(pa.length);
        for (const [i, p] of pa.entries()) {
          const nearest = Math.min(...pb.map((q) => Math.hypot(...spacing.map((s, k) => s * (p[k] - q[k])))));
          expect(fromPrediction[i]).toBeCloseTo(nearest, 10);
        }
        const swapped = surfaceDistances(b, a, size, spacing);
        expect(swapped.fromPrediction).toEqual(fromReference);
      }),
    );
  });

  it('refuse masks of another size and impossible spacings and tolerances', () => {
    const m = new Uint8Array(60).fill(1);
    const options = { spacing: [1, 1, 1] as Vec3, toleranceMm: 1 };
    expect(() => surfaceMeasures(m, m.subarray(1), size, options)).toThrow(GeometryError);
    expect(() => surfaceMeasures(m, m, size, { ...options, spacing: [1, 0, 1] })).toThrow(GeometryError);
    expect(() => surfaceMeasures(m, m, size, { ...options, spacing: [1, Number.NaN, 1] })).toThrow(GeometryError);
    expect(() => surfaceMeasures(m, m, size, { ...options, toleranceMm: -1 })).toThrow(UsageError);
  });
});
