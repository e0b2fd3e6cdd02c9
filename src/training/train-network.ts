/** Joint training: one network on all tasks, step by step, resumable at any step with the same result. */
import { EngineError, throwIfCancelled } from '../errors.js';
import type { Architecture } from '../networks/architecture.js';
import type { LayersFactory } from '../networks/layers/layers.js';
import type { LossName } from '../networks/losses.js';
import { type AdamWSettings, learningRateAt } from '../networks/optimiser.js';
import { initialWeights } from '../networks/parameters.js';
import { encodeTrainingGraph, type PatchGroup } from '../networks/training-graph.js';
import { unetParameters } from '../networks/unet.js';
import type { Runtime, Session, Value } from '../runtime/session.js';
import { type Batch, makeBatch } from './batch.js';
import type { TrainingState } from './checkpoint.js';
import { createSchedule, groupSlots } from './schedule.js';
import type { TrainingTask } from './task.js';

export interface TrainNetworkOptions {
  readonly runtime: Runtime;
  readonly architecture: Architecture;
  /** How the engine computes the layers; default: by plain operators. */
  readonly layers?: LayersFactory;
  readonly tasks: readonly TrainingTask[];
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
  /** Called every `checkpointEvery` steps, and before a cancelled run ends. */
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
 * Train until the last step; returns the final state. The same options and seed give the same weights, bit for bit,
 * also when the run was cancelled and resumed.
 * @throws CancelledError after a last checkpoint where the signal fires; EngineError where the loss is no longer finite
 */
export async function trainNetwork(options: TrainNetworkOptions): Promise<TrainingState> {
  const { runtime, architecture, tasks, seed, duration, signal } = options;
  const every = options.checkpointEvery ?? 100;
  const schedule = createSchedule(options.shares, options.batch);
  const sessions = new SessionCache(runtime, options);
  let state = options.state ?? freshState(options);
  let savedAt = state.step;
  const save = async () => {
    if (savedAt !== state.step) await options.onCheckpoint?.(state);
    savedAt = state.step;
  };
  try {
    while (state.steps === null || state.step < state.steps) {
      if (signal?.aborted) await save();
      throwIfCancelled(signal);
      const chosen = schedule(state.step);
      // Opened before the clock starts: minutes become steps by the time that steps take, in however many sittings.
      const session = await sessions.for(groupSlots(tasks, chosen).map(({ group }) => group));
      const start = performance.now();
      const batch = makeBatch(tasks, chosen, state.step, { ...options, seed, architecture, augment: true });
      const learningRate = learningRateAt(state.step, {
        peak: options.learningRate,
        warmup: WARMUP_STEPS,
        // Warming up, the rate does not depend on the number of steps.
        steps: state.steps ?? Number.POSITIVE_INFINITY,
      });
      const results = await session.run({ ...batch.feeds, ...stateFeeds(state, learningRate, options.optimiser) });
      const [loss, gradientNorm] = [results.loss.data[0], results.gradientNorm.data[0]];
      if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
        throw new EngineError(`Training diverged at step ${state.step + 1}: loss ${loss}; lower the learning rate.`);
      }
      const seconds = (performance.now() - start) / 1000;
      state = {
        step: state.step + 1,
        steps: state.steps,
        seconds: state.seconds + seconds,
        weights: results['weights/next'].data,
        firstMoment: results['firstMoment/next'].data,
        secondMoment: results['secondMoment/next'].data,
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
    return state;
  } finally {
    await sessions.release();
  }
}

function freshState(options: TrainNetworkOptions): TrainingState {
  const weights = options.initialWeights ?? initialWeights(unetParameters(options.architecture), options.seed);
  return {
    step: 0,
    steps: 'steps' in options.duration ? options.duration.steps : null,
    seconds: 0,
    weights,
    firstMoment: new Float32Array(weights.length),
    secondMoment: new Float32Array(weights.length),
  };
}

function stateFeeds(
  state: TrainingState,
  learningRate: number,
  { beta1, beta2 }: AdamWSettings,
): Record<string, Value> {
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
  batch.groups.forEach(({ name }, g) => {
    batch.tasks[g].forEach((task, i) => {
      const list = values.get(tasks[task].name) ?? [];
      values.set(tasks[task].name, [...list, results[`dice/${name}`].data[i]]);
    });
  });
  return Object.fromEntries([...values].map(([name, list]) => [name, list.reduce((a, b) => a + b, 0) / list.length]));
}

/** One session per composition of patch shapes; with as many patches a step as tasks there is only one. */
class SessionCache {
  private readonly sessions = new Map<string, Session>();

  constructor(
    private readonly runtime: Runtime,
    private readonly options: Pick<TrainNetworkOptions, 'architecture' | 'layers' | 'loss' | 'optimiser' | 'dropout'>,
  ) {}

  async for(groups: readonly PatchGroup[]): Promise<Session> {
    const key = groups.map(({ name, batch }) => `${batch}*${name}`).join('+');
    let session = this.sessions.get(key);
    if (!session) {
      const { architecture, layers, loss, optimiser, dropout } = this.options;
      session = await this.runtime.open(
        encodeTrainingGraph({ architecture, layers, loss, optimiser, groups, dropout: dropout > 0 }),
      );
      this.sessions.set(key, session);
    }
    return session;
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await session.release();
    this.sessions.clear();
  }
}
