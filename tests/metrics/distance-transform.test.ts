import { describe, expect, it } from 'vitest';
import { GeometryError } from '../../src/errors.js';
import type { Vec3 } from '../../src/math/vector.js';
import { squaredDistanceTransform } from '../../src/metrics/distance-transform.js';
import golden from './golden.json' with { type: 'json' };
import { unpackMask } from './masks.js';

describe('Euclidean distance transform', () => {
  it.each(golden.transforms)('agrees with scipy for size $size and spacing $spacing', (expected) => {
    const size = expected.size as unknown as Vec3;
    const features = unpackMask(expected.features, size);
    const found = squaredDistanceTransform(features, size, expected.spacing as unknown as Vec3);
    expect(found.length).toBe(expected.squared.length);
    for (const [i, value] of expected.squared.entries()) expect(found[i]).toBeCloseTo(value, 9);
  });

  it('is infinite without features and zero on them', () => {
    expect(squaredDistanceTransform(new Uint8Array(8), [2, 2, 2], [1, 1, 1])).toEqual(
      new Float64Array(8).fill(Infinity),
    );
    expect(squaredDistanceTransform(new Uint8Array(8).fill(1), [2, 2, 2], [1, 1, 1])).toEqual(new Float64Array(8));
  });

  it('refuses a size that does not match', () => {
    expect(() => squaredDistanceTransform(new Uint8Array(8), [2, 2, 3], [1, 1, 1])).toThrow(GeometryError);
  });
});
