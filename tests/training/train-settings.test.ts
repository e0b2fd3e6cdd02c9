/** What a run is begun with: the duration, and what may not be given together. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { presets } from '../../src/networks/architecture.js';
import { checkTrainOptions, trainSettings } from '../../src/training/train-settings.js';

const circumstances = {
  init: null,
  threads: 2,
  layers: 'plain' as const,
  device: 'cpu' as const,
  datasets: [],
  version: '0.1.0',
};
const options = { datasets: ['a'], output: 'm.onnx' };

describe('the settings of a run', () => {
  it('have the steps of their preset, those asked for, or minutes in their place', () => {
    expect(trainSettings(options, circumstances)).toMatchObject({ preset: 'small', steps: presets.small.steps });
    expect(trainSettings({ ...options, preset: 'tiny' }, circumstances).steps).toBe(presets.tiny.steps);
    expect(trainSettings({ ...options, steps: 7 }, circumstances).steps).toBe(7);
    const timed = trainSettings({ ...options, minutes: 3 }, circumstances);
    expect(timed.minutes).toBe(3);
    expect('steps' in timed).toBe(false);
    expect('minutes' in trainSettings(options, circumstances)).toBe(false);
  });

  it('have the defaults of their options, the patch of the preset, and as many logits as asked for', () => {
    const settings = trainSettings(options, circumstances, 3);
    expect(settings).toMatchObject({
      seed: 0,
      batch: 2,
      balance: 'tasks',
      loss: 'ce+dice',
      dropout: 0,
      ...circumstances,
    });
    expect(settings.patchVoxels).toBe(presets.small.patchVoxels);
    expect(settings.architecture).toEqual({ ...presets.small.architecture, heads: 3 });
    expect(trainSettings(options, circumstances).architecture).toEqual(presets.small.architecture);
    expect(settings.structures ?? null).toBeNull();
    expect(trainSettings({ ...options, structures: 'each' }, circumstances).structures).toBe('each');
  });

  it('are refused with both steps and minutes, and with a value that is wrong', () => {
    expect(() => checkTrainOptions({ ...options, steps: 1, minutes: 1 })).toThrow(UsageError);
    expect(() => checkTrainOptions({ ...options, steps: 1 })).not.toThrow();
    expect(() => checkTrainOptions({ ...options, minutes: 1 })).not.toThrow();
    expect(() => checkTrainOptions(options)).not.toThrow();
    expect(() => trainSettings({ ...options, batch: 0 }, circumstances)).toThrow(/batch: expected a whole number/);
  });
});
