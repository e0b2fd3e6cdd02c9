/** Validation: when it happens, what it says, and that the best weights survive any interruption. */
import { describe, expect, it } from 'vitest';
import { CancelledError } from '../../src/errors.js';
import type { Architecture } from '../../src/networks/architecture.js';
import { defaultAdamW } from '../../src/networks/optimiser.js';
import { decodeCheckpoint, encodeCheckpoint, type TrainingState } from '../../src/training/checkpoint.js';
import { type TrainNetworkOptions, trainNetwork } from '../../src/training/train-network.js';
import {
  nextValidation,
  numberOfValidations,
  type ValidationRecord,
  validate,
  validationCost,
} from '../../src/training/validation.js';
import { runtime } from '../graph/support.js';
import { ballCase, ballPlan, ballTasks } from '../support/balls.js';
import { digest } from '../support/digest.js';
import { oneStructure } from '../support/labels.js';

const architecture: Architecture = { kind: 'unet', dimensions: 3, channels: [4, 8] };
const STEPS = 150;
/** Steps between checkpoints; there is one at each validation too. */
const EVERY = 20;
const options: TrainNetworkOptions = {
  runtime,
  architecture,
  tasks: ballTasks.slice(0, 2).map((task) => ({
    name: task.name,
    labels: oneStructure,
    patch: [16, 16, 16],
    cases: [0, 1, 2].map((i) => ballCase(task, i)),
  })),
  validation: ballTasks.slice(0, 2).map((task) => ({
    name: task.name,
    labels: oneStructure,
    plan: ballPlan(task),
    cases: [3, 4].map((i) => ballCase(task, i)),
  })),
  seed: 2,
  duration: { steps: STEPS },
  batch: 2,
  shares: [1, 1],
  loss: 'ce+dice',
  dropout: 0,
  learningRate: 2e-2,
  optimiser: defaultAdamW,
};

const untimed = ({ step, validation }: ValidationRecord) => ({ step, validation });
const summary = ({ step, validatedStep, weights, best }: TrainingState) => ({
  ...{ step, validatedStep, weights: digest(weights) },
  best: best && [best.step, best.score, digest(best.weights)],
});

const stateDigests = (state: TrainingState) => ({
  ...summary(state),
  others: [state.firstMoment, state.secondMoment, state.average].map(digest),
});

/** Goes on from a state to the next checkpoint, or to the end; validations on the way are added to the log. */
async function toNextCheckpoint(state: TrainingState, log: ValidationRecord[]): Promise<TrainingState> {
  const controller = new AbortController();
  let next: TrainingState | undefined;
  const run = trainNetwork({
    ...options,
    ...{ state, checkpointEvery: EVERY, signal: controller.signal, onValidation: (record) => void log.push(record) },
    async onCheckpoint(reached) {
      next ??= await decodeCheckpoint(await encodeCheckpoint(reached), 'checkpoint');
      controller.abort();
    },
  });
  const end = await run.catch((error: unknown) => {
    if (error instanceof CancelledError) return next!;
    throw error;
  });
  return next ?? end;
}

describe('validation steps', () => {
  it('are evenly spread, end with the run, and cost no more than their share', () => {
    for (const [steps, cost] of [
      [2400, 12],
      [2400, 50],
      [1000, 0.01],
      [777, 3.3],
      [100, 5],
    ]) {
      const validations = numberOfValidations(steps, cost);
      const points: number[] = [];
      for (let at = nextValidation(0, steps, validations); at <= steps; at = nextValidation(at, steps, validations)) {
        points.push(at);
      }
      expect(points.length).toBe(validations);
      expect(points.at(-1)).toBe(steps);
      expect(validations * cost).toBeLessThanOrEqual(0.05 * steps);
      const gaps = points.map((at, i) => at - (points[i - 1] ?? 0));
      expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(24);
    }
    expect(numberOfValidations(100, 6)).toBe(0);
    expect(numberOfValidations(1e6, 0)).toBe(0);
  });

  it('are priced by windows', () => {
    // Two tasks of two cases of one window each, two patches a step.
    expect(validationCost(options.validation!, options)).toBeCloseTo((0.4 * 4) / 2);
    expect(validationCost([], options)).toBe(0);
  });
});

describe('trainNetwork with validation cases', () => {
  it('logs it, keeps the best weights, and ends the same however it is interrupted', async () => {
    const records: ValidationRecord[] = [];
    const saved: Uint8Array[] = [];
    const whole = await trainNetwork({
      ...options,
      checkpointEvery: EVERY,
      onValidation: (record) => void records.push(record),
      onCheckpoint: async (state) => void saved.push(await encodeCheckpoint(state)),
    });
    expect(records.map(({ step }) => step)).toEqual([25, 50, 75, 100, 125, 150]);
    const best = records.reduce((a, b) => (b.validation.mean >= a.validation.mean ? b : a));
    expect(summary(whole).best!.slice(0, 2)).toEqual([best.step, best.validation.mean]);
    let highest = -1;
    for (const { validation, trainingSeconds, elapsedSeconds } of records) {
      expect(Object.keys(validation.dice)).toEqual(['bright', 'dark']);
      expect(validation.mean).toBeCloseTo((validation.dice.bright + validation.dice.dark) / 2, 12);
      expect(validation.best).toBe(validation.mean >= highest);
      highest = Math.max(highest, validation.mean);
      expect(trainingSeconds > 0 && elapsedSeconds > trainingSeconds).toBe(true);
    }
    expect(highest).toBeGreaterThan(0.5);
    // What was chosen is what these weights do.
    const again = await validate(options.validation!, whole.best!.weights, options);
    expect(again).toEqual(best.validation.dice);

    // Killed at any checkpoint, through its bytes, a run comes to the very next one, and so to the same end.
    const states: TrainingState[] = [];
    for (const bytes of saved) states.push(await decodeCheckpoint(bytes, 'checkpoint'));
    expect(states.length).toBeGreaterThan(records.length);
    const log: ValidationRecord[] = [];
    for (const [i, state] of states.entries()) {
      const end = i + 1 < states.length ? states[i + 1] : whole;
      expect(stateDigests(await toNextCheckpoint(state, log)), `from step ${state.step}`).toEqual(stateDigests(end));
    }
    // All but those that were done before the first checkpoint.
    expect(log.map(untimed)).toEqual(records.filter(({ step }) => step > states[0].validatedStep).map(untimed));
  }, 120_000);

  it('cancelled when a validation is due does it when resumed', async () => {
    const controller = new AbortController();
    let first: number | undefined;
    const records: ValidationRecord[] = [];
    await trainNetwork({ ...options, duration: { steps: 50 }, onValidation: (r) => void records.push(r) });
    [{ step: first }] = records;
    let kept: TrainingState | undefined;
    const run = trainNetwork({
      ...options,
      duration: { steps: 50 },
      signal: controller.signal,
      onStep: ({ step }) => void (step === first && controller.abort()),
      async onCheckpoint(state) {
        kept = state;
      },
    });
    await expect(run).rejects.toThrow(CancelledError);
    expect([kept!.step, kept!.validatedStep]).toEqual([first, 0]);
    const again: ValidationRecord[] = [];
    await trainNetwork({ ...options, duration: { steps: 50 }, state: kept, onValidation: (r) => void again.push(r) });
    expect(again.map(untimed)).toEqual(records.map(untimed));
  });
});
