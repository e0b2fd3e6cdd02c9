/**
 * Held-out cases segmented as at inference while training goes on: what the run has learned, on whole images. When that
 * happens is counted in windows, not measured by the clock, so that equal seeds choose equal weights on any machine.
 */

import type { TrainingTask } from '../cases/training-task.js';
import { openNetwork } from '../inference/network.js';
import { runWindows } from '../inference/scan.js';
import { type LabelSpace, logitCount } from '../labels/label-space.js';
import { maskOfLogits } from '../labels/probability.js';
import { mean } from '../math/statistics.js';
import { count } from '../math/vector.js';
import { structureDices } from '../metrics/structures.js';
import type { Architecture } from '../networks/architecture.js';
import { built } from '../networks/network.js';
import type { Plan } from '../preprocessing/plan.js';
import type { LabelledSample } from '../preprocessing/sample.js';
import { countWindows } from '../preprocessing/windows.js';
import type { Runtime } from '../runtime/session.js';
import type { TrainingState } from './checkpoint.js';

export interface ValidationTask {
  readonly name: string;
  readonly labels: LabelSpace;
  readonly plan: Pick<Plan, 'patch' | 'overlap'>;
  /** Under the plan. */
  readonly cases: readonly LabelledSample[];
}

/** At most this share of the time of training goes into validation. */
const TIME_SHARE = 0.05;
/** Time of a window at inference over that of its voxels in a training step. */
const WINDOW_COST = 0.4;
/** More often than this tells nothing new. */
const LEAST_INTERVAL = 25;

/** What one validation costs, in training steps. */
export function validationCost(
  validation: readonly ValidationTask[],
  training: { readonly tasks: readonly TrainingTask[]; readonly shares: readonly number[]; readonly batch: number },
): number {
  const total = training.shares.reduce((a, b) => a + b, 0);
  const voxels = training.tasks.reduce((sum, { patch }, i) => sum + (training.shares[i] / total) * count(patch), 0);
  const windows = validation.reduce(
    (sum, { plan: { patch, overlap }, cases }) =>
      sum +
      count(patch) * cases.reduce((windowsOf, { grid }) => windowsOf + countWindows(grid.size, patch, overlap), 0),
    0,
  );
  return (WINDOW_COST * windows) / (training.batch * voxels);
}

/** Validations of a run of `steps`, each of a cost in steps; 0 where not even one is worth its time. */
export function numberOfValidations(steps: number, cost: number): number {
  return cost === 0 ? 0 : Math.floor(Math.min((TIME_SHARE * steps) / cost, steps / LEAST_INTERVAL));
}

/** The first step after `step` that is validated, infinity after the last: evenly spread, the last step among them. */
export function nextValidation(step: number, steps: number, validations: number): number {
  const interval = steps / validations;
  const index = Math.floor(step / interval);
  const later = [index, index + 1, index + 2].map((i) => Math.round(i * interval)).find((at) => at > step)!;
  return later <= steps ? later : Number.POSITIVE_INFINITY;
}

/** What a validation found; a line of the run's log. */
export interface ValidationRecord {
  readonly step: number;
  readonly validation: {
    /** Mean Dice by task. */
    readonly dice: Readonly<Record<string, number>>;
    /** Mean over tasks. */
    readonly mean: number;
    /** Whether no earlier weights did better. */
    readonly best: boolean;
  };
  /** Seconds of steps since the start of training, over all sittings. */
  readonly trainingSeconds: number;
  /** The same with validations, this one included. */
  readonly elapsedSeconds: number;
}

export interface ValidationPlan {
  /** Whether this state is to be validated before its next step. */
  isDue(state: TrainingState): boolean;
  /** The state with what was found in it. */
  run(state: TrainingState): Promise<{ readonly next: TrainingState; readonly record: ValidationRecord }>;
}

/** When and how a run validates: a function of options and steps alone. */
export function planValidation(options: {
  readonly architecture: Architecture;
  readonly runtime: Runtime;
  readonly tasks: readonly TrainingTask[];
  readonly shares: readonly number[];
  readonly batch: number;
  readonly validation?: readonly ValidationTask[];
  readonly signal?: AbortSignal;
}): ValidationPlan {
  const tasks = options.validation ?? [];
  const cost = validationCost(tasks, options);
  return {
    isDue({ step, steps, validatedStep }) {
      const validations = steps === null ? 0 : numberOfValidations(steps, cost);
      return validations > 0 && step >= nextValidation(validatedStep, steps!, validations);
    },
    async run(state) {
      const start = performance.now();
      const dices = await validate(tasks, state.average, options);
      const score = mean(Object.values(dices));
      const { step, average, seconds } = state;
      const best = state.best === null || score >= state.best.score;
      const validationSeconds = state.validationSeconds + (performance.now() - start) / 1000;
      return {
        next: {
          ...state,
          validationSeconds,
          validatedStep: step,
          best: best ? { step, score, weights: average } : state.best,
        },
        record: {
          step,
          validation: { dice: dices, mean: score, best },
          trainingSeconds: seconds,
          elapsedSeconds: seconds + validationSeconds,
        },
      };
    },
  };
}

/** Mean Dice by task over whole images, on the plan's grid; the mean over a task's structures. */
export async function validate(
  tasks: readonly ValidationTask[],
  weights: Float32Array,
  {
    architecture,
    runtime,
    signal,
  }: { readonly architecture: Architecture; readonly runtime: Runtime; readonly signal?: AbortSignal },
): Promise<Record<string, number>> {
  const byTask: Record<string, number> = {};
  for (const { name, labels, plan, cases } of tasks) {
    if (cases.length === 0) continue;
    // One task's windows at a time: training's sessions keep their memory meanwhile.
    const network = await openNetwork({ network: built(architecture), weights }, runtime);
    try {
      const dices: number[] = [];
      for (const sample of cases) {
        const run = async (window: Float32Array) => (await network.run(window, plan.patch)).logits;
        const logits = await runWindows(sample, plan, run, { channels: network.heads, signal });
        const mask = maskOfLogits(labels, logits.subarray(0, logitCount(labels) * sample.image.length));
        const ofStructures = structureDices(labels, mask, sample.labels, sample.annotated);
        const known = ofStructures.filter((value) => value !== null);
        if (known.length > 0) dices.push(mean(known));
      }
      if (dices.length > 0) byTask[name] = mean(dices);
    } finally {
      await network.release();
    }
  }
  return byTask;
}
