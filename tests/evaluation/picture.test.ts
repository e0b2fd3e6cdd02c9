import { describe, expect, it } from 'vitest';
import { GeometryError } from '../../src/errors.js';
import { makePicture } from '../../src/evaluation/picture.js';
import type { Vec3 } from '../../src/math/vector.js';

const diagonal = (x: number, y: number, z: number) => [x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0, 0, 0, 0, 1];

function scan(size: Vec3, affine: number[]) {
  const n = size[0] * size[1] * size[2];
  const at = (x: number, y: number, z: number) => x + size[0] * (y + size[1] * z);
  const image = { data: new Float32Array(n), size, affine };
  return { image, reference: new Uint8Array(n), prediction: new Uint8Array(n), at };
}

describe('makePicture', () => {
  it('cuts the axial slice with most of either mask, seen from the feet', () => {
    // RAS: x grows to the right of the patient, which is the left of the screen; y grows to the front, the top.
    const { image, reference, prediction, at } = scan([3, 4, 5], diagonal(2, 3, 5));
    reference[at(0, 0, 1)] = 1;
    reference[at(0, 0, 3)] = 1;
    prediction[at(1, 0, 3)] = 1;
    image.data[at(0, 0, 3)] = 100;
    const picture = makePicture({ image, reference, prediction });
    expect([picture.width, picture.height]).toEqual([3, 2]);
    expect(picture.spacing).toEqual([2, 3]);
    // Voxel x = 0, y = 0 is left and back: the last column of the last row.
    expect([...picture.reference]).toEqual([0, 0, 0, 0, 0, 1]);
    expect([...picture.prediction]).toEqual([0, 0, 0, 0, 1, 0]);
    expect(picture.image[5]).toBe(255);
    expect(picture.image[0]).toBe(0);
    expect(picture.probability).toBeUndefined();
  });

  it('gives the same picture of the same anatomy stored in another orientation', () => {
    const ras = scan([3, 3, 3], diagonal(1, 1, 1));
    // Memory axes (S, L, P): the same voxels, permuted and flipped.
    const slp = scan([3, 3, 3], [0, -1, 0, 2, 0, 0, -1, 2, 1, 0, 0, 0, 0, 0, 0, 1]);
    for (let z = 0; z < 3; z++) {
      for (let y = 0; y < 3; y++) {
        for (let x = 0; x < 3; x++) {
          const [from, to] = [ras.at(x, y, z), slp.at(z, 2 - x, 2 - y)];
          ras.image.data[from] = slp.image.data[to] = from;
          ras.reference[from] = slp.reference[to] = z === 1 && x > 0 ? 1 : 0;
          ras.prediction[from] = slp.prediction[to] = z === 1 && y > 0 ? 1 : 0;
        }
      }
    }
    expect(makePicture(slp)).toEqual(makePicture(ras));
  });

  it('keeps surroundings of the organ, not the whole field of view, and probabilities as bytes', () => {
    const { image, reference, prediction, at } = scan([100, 100, 1], diagonal(1, 1, 1));
    for (let y = 40; y < 60; y++) for (let x = 40; x < 60; x++) reference[at(x, y, 0)] = 1;
    const probability = new Float32Array(reference.length).fill(0.2);
    const picture = makePicture({ image, reference, prediction, probability });
    expect([picture.width, picture.height]).toEqual([40, 40]);
    expect(picture.reference.reduce((sum, v) => sum + v, 0)).toBe(400);
    expect(new Set(picture.probability)).toEqual(new Set([51]));
    expect(new Set(picture.image)).toEqual(new Set([0]));
  });

  it('averages large slices down and enlarges the pixels accordingly', () => {
    const { image, reference, prediction } = scan([600, 300, 1], diagonal(0.5, 0.5, 2));
    const picture = makePicture({ image, reference, prediction });
    expect([picture.width, picture.height]).toEqual([200, 100]);
    expect(picture.spacing).toEqual([1.5, 1.5]);
  });

  it('refuses arrays of another size', () => {
    const { image, reference } = scan([3, 3, 3], diagonal(1, 1, 1));
    expect(() => makePicture({ image, reference, prediction: new Uint8Array(5) })).toThrow(GeometryError);
  });

  it('stretches the grey values between the 1st and 99th percentile over 0 to 255, NaN left out', () => {
    const { image, reference, prediction, at } = scan([10, 10, 1], diagonal(1, 1, 1));
    reference.fill(1);
    for (let i = 0; i < 100; i++) image.data[i] = i + 100;
    image.data[at(0, 0, 0)] = Number.NaN;
    const picture = makePicture({ image, reference, prediction });
    const shown = (x: number, y: number) => picture.image[(9 - y) * 10 + (9 - x)];
    // A pixel without a finite voxel is 0, which the percentiles then count: they are 99.99 and 198.01.
    const low = 0.99 * 101;
    const high = 198.01;
    for (const [x, y] of [
      [5, 2],
      [0, 5],
      [7, 7],
    ])
      expect(Math.abs(shown(x, y) - (255 * (x + 10 * y + 100 - low)) / (high - low))).toBeLessThan(0.6);
    expect(shown(0, 0)).toBe(0);
    expect(shown(9, 9)).toBe(255);
  });

  it('of a constant slice is black, and of a large one the means of blocks', () => {
    const flat = scan([4, 4, 1], diagonal(1, 1, 1));
    flat.image.data.fill(7);
    expect(new Set(makePicture(flat).image)).toEqual(new Set([0]));
    const wide = scan([512, 512, 1], diagonal(1, 1, 1));
    wide.reference.fill(1);
    for (let y = 0; y < 512; y++)
      for (let x = 0; x < 512; x++) wide.image.data[wide.at(x, y, 0)] = (x % 2) + 2 * (x >> 1);
    const { width, height, spacing, image } = makePicture(wide);
    expect([width, height, ...spacing]).toEqual([256, 256, 2, 2]);
    // Along a row the means of neighbours rise by one step a column, from right to left.
    const row = image.subarray(0, 256);
    expect(row[0] - row[255]).toBe(255);
    expect(Math.abs(row[127] - 127.5)).toBeLessThan(2);
  });

  it('keeps the classes of several structures apart', () => {
    const { image, reference, prediction, at } = scan([4, 4, 1], diagonal(1, 1, 1));
    reference[at(0, 0, 0)] = 1;
    reference[at(1, 0, 0)] = 2;
    prediction[at(2, 0, 0)] = 3;
    const picture = makePicture({ image, reference, prediction, classes: 3 });
    expect(picture.classes).toBe(3);
    expect([...picture.reference].filter((value) => value > 0).sort()).toEqual([1, 2]);
    expect([...picture.prediction].filter((value) => value > 0)).toEqual([3]);
    expect(makePicture({ image, reference, prediction: reference }).classes).toBeUndefined();
  });
});
