import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import type { Vec3 } from '../../src/math/vector.js';
import type { LabelledSample } from '../../src/preprocessing/sample.js';
import { cropPatch, randomVoxelMatrix, rotationMatrix, voxelMatrix, warpPatch } from '../../src/transforms/spatial.js';

function sampleOf(image: Float32Array, labels: Uint8Array, size: Vec3): LabelledSample {
  return {
    image,
    labels,
    annotated: null,
    grid: { size, affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] },
    minimum: 0,
  };
}

/** A ball in millimetres about the grid's centre plus an offset, its image equal to its label. */
function ball(size: Vec3, spacing: Vec3, radius: number, offset: Vec3 = [0, 0, 0]): LabelledSample {
  const n = size[0] * size[1] * size[2];
  const label = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const at = [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))];
    const r = Math.hypot(...at.map((p, axis) => (p - (size[axis] - 1) / 2) * spacing[axis] - offset[axis]));
    label[i] = r < radius ? 1 : 0;
  }
  return sampleOf(Float32Array.from(label), label, size);
}

const centreOf = (size: Vec3): Vec3 => [(size[0] - 1) / 2, (size[1] - 1) / 2, (size[2] - 1) / 2];

describe('warpPatch', () => {
  it('with the identity is a crop', () => {
    const random = createRandom('identity');
    const source = ball([20, 18, 16], [1, 1, 1], 6);
    source.image.forEach((_, i) => {
      source.image[i] = random.normal();
    });
    const patch: Vec3 = [8, 7, 6];
    const warped = warpPatch(source, [3 + 3.5, 4 + 3, 5 + 2.5], [1, 0, 0, 0, 1, 0, 0, 0, 1], patch);
    expect(warped).toEqual(cropPatch(source, [3, 4, 5], patch));
  });

  it('interpolates a linear image exactly under any rotation', () => {
    const size: Vec3 = [21, 19, 17];
    const image = new Float32Array(21 * 19 * 17);
    const value = (x: number, y: number, z: number) => 2 * x - 3 * y + 0.5 * z;
    for (let i = 0; i < image.length; i++) image[i] = value(i % 21, Math.floor(i / 21) % 19, Math.floor(i / 399));
    const source = sampleOf(image, new Uint8Array(image.length), size);
    const matrix = voxelMatrix(rotationMatrix([11, -7, 14]), [1.1, 1.1, 1.1], [1, 1.5, 2]);
    const warped = warpPatch(source, [10.2, 9.1, 8.3], matrix, [5, 5, 5]);
    for (let i = 0; i < 125; i++) {
      const p = [(i % 5) - 2, (Math.floor(i / 5) % 5) - 2, Math.floor(i / 25) - 2];
      const at = [10.2, 9.1, 8.3].map((c, r) => c + [0, 1, 2].reduce((s, k) => s + matrix[3 * r + k] * p[k], 0));
      expect(warped.image[i]).toBeCloseTo(value(at[0], at[1], at[2]), 4);
    }
  });

  it('carries the label with the image', () => {
    const source = ball([30, 30, 30], [1, 1, 1], 8, [3, -2, 1]);
    const matrix = voxelMatrix(rotationMatrix([12, -9, 15]), [0.9, 0.9, 0.9], [1, 1, 1]);
    const { image, label } = warpPatch(source, centreOf(source.grid.size), matrix, [30, 30, 30]);
    let disagreeing = 0;
    for (let i = 0; i < image.length; i++) if (label[i] !== (image[i] >= 0.5 ? 1 : 0)) disagreeing++;
    // Float32 against float64 at exactly one half.
    expect(disagreeing).toBeLessThan(5);
    expect(label.reduce((sum, v) => sum + v, 0)).toBeGreaterThan(1500);
  });

  it('puts the minimum beyond the outer faces of the image and the edge value within them', () => {
    const source = { ...sampleOf(new Float32Array(8).fill(5), new Uint8Array(8).fill(1), [2, 2, 2]), minimum: -1 };
    const { image, label } = warpPatch(source, [0.5, 0.5, 0.5], [0.5, 0, 0, 0, 0.5, 0, 0, 0, 0.5], [6, 1, 1]);
    // Positions -0.75, -0.25, 0.25, 0.75, 1.25, 1.75 along x; the image spans -0.5 to 1.5.
    expect([...image]).toEqual([-1, 5, 5, 5, 5, -1]);
    expect([...label]).toEqual([0, 1, 1, 1, 1, 0]);
  });

  it('keeps a sphere in millimetres a sphere under rotation with anisotropic voxels, and scales its volume', () => {
    const spacing: Vec3 = [1, 1.5, 2.5];
    const size: Vec3 = [60, 40, 24];
    const rotation = rotationMatrix([15, -15, 15]);
    for (const scale of [1, 0.8, 1.25]) {
      const source = ball(size, spacing, 16);
      const matrix = voxelMatrix(rotation, [scale, scale, scale], spacing);
      const { label } = warpPatch(source, centreOf(size), matrix, size);
      const expected = ball(size, spacing, 16 / scale).labels;
      let both = 0;
      let sum = 0;
      for (let i = 0; i < label.length; i++) {
        both += label[i] * expected[i];
        sum += label[i] + expected[i];
      }
      expect((2 * both) / sum).toBeGreaterThan(0.97);
    }
  });

  it('turns a point about the centre by the right angle in millimetres', () => {
    const spacing: Vec3 = [1, 2, 1];
    const source = ball([41, 21, 5], spacing, 3, [12, 0, 0]);
    const angle = 15;
    const matrix = voxelMatrix(rotationMatrix([0, 0, -angle]), [1, 1, 1], spacing);
    const { label } = warpPatch(source, centreOf(source.grid.size), matrix, source.grid.size);
    let [n, x, y] = [0, 0, 0];
    label.forEach((value, i) => {
      n += value;
      x += value * ((i % 41) - 20) * spacing[0];
      y += value * ((Math.floor(i / 41) % 21) - 10) * spacing[1];
    });
    // Sampling with R^-1 turns the picture by R.
    expect(x / n).toBeCloseTo(12 * Math.cos((angle * Math.PI) / 180), 0);
    expect(y / n).toBeCloseTo(12 * Math.sin((angle * Math.PI) / 180), 0);
    expect(y / n).toBeGreaterThan(2.5);
  });
});

