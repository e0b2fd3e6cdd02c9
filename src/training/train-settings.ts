/** What a training run is begun with, all defaults filled in: written to `run.json`, compared on `--resume`. */
import { UsageError } from '../errors.js';
import { type Architecture, type Preset, presets } from '../networks/architecture.js';
import type { LayersName } from '../networks/layers/choose-layers.js';
import type { LossName } from '../networks/losses.js';
import type { SpacingChoice } from '../preprocessing/spacing.js';
import type { Device } from '../runtime/session.js';
import type { Balance, TrainOptions } from './train-options.js';

const DEFAULT_LEARNING_RATE = 2e-3;
/** At equal numbers of patches, more steps of few patches learn more. */
const DEFAULT_BATCH = 2;

export interface TrainSettings {
  readonly preset: Preset;
  /** The preset's, as it was then: a later version may mean another network by the same name. */
  readonly architecture: Architecture;
  readonly patchVoxels: number;
  /** One of the two. */
  readonly steps?: number;
  readonly minutes?: number;
  readonly seed: number;
  readonly batch: number;
  readonly patch: readonly number[] | null;
  readonly spacing: SpacingChoice;
  /** Values of plans, where a file gave any: by task, by name. */
  readonly plans?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly balance: Balance;
  readonly loss: LossName;
  readonly dropout: number;
  readonly learningRate: number;
  /** Held-out training cases a task; null: chosen by their number. */
  readonly validationCases: number | null;
  /** SHA-256 of the model whose weights are the start. */
  readonly init: string | null;
  /** Sums inside an operator are split by thread: another number of threads gives other last bits. */
  readonly threads: number;
  /** How the engine computed the layers: other kernels give other last bits, too. */
  readonly layers: LayersName;
  /** Where the network was computed. */
  readonly device: Device;
  readonly datasets: readonly { readonly name: string; readonly sha256: string }[];
  readonly version: string;
}

type Circumstances = Pick<TrainSettings, 'init' | 'plans' | 'threads' | 'layers' | 'device' | 'datasets' | 'version'>;

/** Settings of a run. @throws UsageError where both steps and minutes are given */
export function trainSettings(options: TrainOptions, circumstances: Circumstances): TrainSettings {
  const { preset = 'small', steps, minutes } = options;
  if (steps !== undefined && minutes !== undefined) {
    throw new UsageError('Expected either a number of steps or minutes, found both.');
  }
  const { architecture, patchVoxels, steps: usual } = presets[preset];
  return {
    preset,
    architecture,
    patchVoxels,
    ...(minutes === undefined ? { steps: steps ?? usual } : { minutes }),
    seed: options.seed ?? 0,
    batch: options.batch ?? DEFAULT_BATCH,
    patch: options.patch ?? null,
    spacing: options.spacing ?? 'per-task',
    balance: options.balance ?? 'tasks',
    loss: options.loss ?? 'ce+dice',
    dropout: options.dropout ?? 0,
    learningRate: options.learningRate ?? DEFAULT_LEARNING_RATE,
    validationCases: options.validationCases ?? null,
    ...circumstances,
  };
}
