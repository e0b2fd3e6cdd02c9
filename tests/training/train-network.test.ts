/** A run of training steps: what it learns, and that nothing but its settings decides what comes out. */
import { describe, expect, it } from 'vitest';
import { CancelledError, EngineError } from '../../src/errors.js';
import { openNetwork } from '../../src/inference/network.js';
import { slidingWindow } from '../../src/inference/sliding-window.js';
import { dice } from '../../src/metrics/overlap.js';
import type { Architecture } from '../../src/networks/architecture.js';
import { built } from '../../src/networks/network.js';
import { defaultAdamW } from '../../src/networks/optimiser.js';
import { decodeCheckpoint, encodeCheckpoint, type TrainingState } from '../../src/training/checkpoint.js';
import {
  type StepRecord,
  TIMED_STEPS,
  type TrainNetworkOptions,
  trainNetwork,
} from '../../src/training/train-network.js';
import { runtime } from '../graph/support.js';
import { ballCase, ballTasks } from '../support/balls.js';
import { digest } from '../support/digest.js';
import { oneStructure } from '../support/labels.js';

const architecture: Architecture = { kind: 'unet', dimensions: 3, channels: [4, 8] };

/** Two tasks of different patches, so that a step has two groups. */
const options: TrainNetworkOptions = {
  runtime,
  architecture,
  tasks: [
    { name: 'bright', labels: oneStructure, patch: [8, 8, 8], cases: [0, 1].map((i) => ballCase(ballTasks[0], i)) },
    { name: 'dark', labels: oneStructure, patch: [8, 10, 6], cases: [0, 1].map((i) => ballCase(ballTasks[1], i)) },
  ],
  seed: 4,
  duration: { steps: 24 },
  batch: 2,
  shares: [1, 1],
  loss: 'ce+dice',
  dropout: 0.1,
  learningRate: 2e-3,
  optimiser: defaultAdamW,
};

const digests = ({ weights, firstMoment, secondMoment, average }: TrainingState) =>
  [weights, firstMoment, secondMoment, average].map(digest);

/** Stop after `step` steps; the last checkpoint, through its bytes, and the steps done. */
async function stopAfter(step: number, changes: Partial<TrainNetworkOptions> = {}) {
  const controller = new AbortController();
  const records: StepRecord[] = [];
  let bytes: Uint8Array | undefined;
  const run = trainNetwork({
    ...options,
    ...changes,
    signal: controller.signal,
    onStep(record) {
      records.push(record);
      if (record.step === step) controller.abort();
    },
    async onCheckpoint(state) {
      bytes = await encodeCheckpoint(state);
    },
  });
  await expect(run).rejects.toThrow(CancelledError);
  return { state: await decodeCheckpoint(Buffer.from(bytes!), 'checkpoint'), records };
}

