import { describe, expect, it } from 'vitest';
import { createCanvas, paint, paintTarget } from '../../src/transforms/phantoms/canvas.js';
import { makePhantom, phantomFamilies } from '../../src/transforms/phantoms.js';
import { axisCodes, spacingOf, toCanonical } from '../../src/volume/orientation.js';

const still = { rotation: [0, 0, 0], scale: 1, shift: [0, 0, 0] } as const;
const byName = (name: string) => phantomFamilies.find((family) => family.name === name)!;
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);

/** In how many elements two arrays differ. */
function different(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let n = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) n++;
  return n;
}

describe('canvas', () => {
  it('paints a share of each edge voxel, so that the summed signal is the volume', () => {
    for (const spacing of [
      [1, 1, 1],
      [1, 1.5, 3],
    ] as const) {
      const canvas = createCanvas([48, 42, 40], spacing, { ...still, rotation: [20, -10, 30], scale: 1.1 }, 0);
      const shape = {
        centre: [1, -2, 0.5],
        radii: [9, 12, 14],
        rotation: [5, 0, 40],
        bends: [{ axis: 0, along: 2, perMm: 0.01 }],
      } as const;
      const ml = paintTarget(canvas, shape, 1);
      expect(ml).toBeCloseTo(((4 / 3) * Math.PI * 9 * 12 * 14 * 1.1 ** 3) / 1000, 9);
      const voxelMl = (spacing[0] * spacing[1] * spacing[2]) / 1000;
      expect(Math.abs((sum(canvas.signal) * voxelMl) / ml - 1)).toBeLessThan(0.02);
      expect(Math.abs((sum(canvas.label) * voxelMl) / ml - 1)).toBeLessThan(0.02);
    }
  });

  it('lays later shapes over earlier ones and leaves the target marked beneath', () => {
    const canvas = createCanvas([9, 9, 9], [1, 1, 1], still, -1);
    paintTarget(canvas, { centre: [0, 0, 0], radii: [3.5, 3.5, 3.5] }, 5);
    paint(canvas, { centre: [0, 0, 0], radii: [1.6, 1.6, 1.6] }, 8);
    const middle = 4 + 9 * (4 + 9 * 4);
    expect(canvas.signal[middle]).toBe(8);
    expect(canvas.signal[middle + 2]).toBeGreaterThan(4.9);
    expect(canvas.signal[0]).toBe(-1);
    expect(canvas.label[middle]).toBe(1);
    expect(canvas.label[0]).toBe(0);
  });
});

describe('phantom families', () => {
  it('are three or more to learn and one or more OOD sets, with names of their own', () => {
    expect(phantomFamilies.filter((family) => !family.ood).length).toBeGreaterThanOrEqual(3);
    expect(phantomFamilies.filter((family) => family.ood).length).toBeGreaterThanOrEqual(1);
    expect(new Set(phantomFamilies.map((family) => family.name)).size).toBe(phantomFamilies.length);
  });

  it.each(phantomFamilies.map((family) => family.name))(
    '%s: the key fixes the case, and each index differs',
    (name) => {
      const family = byName(name);
      const a = makePhantom(family, 7, 2);
      const again = makePhantom(family, 7, 2);
      expect(different(again.image.data, a.image.data)).toBe(0);
      expect(different(again.label.data, a.label.data)).toBe(0);
      expect([again.volumeMl, again.image.affine]).toEqual([a.volumeMl, a.image.affine]);
      for (const other of [makePhantom(family, 7, 3), makePhantom(family, 8, 2)]) {
        expect(different(other.image.data, a.image.data)).toBeGreaterThan(a.image.data.length / 10);
        expect(other.volumeMl).not.toBe(a.volumeMl);
      }
    },
  );

  it.each(phantomFamilies.map((family) => family.name))('%s: the mask has the volume of the shape', (name) => {
    const family = byName(name);
    for (let index = 0; index < 12; index++) {
      const { label, volumeMl } = makePhantom(family, 11, index);
      const [x, y, z] = spacingOf(label.affine);
      const voxels = sum(label.data);
      expect(label.data.every((value) => value <= 1)).toBe(true);
      expect(Math.abs((voxels * x * y * z) / 1000 / volumeMl - 1)).toBeLessThan(0.02);
    }
  });

  it.each(phantomFamilies.map((family) => family.name))('%s: affine and voxel order say the same', (name) => {
    const family = byName(name);
    const { image, label } = makePhantom(family, 1, 0);
    expect(axisCodes(image.affine)).toBe(family.orientation);
    expect(label.affine).toEqual(image.affine);
    const canonical = toCanonical(image);
    expect(canonical.size).toEqual(family.size);
    spacingOf(canonical.affine).forEach((mm, axis) => {
      expect(mm).toBeCloseTo(family.spacing[axis], 9);
    });
    expect(image.data.length).toBe(image.size[0] * image.size[1] * image.size[2]);
    expect(image.data.every(Number.isFinite)).toBe(true);
  });

  it('lie the right way up: liver on the right, prostate below the bladder', () => {
    const abdomen = toCanonical(makePhantom(byName('kidney'), 1, 1).image);
    const [nx, ny, nz] = abdomen.size;
    const liverLike = (from: number, to: number) => {
      let n = 0;
      for (let z = Math.floor(nz * 0.7); z < nz; z++) {
        for (let y = Math.floor(ny * 0.5); y < Math.floor(ny * 0.8); y++) {
          for (let x = from; x < to; x++) {
            const value = abdomen.data[x + nx * (y + ny * z)];
            if (value > 20 && value < 160) n++;
          }
        }
      }
      return n;
    };
    // In RAS voxels the patient's right has the larger x.
    expect(liverLike(nx / 2, nx)).toBeGreaterThan(1.5 * liverLike(0, nx / 2));

    const pelvis = toCanonical(makePhantom(byName('prostate'), 1, 1).image);
    const column = (slices: readonly number[]) => {
      let total = 0;
      for (const z of slices) {
        for (let y = 30; y < 42; y++) {
          for (let x = 26; x < 38; x++) total += pelvis.data[x + pelvis.size[0] * (y + pelvis.size[1] * z)];
        }
      }
      return total;
    };
    // Urine above the gland is the brightest of all.
    expect(column([19, 20, 21])).toBeGreaterThan(1.15 * column([2, 3, 4]));
  });

  it('cannot be segmented by a threshold: the best window on intensity stays below a Dice of 0.75', () => {
    for (const family of phantomFamilies.filter((f) => !f.ood)) {
      const { image, label } = makePhantom(family, 1, 0);
      const order = [...image.data.keys()].sort((a, b) => image.data[a] - image.data[b]);
      const levels = 40;
      const foreground = new Float64Array(levels);
      const all = new Float64Array(levels);
      order.forEach((voxel, rank) => {
        const level = Math.floor((rank * levels) / order.length);
        all[level]++;
        foreground[level] += label.data[voxel];
      });
      const total = sum(label.data);
      let best = 0;
      for (let low = 0; low < levels; low++) {
        let [hit, size] = [0, 0];
        for (let high = low; high < levels; high++) {
          hit += foreground[high];
          size += all[high];
          best = Math.max(best, (2 * hit) / (size + total));
        }
      }
      expect(best, family.name).toBeLessThan(0.75);
    }
  });
});
