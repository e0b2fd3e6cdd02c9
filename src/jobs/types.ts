/** What every job takes and tells, whichever door called it. */

import type { Vec3 } from '../math/vector.js';
import type { Preset } from '../networks/architecture.js';
import type { LossName } from '../networks/losses.js';
import type { Plan } from '../preprocessing/plan.js';
import type { OutputFormat } from '../volume/file-names.js';

/** One sign of life. Doors work out rate and time left from `done` and `total`. */
export interface Progress {
  readonly stage: 'phantoms' | 'check' | 'prepare' | 'train' | 'calibrate' | 'predict' | 'evaluate';
  readonly done: number;
  readonly total: number;
  /** What was just done, such as a case's name. */
  readonly item?: string;
  /** While training: smoothed loss, and soft Dice of recent training patches by task. */
  readonly loss?: number;
  readonly dice?: Readonly<Record<string, number>>;
}

/** Options that all jobs share. */
export interface JobOptions {
  /** Threads within an operator; default: one per core. In a check: threads that read voxels; default: 1. */
  readonly threads?: number;
  readonly device?: 'cpu' | 'webgpu' | 'cuda';
  readonly signal?: AbortSignal;
  /** Called after each unit of work. */
  readonly onProgress?: (progress: Progress) => void;
  /** A remark for the user, such as a warning of the data-set check. */
  readonly onNote?: (note: string) => void;
}

export type Balance = 'tasks' | 'cases';
export type SpacingChoice = 'common' | 'per-task' | Vec3;

/** Options of `train` and `plan`. */
export interface TrainOptions extends JobOptions {
  /** Data-set folders, one task each. */
  readonly datasets: readonly string[];
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

export const DEFAULT_CACHE_BYTES = 20e9;

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

/** What `plan` decided and where it is written. */
export interface PlanResult {
  readonly run: string;
  /** Paths of the two files. */
  readonly fingerprints: string;
  readonly plans: string;
  readonly tasks: readonly { readonly name: string; readonly plan: Plan }[];
}

/** Options of `predict`. */
export interface PredictOptions extends JobOptions {
  /** The model file. */
  readonly model: string;
  /** Further model files of the same tasks, which make an ensemble with `model`: all segment, `model` alone judges. */
  readonly others?: readonly string[];
  /** Image files or folders of them. */
  readonly inputs: readonly string[];
  /** Folder for masks and verdicts. */
  readonly output: string;
  readonly task?: string;
  readonly alpha?: number;
  readonly saveProbabilities?: boolean;
  /** Also write where in the image the strangeness is, relative to the rest of it; larger is stranger, no p-value. */
  readonly saveOodMap?: boolean;
  /** Format of masks and maps; default: each image's own. */
  readonly format?: OutputFormat;
  /** `refuse`: no mask is written for an out-of-distribution image. */
  readonly onOod?: 'warn' | 'refuse';
  /** Keep only the largest connected component of each mask; default: as calibration found it better for the task. */
  readonly keepLargest?: boolean;
  /** Skip cases whose results are there already. */
  readonly continue?: boolean;
  readonly numParts?: number;
  readonly partId?: number;
  /** Added to stored values of every image instead of the plan's own offset. */
  readonly intensityOffset?: number;
  /** Passes of Monte-Carlo dropout that probabilities are means over; needs models trained with dropout. */
  readonly mc?: number;
  /** Seed of `mc`; default 0. */
  readonly seed?: number;
}

/** Options of `evaluate`. */
export interface EvaluateOptions extends JobOptions {
  readonly model: string;
  readonly datasets: readonly string[];
  /** Folder for `summary.json`, `cases.csv` and `report.html`. */
  readonly output: string;
  /** Folders of images without labels that the model does not know. */
  readonly ood?: readonly string[];
  readonly alpha?: number;
  readonly seed?: number;
}

/** Options of `check`. */
export interface CheckOptions extends JobOptions {
  readonly datasets: readonly string[];
  /** Headers only. */
  readonly quick?: boolean;
  /** Seed of the split where a data set brings none; as in `train`. */
  readonly seed?: number;
}
