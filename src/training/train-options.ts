/** What a training run is asked for, and what it gives. */
import type { DatasetInput } from '../datasets/dataset.js';
import type { JobOptions } from '../job-options.js';
import type { Vec3 } from '../math/vector.js';
import type { Preset } from '../networks/architecture.js';
import type { LossName } from '../networks/losses.js';
import type { SpacingChoice } from '../preprocessing/spacing.js';

export type Balance = 'tasks' | 'cases';

/** Options of `train` and `plan`. */
export interface TrainOptions extends JobOptions {
  /** Data sets, one task each: folders, or values as `openDataset` gives them. */
  readonly datasets: readonly DatasetInput[];
  /** The model file to write. */
  readonly output: string;
  readonly preset?: Preset;
  /** Exactly one of `steps` and `minutes`; default: the preset's steps. Minutes count training alone. */
  readonly steps?: number;
  readonly minutes?: number;
  readonly seed?: number;
  /** Patches a step; default 2. */
  readonly batch?: number;
  /** Patch in voxels (x, y, z), for all tasks; default: chosen per task. */
  readonly patch?: Vec3;
  readonly spacing?: SpacingChoice;
  /** A file in the format of a run's `plans.json`: values of plans that are taken instead of derived ones. */
  readonly plans?: string;
  readonly balance?: Balance;
  readonly loss?: LossName;
  /** Probability that a channel is dropped, 0 to 0.9. */
  readonly dropout?: number;
  /** Peak of the learning rate. A resumed run may go on with a lower one; nothing else may change. */
  readonly learningRate?: number;
  /**
   * Training cases of each task that do not train and on which the best weights are chosen; 0 for none. Default: a
   * tenth, 2 to 5, of tasks with at least 10.
   */
  readonly validationCases?: number;
  /** Steps between two checkpoints; default 100. */
  readonly checkpointEvery?: number;
  /** A model file whose weights are the start (transfer learning). */
  readonly init?: string;
  /** Run folder; default: beside the output, `<output without .onnx>.run`. */
  readonly run?: string;
  /** Go on with the run in the run folder. */
  readonly resume?: boolean;
  /** Folder of prepared cases, kept from run to run, or false for none; default: the platform's cache folder. */
  readonly cache?: string | false;
  /** Bound of that folder in bytes; default 20 GB. */
  readonly cacheSize?: number;
}

/** What `train` made: the model, its run folder and its figures on calibration images. */
export interface TrainResult {
  readonly model: string;
  readonly run: string;
  readonly steps: number;
  /** The step whose weights the model has, and their mean validation Dice; null where nothing was validated. */
  readonly best: { readonly step: number; readonly validationDice: number } | null;
  /** Seconds of training, without preparation, validation and calibration. */
  readonly trainingSeconds: number;
  readonly tasks: readonly {
    readonly name: string;
    readonly temperature: number;
    readonly calibrationDice: number | null;
  }[];
}

export const DEFAULT_CACHE_BYTES = 20e9;
