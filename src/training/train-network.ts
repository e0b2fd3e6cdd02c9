/** Joint training: one network on all tasks, step by step, resumable at any step with the same result. */

import type { TrainingTask } from '../cases/training-task.js';
import { EngineError, throwIfCancelled } from '../errors.js';
import { labelNeeds } from '../labels/label-space.js';
import type { Architecture } from '../networks/architecture.js';
import { builtNetwork } from '../networks/built-network.js';
import type { LayersFactory } from '../networks/layers/layers.js';
import type { LossName } from '../networks/losses.js';
import { type AdamWSettings, learningRateAt } from '../networks/optimiser.js';
import { initialWeights } from '../networks/parameters.js';
import {
  bucketDice,
  GRADIENT_NORM,
  LOSS,
  nextOf,
  type stepNumbers,
  type stepVectors,
} from '../networks/tensor-names.js';
import type { Runtime, Value } from '../runtime/session.js';
import type { Batch } from './batch.js';
import { batchesOnDemand, type OpenBatchSource } from './batch-source.js';
import type { TrainingState } from './checkpoint.js';
import { bucketSlots, createSchedule } from './schedule.js';
import { SessionCache } from './session-cache.js';
import { planValidation, type ValidationRecord, type ValidationTask } from './validation.js';
import { averageWeights } from './weight-average.js';

export interface TrainNetworkOptions {
  readonly runtime: Runtime;
  readonly architecture: Architecture;
  /** How the engine computes the layers; default: by plain operators. */
  readonly layers?: LayersFactory;
  readonly tasks: readonly TrainingTask[];
  /** Cases that do not train and on which the best weights are chosen; default: none, the last weights count. */
  readonly validation?: readonly ValidationTask[];
  /** Where batches come from; default: each is made when its step begins. */
  readonly openBatches?: OpenBatchSource;
  readonly seed: number;
  /** Either a number of steps, or minutes that become a number of steps after the first {@link TIMED_STEPS}. */
  readonly duration: { readonly steps: number } | { readonly minutes: number };
  /** Patches a step. */
  readonly batch: number;
  /** Share of patches of each task, in any unit. */
  readonly shares: readonly number[];
  readonly loss: LossName;
  readonly dropout: number;
  readonly learningRate: number;
  readonly optimiser: AdamWSettings;
  /** Go on from here; default: fresh weights from the seed. */
  readonly state?: TrainingState;
  /** Weights to start from instead of fresh ones. */
  readonly initialWeights?: Float32Array;
  readonly signal?: AbortSignal;
  /** Called after each step. */
  readonly onStep?: (record: StepRecord) => void | Promise<void>;
  readonly onValidation?: (record: ValidationRecord) => void | Promise<void>;
  /** Called every `checkpointEvery` steps, after each validation, and before a cancelled run ends. */
  readonly onCheckpoint?: (state: TrainingState) => Promise<void>;
  readonly checkpointEvery?: number;
}