describe('randomVoxelMatrix', () => {
  it('is a rotation times one scale between 1 / 1.6 and 1.6 in millimetres', () => {
    const spacing: Vec3 = [0.8, 1.2, 2];
    for (let seed = 0; seed < 100; seed++) {
      const m = randomVoxelMatrix(spacing, createRandom('matrix', seed));
      const mm = m.map((value, i) => (value * spacing[Math.floor(i / 3)]) / spacing[i % 3]);
      const columns = [0, 1, 2].map((c) => [mm[c], mm[3 + c], mm[6 + c]]);
      const scale = Math.hypot(...columns[0]);
      expect(scale).toBeGreaterThanOrEqual(1 / 1.6 - 1e-9);
      expect(scale).toBeLessThanOrEqual(1.6 + 1e-9);
      for (let a = 0; a < 3; a++) {
        for (let b = 0; b < 3; b++) {
          const dot = columns[a].reduce((sum, value, k) => sum + value * columns[b][k], 0);
          expect(dot).toBeCloseTo(a === b ? scale * scale : 0, 9);
        }
      }
    }
  });

  it('leaves thick slices in their plane', () => {
    for (let seed = 0; seed < 20; seed++) {
      const m = randomVoxelMatrix([0.7, 0.7, 5], createRandom('thick', seed));
      expect([m[2], m[5], m[6], m[7], m[8]].map(Math.abs)).toEqual([0, 0, 0, 0, 1]);
      expect(Math.abs(m[1])).toBeGreaterThan(0);
    }
  });
});
