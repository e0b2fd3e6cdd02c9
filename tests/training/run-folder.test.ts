/** What a run may be resumed with. */
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { RunError } from '../../src/errors.js';
import { presets } from '../../src/networks/architecture.js';
import { parameterCount } from '../../src/networks/parameters.js';
import { unetParameters } from '../../src/networks/unet.js';
import type { TrainingState } from '../../src/training/checkpoint.js';
import { openRunFolder } from '../../src/training/run-folder.node.js';
import { type TrainSettings, trainSettings } from '../../src/training/train-settings.js';
import { temporaryFolder } from '../support/ball-data.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const settings = (learningRate: number): TrainSettings =>
  trainSettings(
    { datasets: [], output: 'm.onnx', preset: 'tiny', steps: 9, learningRate },
    { init: null, threads: 1, layers: 'plain', device: 'cpu', datasets: [], version: '0.0.0' },
  );
const values = new Float32Array(parameterCount(unetParameters(presets.tiny.architecture))).fill(0.5);
const state = (step: number, validatedStep: number): TrainingState => ({
  ...{ step, steps: 9, seconds: 1, validationSeconds: 0, validatedStep, best: null },
  ...{ weights: values, firstMoment: values, secondMoment: values, average: values },
});
const step = (n: number) => ({ step: n, steps: 9, loss: 1, gradientNorm: 1, learningRate: 1, dice: {}, seconds: 1 });
const validated = (n: number) => ({
  ...{ step: n, trainingSeconds: 1, elapsedSeconds: 2 },
  validation: { dice: { a: 0.5 }, mean: 0.5, best: true },
});

it('goes on with a lower learning rate, and from then on with that one; a higher one is refused', async () => {
  const run = path.join(folder.path, 'run');
  const first = await openRunFolder(run, settings(2e-3), false);
  await first.saveCheckpoint(state(3, 0));
  await expect(openRunFolder(run, settings(3e-3), true)).rejects.toThrow(RunError);
  await expect(openRunFolder(run, settings(3e-3), true)).rejects.toThrow(/learningRate was 0.002, is 0.003/);
  expect((await openRunFolder(run, settings(1e-3), true)).state!.step).toBe(3);
  await expect(openRunFolder(run, settings(2e-3), true)).rejects.toThrow(/learningRate was 0.001, is 0.002/);
});

it('is not resumed on another device; a run from before devices were written down ran on the CPU', async () => {
  const run = path.join(folder.path, 'device');
  const first = await openRunFolder(run, settings(1e-3), false);
  await first.saveCheckpoint(state(3, 0));
  const elsewhere = { ...settings(1e-3), device: 'webgpu' as const };
  await expect(openRunFolder(run, elsewhere, true)).rejects.toThrow(/device was "cpu", is "webgpu"/);
  const { device: _device, ...older } = settings(1e-3);
  await first.writeJson('run.json', older);
  await expect(openRunFolder(run, elsewhere, true)).rejects.toThrow(/device was "cpu", is "webgpu"/);
  expect((await openRunFolder(run, settings(1e-3), true)).state!.step).toBe(3);
});

it('keeps the records that the checkpoint includes: steps by its step, validations by the last one in it', async () => {
  const run = path.join(folder.path, 'log');
  const first = await openRunFolder(run, settings(1e-3), false);
  for (const record of [step(1), step(2), validated(2), step(3), step(4), validated(4), step(5)])
    await first.log(record);
  await first.saveCheckpoint(state(4, 2));
  const second = await openRunFolder(run, settings(1e-3), true);
  expect(second.history.map((record) => record.step)).toEqual([1, 2, 3, 4]);
  await second.log(validated(4));
  await second.saveCheckpoint(state(4, 4));
  const third = await openRunFolder(run, settings(1e-3), true);
  expect(third.history).toEqual([1, 2, 3, 4].map(step));
});