describe('trainNetwork', () => {
  it('gives the same weights for the same seed, bit for bit, and others for another', async () => {
    const [once, again] = [await trainNetwork(options), await trainNetwork(options)];
    expect(digests(again)).toEqual(digests(once));
    expect(once.step).toBe(24);
    const other = await trainNetwork({ ...options, seed: 5, duration: { steps: 2 } });
    const same = await trainNetwork({ ...options, duration: { steps: 2 } });
    expect(digests(other)).not.toEqual(digests(same));
  });

  it.each([1, 13, 23])(
    'stopped after step %i and resumed gives what an undisturbed run gives, bit for bit',
    async (k) => {
      const undisturbed: StepRecord[] = [];
      const expected = await trainNetwork({ ...options, onStep: (record) => void undisturbed.push(record) });
      const { state, records } = await stopAfter(k);
      expect(state.step).toBe(k);
      const resumed = await trainNetwork({ ...options, state, onStep: (record) => void records.push(record) });
      expect(digests(resumed)).toEqual(digests(expected));
      const untimed = ({ seconds: _seconds, ...record }: StepRecord) => record;
      expect(records.map(untimed)).toEqual(undisturbed.map(untimed));
      expect(resumed.seconds).toBeCloseTo(
        records.reduce((sum, { seconds }) => sum + seconds, 0),
        6,
      );
    },
  );

  it('saves every so many steps and at the end, and does nothing more once done', async () => {
    const saved: number[] = [];
    const onCheckpoint = async ({ step }: TrainingState) => void saved.push(step);
    const state = await trainNetwork({ ...options, duration: { steps: 7 }, checkpointEvery: 3, onCheckpoint });
    expect(saved).toEqual([3, 6, 7]);
    expect(await trainNetwork({ ...options, state, onCheckpoint })).toBe(state);
    expect(saved).toEqual([3, 6, 7]);
  });

  it('says of each step what it did', async () => {
    const records: StepRecord[] = [];
    await trainNetwork({ ...options, duration: { steps: 30 }, onStep: (record) => void records.push(record) });
    expect(records.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    for (const { steps, loss, gradientNorm, dice: byTask, learningRate, seconds } of records) {
      expect(steps).toBe(30);
      expect(loss).toBeGreaterThan(0);
      expect(gradientNorm).toBeGreaterThan(0);
      expect(Object.keys(byTask)).toEqual(['bright', 'dark']);
      for (const value of Object.values(byTask)) expect(value > 0 && value < 1).toBe(true);
      expect(learningRate > 0 && learningRate <= options.learningRate).toBe(true);
      expect(seconds).toBeGreaterThan(0);
    }
    expect(records[29].learningRate).toBeLessThan(records[22].learningRate);
  });

  it('turns minutes into steps after the first twenty, and keeps them when resumed', async () => {
    const minutes = 0.01;
    const { state, records } = await stopAfter(TIMED_STEPS + 2, { duration: { minutes } });
    expect(records.slice(0, TIMED_STEPS - 1).every(({ steps }) => steps === null)).toBe(true);
    const { steps } = records[TIMED_STEPS - 1];
    expect(records.slice(TIMED_STEPS).every((record) => record.steps === steps)).toBe(true);
    const timed = records.slice(0, TIMED_STEPS).reduce((sum, { seconds }) => sum + seconds, 0);
    expect(steps).toBe(Math.max(TIMED_STEPS, Math.round((60 * minutes * TIMED_STEPS) / timed)));
    const end = await trainNetwork({ ...options, duration: { minutes }, state });
    expect([end.step, end.steps]).toEqual([steps, steps]);
    // The number written down is all that time decides.
    const asSteps = await trainNetwork({ ...options, duration: { steps: steps! } });
    expect(digests(asSteps)).toEqual(digests(end));
  });

  it.each([5, TIMED_STEPS - 1])('times the first twenty steps also when stopped after step %i of them', async (k) => {
    const duration = { minutes: 0.02 };
    const before = await stopAfter(k, { duration });
    expect(before.state.steps).toBeNull();
    const after = await stopAfter(TIMED_STEPS, { duration, state: before.state });
    const timed = [...before.records, ...after.records].reduce((sum, { seconds }) => sum + seconds, 0);
    expect(after.state.steps).toBe(Math.max(TIMED_STEPS, Math.round((60 * 0.02 * TIMED_STEPS) / timed)));
  });

  it('starts from other weights where they are given', async () => {
    const { weights } = await trainNetwork({ ...options, duration: { steps: 3 } });
    const transferred = await trainNetwork({ ...options, duration: { steps: 1 }, initialWeights: weights });
    const fresh = await trainNetwork({ ...options, duration: { steps: 1 } });
    expect(digest(transferred.weights)).not.toBe(digest(fresh.weights));
    const moved = Math.max(...transferred.weights.map((value, i) => Math.abs(value - weights[i])));
    // The first step of the warm-up, by Adam at most the learning rate long, and weight decay.
    expect(moved).toBeLessThan(2 * (options.learningRate / 20));
  });

  it('ends a run whose loss is no longer finite, and says what to do', async () => {
    const diverging = trainNetwork({ ...options, learningRate: 1e30 });
    await expect(diverging).rejects.toThrow(EngineError);
    await expect(diverging).rejects.toThrow(/diverged at step \d+.*lower --learning-rate/);
  });

  it('learns two cases by heart', async () => {
    const wider: Architecture = { ...architecture, channels: [8, 16] };
    const cases = [0, 1].map((i) => ballCase(ballTasks[0], i));
    const { weights } = await trainNetwork({
      ...options,
      architecture: wider,
      tasks: [{ name: 'bright', labels: oneStructure, patch: [16, 16, 16], cases }],
      shares: [1],
      duration: { steps: 150 },
      learningRate: 1e-2,
      dropout: 0,
    });
    const network = await openNetwork({ network: built(wider), weights }, runtime);
    for (const sample of cases) {
      const windows = { patch: [16, 16, 16], overlap: 0.5 } as const;
      const logits = await slidingWindow(sample, windows, async (window) => {
        return (await network.run(window, [16, 16, 16])).logits;
      });
      const mask = Uint8Array.from(logits, (logit) => (logit > 0 ? 1 : 0));
      expect(dice(mask, sample.labels)).toBeGreaterThan(0.99);
    }
    await network.release();
  });
});
