import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { createRandom } from '../../src/math/random.js';
import type { Vec3 } from '../../src/math/vector.js';
import { samplePatch, type TrainingSample } from '../../src/transforms/sample-patch.js';

const identityAffine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

/** A case whose image says where each voxel came from: value = 1 + its index. */
function indexedCase(size: Vec3, isForeground: (x: number, y: number, z: number) => boolean): TrainingSample {
  const n = size[0] * size[1] * size[2];
  const image = Float32Array.from({ length: n }, (_, i) => i + 1);
  const label = Uint8Array.from({ length: n }, (_, i) =>
    isForeground(i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))) ? 1 : 0,
  );
  const foreground = Uint32Array.from([...label.keys()].filter((i) => label[i] === 1));
  return {
    image,
    labels: label,
    annotated: null,
    grid: { size, affine: identityAffine },
    minimum: -7,
    spacing: [1, 1, 1],
    foreground,
  };
}

const side = fc.integer({ min: 1, max: 14 });
const triple = fc.tuple(side, side, side);

describe('samplePatch without augmentation', () => {
  it('copies voxels exactly, in place, and pads with the minimum only where the image is smaller', () => {
    fc.assert(
      fc.property(triple, triple, fc.integer({ min: 0, max: 1e6 }), (size, patch, seed) => {
        const source = indexedCase(size, (x, y, z) => (x + 2 * y + 3 * z) % 3 === 0);
        const { image, label } = samplePatch(source, patch, createRandom(seed));
        const first = image.findIndex((value) => value !== -7);
        const at = (i: number, s: Vec3) => [i % s[0], Math.floor(i / s[0]) % s[1], Math.floor(i / (s[0] * s[1]))];
        const corner = at(first, patch);
        const origin = at(image[first] - 1, size);
        const start = origin.map((o, axis) => o - corner[axis]);
        for (let axis = 0; axis < 3; axis++) {
          expect(start[axis]).toBeGreaterThanOrEqual(Math.min(0, size[axis] - patch[axis]));
          expect(start[axis]).toBeLessThanOrEqual(Math.max(0, size[axis] - patch[axis]));
        }
        const wrong = Array.from(image.keys()).filter((i) => {
          const [x, y, z] = at(i, patch).map((p, axis) => p + start[axis]);
          const inside = x >= 0 && y >= 0 && z >= 0 && x < size[0] && y < size[1] && z < size[2];
          const index = x + size[0] * (y + size[1] * z);
          return image[i] !== (inside ? index + 1 : -7) || label[i] !== (inside ? source.labels[index] : 0);
        });
        expect(wrong).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('moves a smaller image over all of its free room', () => {
    const source = indexedCase([4, 4, 4], () => false);
    const starts = new Set<number>();
    for (let seed = 0; seed < 200; seed++) {
      const { image } = samplePatch(source, [7, 4, 4], createRandom(seed));
      starts.add(image.indexOf(1));
    }
    expect([...starts].sort()).toEqual([0, 1, 2, 3]);
  });

  it('places the asked share of patches at the foreground, off centre too', () => {
    const source = indexedCase([64, 64, 64], (x, y, z) => x === 30 && y === 33 && z === 31);
    const hits = (foregroundShare: number) => {
      const positions = new Set<number>();
      let n = 0;
      for (let seed = 0; seed < 600; seed++) {
        const { label } = samplePatch(source, [12, 12, 12], createRandom('share', seed), { foregroundShare });
        const where = label.indexOf(1);
        if (where >= 0) {
          n++;
          positions.add(where);
        }
      }
      return { share: n / 600, positions: positions.size };
    };
    expect(hits(1).share).toBe(1);
    expect(hits(1).positions).toBeGreaterThan(100);
    // Elsewhere a uniform patch meets the voxel in (12/53)^3 = 1.2 % of draws; sd of a share of 600 is 2 %.
    expect(hits(0).share).toBeLessThan(0.04);
    expect(hits(0.5).share).toBeGreaterThan(0.43);
    expect(hits(0.5).share).toBeLessThan(0.58);
  });

  it('draws from anywhere when a case has no foreground', () => {
    const source = indexedCase([20, 20, 20], () => false);
    expect(samplePatch(source, [8, 8, 8], createRandom(1), { foregroundShare: 1 }).image.every((v) => v > 0)).toBe(
      true,
    );
  });

  it('refuses arrays that do not fit and impossible patches', () => {
    const source = indexedCase([4, 4, 4], () => true);
    expect(() =>
      samplePatch({ ...source, grid: { ...source.grid, size: [4, 4, 5] } }, [2, 2, 2], createRandom(1)),
    ).toThrow(UsageError);
    expect(() => samplePatch(source, [2, 0, 2], createRandom(1))).toThrow(/positive integers, found 2, 0, 2/);
    expect(() => samplePatch(source, [2, 2.5, 2], createRandom(1))).toThrow(UsageError);
  });
});

describe('samplePatch with augmentation', () => {
  const source = indexedCase([40, 36, 30], (x, y, z) => (x - 18) ** 2 + (y - 17) ** 2 + (z - 15) ** 2 < 80);

  it('is a pure function of the random stream, and leaves the case alone', () => {
    const image = source.image.slice();
    const a = samplePatch(source, [24, 24, 24], createRandom(5, 6), { augment: true });
    const b = samplePatch(source, [24, 24, 24], createRandom(5, 6), { augment: true });
    const c = samplePatch(source, [24, 24, 24], createRandom(5, 7), { augment: true });
    expect(a).toEqual(b);
    expect(a.image).not.toEqual(c.image);
    expect(source.image).toEqual(image);
  });

  it('gives finite images and binary labels, whatever the sizes and spacing', () => {
    const spacing = fc.double({ min: 0.3, max: 8, noNaN: true });
    fc.assert(
      fc.property(triple, triple, fc.tuple(spacing, spacing, spacing), fc.integer(), (size, patch, mm, seed) => {
        const small = { ...indexedCase(size, (x, y) => x > y), spacing: mm };
        const { image, label } = samplePatch(small, patch, createRandom(seed), { augment: true });
        expect(image.every(Number.isFinite)).toBe(true);
        expect(label.every((value) => value === 0 || value === 1)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the voxels of a constant image, which no transform but noise and scaling may change', () => {
    const flat = { ...source, image: new Float32Array(source.image.length).fill(3), minimum: 3 };
    for (let seed = 0; seed < 60; seed++) {
      const { image } = samplePatch(flat, [16, 16, 16], createRandom('flat', seed), { augment: true });
      const mean = image.reduce((sum, value) => sum + value, 0) / image.length;
      expect(mean).toBeGreaterThan(3 * 0.74);
      expect(mean).toBeLessThan(3 * 1.26);
    }
  });
});
