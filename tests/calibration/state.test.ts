import { describe, expect, it } from 'vitest';
import { taskCalibrationSchema } from '../../src/calibration/state.js';
import { fitTemperature } from '../../src/calibration/temperature.js';
import { oneStructure } from '../support/labels.js';

const task = {
  temperature: 1.4,
  n: 12,
  nllBefore: 0.3,
  nllAfter: 0.2,
  eceBefore: 0.1,
  eceAfter: 0.02,
  keepLargest: true,
  meanDice: 0.86,
  estimatedDiceError: 0.04,
};

describe('calibration state', () => {
  it('survives JSON', () => {
    for (const state of [task, { ...task, meanDice: null }])
      expect(taskCalibrationSchema.parse(JSON.parse(JSON.stringify(state)))).toEqual(state);
  });

  it('accepts every temperature that a fit can give', () => {
    const logits = Float32Array.of(-1, 1);
    for (const reference of [Uint8Array.of(0, 1), Uint8Array.of(1, 0)]) {
      const fitted = { ...task, ...fitTemperature(oneStructure, [{ logits, reference }]) };
      expect(taskCalibrationSchema.safeParse(fitted).success).toBe(true);
    }
  });

  it.each([{ temperature: 0 }, { temperature: null }, { n: -1 }, { meanDice: 1.2 }])('refuses %o', (wrong) => {
    expect(taskCalibrationSchema.safeParse({ ...task, ...wrong }).success).toBe(false);
  });
});
