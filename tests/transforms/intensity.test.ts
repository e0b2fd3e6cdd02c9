import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/math/random.js';
import type { Vec3 } from '../../src/math/vector.js';
import {
  addBiasField,
  addNoise,
  augmentIntensity,
  blur,
  changeContrast,
  changeGamma,
  lowerResolution,
  multiply,
} from '../../src/transforms/intensity.js';
import { fillNormal, smoothField } from '../../src/transforms/noise.js';

const size: Vec3 = [18, 16, 14];
const voxels = size[0] * size[1] * size[2];
const normals = (key: string) => fillNormal(new Float32Array(voxels), createRandom(key));

function moments(values: ArrayLike<number>): { mean: number; sd: number } {
  const all = Array.from(values);
  const mean = all.reduce((sum, v) => sum + v, 0) / all.length;
  return { mean, sd: Math.sqrt(all.reduce((sum, v) => sum + (v - mean) ** 2, 0) / all.length) };
}

describe('noise fields', () => {
  it('fillNormal is standard normal, white, and fixed by its stream', () => {
    const a = fillNormal(new Float32Array(200_001), createRandom(3));
    const { mean, sd } = moments(a);
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(Math.abs(sd - 1)).toBeLessThan(0.01);
    const within = (limit: number) => a.filter((v) => Math.abs(v) < limit).length / a.length;
    expect(within(1)).toBeCloseTo(0.6827, 2);
    expect(within(2)).toBeCloseTo(0.9545, 2);
    let lagged = 0;
    for (let i = 1; i < a.length; i++) lagged += a[i] * a[i - 1];
    expect(Math.abs(lagged / a.length)).toBeLessThan(0.01);
    const again = fillNormal(new Float32Array(200_001), createRandom(3));
    expect(again.every((value, i) => value === a[i])).toBe(true);
  });

  it('smoothField has variance about 1 and neighbours that agree', () => {
    const pooled = { variance: 0, step: 0 };
    for (let seed = 0; seed < 40; seed++) {
      const field = smoothField([32, 30, 28], [5, 4, 6], createRandom('field', seed));
      expect(field.length).toBe(32 * 30 * 28);
      for (let i = 1; i < field.length; i++) {
        pooled.variance += field[i] ** 2 / (40 * field.length);
        if (i % 32 > 0) pooled.step += (field[i] - field[i - 1]) ** 2 / (40 * field.length);
      }
    }
    expect(pooled.variance).toBeGreaterThan(0.9);
    expect(pooled.variance).toBeLessThan(1.1);
    expect(pooled.step).toBeLessThan(0.15);
  });
});

describe('intensity transforms', () => {
  it('noise has the sd asked for', () => {
    const image = new Float32Array(voxels);
    addNoise(image, 0.3, createRandom(1));
    expect(moments(image).sd).toBeCloseTo(0.3, 1);
  });

  it('blur spreads a point as a Gaussian of the sigma asked for, and keeps its sum and a constant', () => {
    const wide: Vec3 = [21, 21, 21];
    const point = new Float32Array(21 ** 3);
    point[10 + 21 * (10 + 21 * 10)] = 1;
    blur(point, wide, [0.7, 1, 1.3]);
    const spread = [0, 0, 0];
    let total = 0;
    point.forEach((value, i) => {
      const at = [i % 21, Math.floor(i / 21) % 21, Math.floor(i / 441)];
      total += value;
      for (let axis = 0; axis < 3; axis++) spread[axis] += value * (at[axis] - 10) ** 2;
    });
    expect(total).toBeCloseTo(1, 5);
    expect(Math.sqrt(spread[0])).toBeCloseTo(0.7, 1);
    expect(Math.sqrt(spread[1])).toBeCloseTo(1, 1);
    expect(Math.sqrt(spread[2])).toBeCloseTo(1.3, 1);
    const flat = new Float32Array(voxels).fill(2);
    blur(flat, size, [1, 1, 1]);
    for (const value of flat) expect(value).toBeCloseTo(2, 5);
  });

  it('contrast keeps the range, brightness multiplies', () => {
    const before = normals('contrast');
    const image = before.slice();
    changeContrast(image, 1.25);
    expect(Math.max(...image)).toBeLessThanOrEqual(Math.max(...before));
    expect(Math.min(...image)).toBeGreaterThanOrEqual(Math.min(...before));
    expect(moments(image).sd / moments(before).sd).toBeCloseTo(1.25, 1);
    const doubled = before.slice();
    multiply(doubled, 2);
    expect(doubled[7]).toBeCloseTo(2 * before[7], 6);
  });

  it.each([false, true])('gamma keeps mean, sd and order (inverted %s) and bends the right way', (inverted) => {
    const before = normals('gamma');
    const image = before.slice();
    changeGamma(image, 1.5, inverted);
    expect(moments(image).mean).toBeCloseTo(moments(before).mean, 4);
    expect(moments(image).sd).toBeCloseTo(moments(before).sd, 4);
    const order = [...before.keys()].sort((a, b) => before[a] - before[b]);
    for (let i = 1; i < order.length; i++) expect(image[order[i]]).toBeGreaterThanOrEqual(image[order[i - 1]] - 1e-6);
    const { mean, sd } = moments(image);
    const skew = image.reduce((sum, v) => sum + ((v - mean) / sd) ** 3, 0) / image.length;
    expect(inverted ? -skew : skew).toBeGreaterThan(0.2);
  });

  it('bias field keeps the minimum and is smooth', () => {
    const image = new Float32Array(voxels).fill(1);
    image[0] = 0;
    addBiasField(image, size, 0.2, createRandom('bias'));
    expect(image[0]).toBe(0);
    expect(moments(image).sd).toBeGreaterThan(0.01);
    for (let i = 2; i < size[0]; i++) expect(Math.abs(image[i] - image[i - 1])).toBeLessThan(0.1);
  });

  it('low resolution removes detail, keeps the mean', () => {
    const before = normals('low');
    const image = before.slice();
    lowerResolution(image, size, 0.5);
    expect(moments(image).sd).toBeLessThan(0.7 * moments(before).sd);
    expect(Math.abs(moments(image).mean - moments(before).mean)).toBeLessThan(0.06);
  });

  it('leave a constant image finite, all of them at once', () => {
    const always = (random: Random): Random => ({ ...random, chance: () => true });
    for (const level of [0, -3, 1e6]) {
      const image = new Float32Array(voxels).fill(level);
      augmentIntensity(image, size, always(createRandom('constant')));
      expect(image.every(Number.isFinite)).toBe(true);
    }
  });
});
