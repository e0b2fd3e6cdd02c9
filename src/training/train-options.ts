/** What a training run is asked for, and what it gives. An option is a row here, and its use. */
import type { DatasetInput } from '../datasets/dataset.js';
import { absentChoices, structureChoices } from '../datasets/structures.js';
import type { JobOptions } from '../job-options.js';
import { presetNames } from '../networks/architecture.js';
import { lossNames } from '../networks/losses.js';
import {
  byteSize,
  oneOf,
  realNumber,
  spacingChoice,
  text,
  textOrNone,
  voxelTriple,
  wholeNumber,
  yes,
} from '../options/kinds.js';
import { needed, type OptionsOf, optional, recorded, recordedIfGiven } from '../options/options.js';

/** Options of `train` and `plan` beside its data sets, in the order of the help. */
export const trainOptions = {
  output: needed(text, '-o, --output <file>', 'model file to write, such as model.onnx'),
  preset: recorded(
    oneOf(presetNames),
    '--preset <name>',
    `size of network and patches: ${presetNames.join(' or ')}`,
    'small',
  ),
  /** Exactly one of `steps` and `minutes`. Minutes count training alone. */
  steps: optional(wholeNumber(1), '--steps <n>', "training steps (default: the preset's)"),
  minutes: optional(
    realNumber('a number of minutes above 0', (value) => value > 0),
    '--minutes <n>',
    'minutes of training instead of steps',
  ),
  seed: recorded(wholeNumber(0), '--seed <n>', 'seed of everything random', 0),
  /** At equal numbers of patches, more steps of few patches learn more. */
  batch: recorded(wholeNumber(1, 1024), '--batch <n>', 'patches a step', 2),
  patch: recordedIfGiven(voxelTriple, '--patch <x,y,z>', 'training patch in voxels (default: chosen per task)'),
  spacing: recorded(spacingChoice, '--spacing <choice>', 'voxel spacing: common, per-task, or x,y,z in mm', 'per-task'),
  /** In the format of a run's `plans.json`. */
  plans: optional(
    text,
    '--plans <file>',
    'take values of plans from this file instead (see plans.json in a run folder)',
  ),
  balance: recorded(
    oneOf(['tasks', 'cases']),
    '--balance <unit>',
    'give every task, or every case, the same share: tasks or cases',
    'tasks',
  ),
  structures: recordedIfGiven(
    oneOf(structureChoices),
    '--structures <choice>',
    'each: every named label is a structure of its own; target: the target, or all labels, as one (default: as dataset.json says)',
  ),
  absent: recordedIfGiven(
    oneOf(absentChoices),
    '--absent <meaning>',
    'a structure of which a reference has no voxel: background, or unlabelled, that is not annotated there (default: background)',
  ),
  loss: recorded(
    oneOf(lossNames),
    '--loss <name>',
    `${lossNames.slice(0, -1).join(', ')} or ${lossNames.at(-1)}`,
    lossNames[0],
  ),
  dropout: recorded(
    realNumber('a number from 0 to 0.9', (value) => value >= 0 && value <= 0.9),
    '--dropout <p>',
    'probability that a channel is dropped, 0 to 0.9',
    0,
  ),
  learningRate: recorded(
    realNumber('a number above 0', (value) => value > 0),
    '--learning-rate <rate>',
    'highest learning rate; lower it to go on with a run that diverged',
    2e-3,
    // A run that diverged must be able to go on more gently; the log says which rate each step had.
    { hidden: true, mayBecome: (before, now) => typeof before === 'number' && now < before },
  ),
  /** Training cases of each task that do not train and on which the best weights are chosen. */
  validationCases: recordedIfGiven(
    wholeNumber(0),
    '--validation-cases <n>',
    'training cases a task held out to choose the best weights, 0 for none (default: a tenth, 2 to 5, of 10 or more)',
  ),
  checkpointEvery: optional(wholeNumber(1), '--checkpoint-every <n>', 'steps between two checkpoints (default: 100)'),
  init: optional(text, '--init <model>', 'start from the weights of this model (transfer learning)'),
  run: optional(
    text,
    '--run <folder>',
    'folder of plans, log and checkpoints (default: beside the model, <model>.run)',
  ),
  resume: optional(yes, '--resume', 'go on with the run in the run folder'),
  cache: optional(
    textOrNone,
    '--cache <folder>',
    "where prepared cases are kept from run to run (default: the platform's cache folder)",
    'prepare all cases anew and keep none',
  ),
  /** In bytes. */
  cacheSize: optional(
    byteSize,
    '--cache-size <size>',
    'bound of that folder; what was not used for longest goes first (default: 20GB)',
  ),
};

/** Options of `train` and `plan`. */
export interface TrainOptions extends JobOptions, OptionsOf<typeof trainOptions> {
  /** One task each: folders, or values as `openDataset` gives them. */
  readonly datasets: readonly DatasetInput[];
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