export interface StepRecord {
  /** Steps done, this one included. */
  readonly step: number;
  readonly steps: number | null;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Mean soft Dice of this step's patches, by task name. */
  readonly dice: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** Steps after which minutes are turned into a number of steps. */
export const TIMED_STEPS = 20;
/** Warm-up is at least as long as the timed steps, so that they do not depend on how many will follow. */
const WARMUP_STEPS = 20;

/**
 * Train until the last step; returns the final state. The same options and seed give the same weights, last, averaged
 * and best, bit for bit, also when the run was cancelled or killed and resumed.
 * @throws CancelledError after a last checkpoint where the signal fires; EngineError where the loss is no longer finite
 */
export async function trainNetwork(options: TrainNetworkOptions): Promise<TrainingState> {
  const { runtime, tasks, duration, signal } = options;
  const every = options.checkpointEvery ?? 100;
  const schedule = createSchedule(options.shares, options.batch);
  const needs = labelNeeds(tasks.map(({ labels }) => labels));
  const sessions = new SessionCache(runtime, { ...options, needs, dropout: options.dropout > 0 });
  const validation = planValidation(options);
  let state = options.state ?? freshState(options);
  const batches = (options.openBatches ?? batchesOnDemand)({ ...options, augment: true }, state.step);
  let saved = state;
  const save = async () => {
    if (saved === state || state.step === 0) return;
    if (!state.weights.every(Number.isFinite)) throw diverged(state.step, 'weights are no longer finite', saved.step);
    await options.onCheckpoint?.(state);
    saved = state;
  };
  try {
    for (;;) {
      const validate = validation.isDue(state);
      if (!validate && state.steps !== null && state.step >= state.steps) return state;
      if (validate || signal?.aborted) await save();
      throwIfCancelled(signal);
      if (validate) {
        const { next, record } = await validation.run(state);
        state = next;
        await options.onValidation?.(record);
        await save();
        continue;
      }
      // Opened before the clock starts: minutes become steps by the time that steps take, in however many sittings.
      const session = await sessions.for(bucketSlots(tasks, schedule(state.step)).map(({ bucket }) => bucket));
      const start = performance.now();
      const batch = await batches.batch(state.step);
      const learningRate = learningRateAt(state.step, {
        peak: options.learningRate,
        warmup: WARMUP_STEPS,
        // Warming up, the rate does not depend on the number of steps.
        steps: state.steps ?? Number.POSITIVE_INFINITY,
      });
      const results = await session.run({ ...batch.feeds, ...stateFeeds(state, learningRate, options.optimiser) });
      const [loss, gradientNorm] = [results[LOSS].data[0], results[GRADIENT_NORM].data[0]];
      if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
        throw diverged(state.step + 1, `loss ${loss}, gradient norm ${gradientNorm}`, saved.step);
      }
      const seconds = (performance.now() - start) / 1000;
      state = {
        ...state,
        step: state.step + 1,
        seconds: state.seconds + seconds,
        weights: results[nextOf('weights')].data,
        firstMoment: results[nextOf('firstMoment')].data,
        secondMoment: results[nextOf('secondMoment')].data,
        average: averageWeights(state.average, results[nextOf('weights')].data, state.step + 1),
      };
      if (state.steps === null && state.step >= TIMED_STEPS && 'minutes' in duration) {
        const perStep = state.seconds / state.step;
        state = { ...state, steps: Math.max(TIMED_STEPS, Math.round((duration.minutes * 60) / perStep)) };
        await save();
      }
      const { step, steps } = state;
      const dice = diceByTask(tasks, batch, results);
      try {
        await options.onStep?.({ step, steps, loss, gradientNorm, learningRate, dice, seconds });
      } catch (error) {
        // A log that cannot be written must not cost the steps since the last checkpoint, if that can be.
        await save().catch(() => undefined);
        throw error;
      }
      if (state.step % every === 0 || state.step === state.steps) await save();
      // Let timers and signals in: a run blocks the thread.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  } finally {
    await batches.close();
    await sessions.release();
  }
}

function diverged(step: number, found: string, kept: number): EngineError {
  const goOn =
    kept > 0
      ? `the checkpoint of step ${kept} is kept: go on from it with --resume and a lower --learning-rate`
      : 'start again with a lower --learning-rate';
  return new EngineError({ problem: `training diverged at step ${step} (${found})`, remedy: goOn });
}

function freshState(options: TrainNetworkOptions): TrainingState {
  const weights = options.initialWeights ?? initialWeights(builtNetwork(options.architecture).parameters, options.seed);
  return {
    step: 0,
    steps: 'steps' in options.duration ? options.duration.steps : null,
    seconds: 0,
    validationSeconds: 0,
    validatedStep: 0,
    best: null,
    weights,
    firstMoment: new Float32Array(weights.length),
    secondMoment: new Float32Array(weights.length),
    average: weights,
  };
}

function stateFeeds(
  state: TrainingState,
  learningRate: number,
  { beta1, beta2 }: AdamWSettings,
): Record<(typeof stepVectors | typeof stepNumbers)[number], Value> {
  const vector = (data: Float32Array): Value => ({ shape: [data.length], data });
  const scalar = (value: number) => vector(Float32Array.of(value));
  return {
    weights: vector(state.weights),
    firstMoment: vector(state.firstMoment),
    secondMoment: vector(state.secondMoment),
    learningRate: scalar(learningRate),
    correction1: scalar(1 - beta1 ** (state.step + 1)),
    correction2: scalar(1 - beta2 ** (state.step + 1)),
  };
}

function diceByTask(tasks: readonly TrainingTask[], batch: Batch, results: Readonly<Record<string, Value>>) {
  const values = new Map<string, number[]>();
  batch.buckets.forEach(({ name }, g) => {
    batch.tasks[g].forEach((task, i) => {
      const list = values.get(tasks[task].name) ?? [];
      values.set(tasks[task].name, [...list, results[bucketDice(name)].data[i]]);
    });
  });
  return Object.fromEntries([...values].map(([name, list]) => [name, list.reduce((a, b) => a + b, 0) / list.length]));
}
