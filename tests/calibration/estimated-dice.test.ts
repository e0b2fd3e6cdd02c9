import { describe, expect, it } from 'vitest';
import { estimatedDice, estimatedDices } from '../../src/calibration/estimated-dice.js';
import { oneStructure, threeStructures } from '../support/labels.js';

const size = [6, 1, 1] as const;
const mask = Uint8Array.of(1, 1, 0, 0, 2, 0);
/** A plane a structure. */
const probability = Float32Array.of(
  ...[0.9, 0.7, 0.3, 0.1, 0, 0],
  ...[0.05, 0.2, 0.1, 0.2, 0.8, 0.4],
  ...[0.05, 0.1, 0.1, 0.1, 0.1, 0.1],
);

describe('the Dice to expect', () => {
  it('is that of each structure that was found, near its mask, and their mean', () => {
    // Dilated by one voxel: the first three, and the last three.
    const first = (2 * (0.9 + 0.7)) / (0.9 + 0.7 + 0.3 + 2);
    const second = (2 * 0.8) / (0.2 + 0.8 + 0.4 + 1);
    const planeOf = (s: number) => probability.subarray(6 * s, 6 * s + 6);
    const found = estimatedDices(threeStructures, planeOf, mask, size, 1);
    expect(found[0]).toBeCloseTo(first, 6);
    expect(found[1]).toBeCloseTo(second, 6);
    expect(found[2]).toBeNull();
    expect(estimatedDice(threeStructures, probability, mask, size, 1)).toBeCloseTo((first + second) / 2, 6);
  });

  it('is none of an empty mask', () => {
    expect(estimatedDice(oneStructure, probability.subarray(0, 6), new Uint8Array(6), size)).toBeNull();
  });

  it('wants a plane of probabilities a structure', () => {
    expect(() => estimatedDice(threeStructures, probability.subarray(1), mask, size)).toThrow(
      /estimated Dice: .*3 structures \(18\), found 17/,
    );
  });
});
