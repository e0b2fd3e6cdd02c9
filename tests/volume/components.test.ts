import { describe, expect, it } from 'vitest';
import { GeometryError } from '../../src/errors.js';
import { largestComponent } from '../../src/volume/components.js';
import { golden } from '../formats/golden.js';

describe('largestComponent', () => {
  it.each(golden.components)('$size with $components components as scipy.ndimage.label', ({ size, mask, largest }) => {
    expect(Array.from(largestComponent(Uint8Array.from(mask), size))).toEqual(largest);
  });

  it('keeps an empty mask empty and a full one full, as ones', () => {
    expect(largestComponent(new Uint8Array(24), [2, 3, 4])).toEqual(new Uint8Array(24));
    expect(largestComponent(new Uint8Array(24).fill(7), [2, 3, 4])).toEqual(new Uint8Array(24).fill(1));
  });

  it('joins the arms of a shape that scanning meets apart', () => {
    // A U in the x-z plane whose arms meet in the last slice, and a lone block that is larger than either arm.
    const mask = new Uint8Array(7 * 1 * 5);
    for (let z = 0; z < 5; z++) mask[7 * z] = mask[2 + 7 * z] = 1;
    mask[1 + 7 * 4] = 1;
    for (const i of [4, 5, 6, 11, 12, 13]) mask[i] = 1;
    const out = largestComponent(mask, [7, 1, 5]);
    expect(out.reduce((sum, value) => sum + value, 0)).toBe(11);
    expect(out[4]).toBe(0);
  });

  it('refuses a mask of another size', () => {
    expect(() => largestComponent(new Uint8Array(9), [2, 2, 2])).toThrow(GeometryError);
  });
});
