/** What a training run is begun with, all defaults filled in: written to `run.json`, compared on `--resume`. */
import { UsageError } from '../errors.js';
import { type Architecture, presets, withHeads } from '../networks/architecture.js';
import type { LayersName } from '../networks/layers/choose-layers.js';
import { type RecordOf, recordOf, validateOptions } from '../options/options.js';
import type { Device } from '../runtime/session.js';
import { type TrainOptions, trainOptions } from './train-options.js';

/** What a run depends on beside its options. */
interface Circumstances {
  /** Values of plans, where a file gave any: by task, by name. */
  readonly plans?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** SHA-256 of the model whose weights are the start. */
  readonly init: string | null;
  /** Sums inside an operator are split by thread: another number of threads gives other last bits. */
  readonly threads: number;
  /** How the engine computed the layers: other kernels give other last bits, too. */
  readonly layers: LayersName;
  /** Where the network was computed. */
  readonly device: Device;
  /** `of`: what the hash is over. Of runs begun before there was one: over the names and sizes of files. */
  readonly datasets: readonly { readonly name: string; readonly sha256: string; readonly of?: string }[];
  readonly version: string;
}

export interface TrainSettings extends RecordOf<typeof trainOptions>, Circumstances {
  /** The preset's, as it was then: a later version may mean another network by the same name. */
  readonly architecture: Architecture;
  readonly patchVoxels: number;
  /** One of the two. */
  readonly steps?: number;
  readonly minutes?: number;
}

/** Settings of a run of a network of so many logits. @throws UsageError for a value that is wrong, and where both steps and minutes are given */
export function trainSettings(options: TrainOptions, circumstances: Circumstances, heads = 1): TrainSettings {
  checkTrainOptions(options);
  const chosen = recordOf(trainOptions, options);
  const { architecture, patchVoxels, steps: usual } = presets[chosen.preset];
  const { steps = usual, minutes } = options;
  const duration = minutes === undefined ? { steps } : { minutes };
  return { ...chosen, architecture: withHeads(architecture, heads), patchVoxels, ...duration, ...circumstances };
}

/** @throws UsageError naming the option that is wrong */
export function checkTrainOptions(options: TrainOptions): void {
  validateOptions(trainOptions, options);
  if (options.steps !== undefined && options.minutes !== undefined) {
    throw new UsageError({ file: '--steps and --minutes', expected: 'one of the two', found: 'both' });
  }
}
