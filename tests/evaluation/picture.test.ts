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
});
