import { describe, expect, it } from 'vitest';
import { calibratedProbability } from '../../src/calibration/calibrated-probability.js';
import { GeometryError, UsageError } from '../../src/errors.js';
import type { Vec3 } from '../../src/math/vector.js';
import { oneStructure } from '../support/labels.js';

const size: Vec3 = [21, 3, 3];
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

/** Background of logit -6 with one foreground column of logit 4 in the middle of the x axis. */
const logits = Float32Array.from({ length: 21 * 9 }, (_, i) => (i % 21 === 10 ? 4 : -6));

describe('calibratedProbability', () => {
  it('divides logits by the temperature within three voxels of the mask, and leaves those beyond', () => {
    const probability = calibratedProbability(oneStructure, logits, 2, size);
    for (let x = 0; x < 21; x++) {
      const logit = logits[x];
      expect(probability[x]).toBeCloseTo(sigmoid(Math.abs(x - 10) <= 3 ? logit / 2 : logit), 6);
    }
  });

  it('keeps the mask, and changes nothing where there is none', () => {
    const mask = (values: Float32Array, threshold: number) => Array.from(values, (v) => v > threshold);
    expect(mask(calibratedProbability(oneStructure, logits, 20, size), 0.5)).toEqual(mask(logits, 0));
    const empty = logits.map(() => -3);
    expect(calibratedProbability(oneStructure, empty, 5, size)).toEqual(empty.map(sigmoid));
  });

  it('refuses a temperature that is not positive, and a size that does not match', () => {
    expect(() => calibratedProbability(oneStructure, logits, 0, size)).toThrow(UsageError);
    expect(() => calibratedProbability(oneStructure, logits, 1, [2, 2, 2])).toThrow(GeometryError);
  });
});
