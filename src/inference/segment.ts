/**
 * The probabilities of an image of one task: of a single pass, or the mean over the members of an ensemble
 * (Lakshminarayanan et al. 2017) and over passes with dropout. Probabilities are averaged, not logits, each calibrated
 * before by its own model's temperature.
 */
import { calibrateInPlace } from '../calibration/calibrated-probability.js';
import { UsageError } from '../errors.js';
import { type LabelSpace, logitCount } from '../labels/label-space.js';
import { maskOfProbabilities } from '../labels/probability.js';
import type { Model } from '../model/model.js';
import { prepareImage } from '../preprocessing/preprocess.js';
import type { Runtime } from '../runtime/session.js';
import type { Volume } from '../volume/volume.js';
import { restoreLogits } from './channels.js';
import { type DropoutNetwork, dropoutOf, openDropoutNetwork, type RunWindow } from './dropout.js';
import { type Network, openNetwork } from './network.js';
import { type KeptScan, runWindows, type ScanOptions } from './scan.js';
import { type StructurePlanes, structurePlanes } from './structure-planes.js';

export interface DropoutOptions {
  /**
   * Passes of Monte-Carlo dropout for each model, whose mean is the probability; default 0: one plain pass. Verdict and
   * logits are of the plain pass all the same, and so is the temperature. Needs models trained with dropout.
   */
  readonly mc?: number;
  /** Seed of the channels that are dropped; default 0. */
  readonly seed?: number;
}

/** A model ready to run. */
export interface Member {
  readonly model: Model;
  readonly network: Network;
  /** Opened when it is first needed. */
  dropoutNetwork(): Promise<DropoutNetwork>;
  release(): Promise<void>;
}

export interface Segmentation {
  /** Mean calibrated probabilities on the image's own grid, `[structures, voxels]`; may be made when asked for. */
  readonly probability: Float32Array;
  /** Those of one structure, valid until the next is asked for. */
  readonly probabilityOf: (structure: number) => Float32Array;
  /** Class numbers. */
  readonly mask: Uint8Array;
  /** Passes run for it beside the plain one, and their windows. */
  readonly passes: number;
  readonly windows: number;
}

export async function openMember(model: Model, runtime: Runtime): Promise<Member> {
  const network = await openNetwork(model, runtime);
  let dropoutNetwork: Promise<DropoutNetwork> | undefined;
  return {
    model,
    network,
    dropoutNetwork: () => (dropoutNetwork ??= openDropoutNetwork(model, runtime)),
    async release() {
      await network.release();
      // One that could not be opened has nothing to give back.
      await dropoutNetwork?.then(
        (opened) => opened.release(),
        () => undefined,
      );
    },
  };
}

/** Whether windows in which all voxels are alike are run: as they were for the model's bank. */
export function runsConstant({ ood }: Pick<Model, 'ood'>): boolean {
  return ood.constantWindows === 'run';
}

/** Fail before any work where dropout cannot be had. @throws UsageError */
export function checkDropout(model: Model, { mc = 0 }: DropoutOptions): void {
  if (!(Number.isInteger(mc) && mc >= 0))
    throw new UsageError({ file: 'mc', expected: 'a whole number of passes', found: String(mc) });
  if (mc > 0) dropoutOf(model);
}

/**
 * Segment an image as one of `task`, each member under its own plan of that task.
 * @param plain the first member's plain pass; not run again
 */
export async function segment(
  members: readonly Member[],
  task: string,
  volume: Volume,
  plain: KeptScan,
  options: ScanOptions & DropoutOptions,
): Promise<Segmentation> {
  const { labels, calibration } = members[0].model.tasks.find(({ name }) => name === task)!;
  if (members.length === 1 && (options.mc ?? 0) === 0 && logitCount(labels) > 1)
    return oneByOne(labels, structurePlanes(labels, plain, calibration.temperature));
  let mean: Float32Array = new Float32Array(0);
  let [n, passes, windows] = [0, 0, 0];
  for await (const pass of runPasses(members, task, volume, plain, options)) {
    n++;
    // A running mean: one map is held, however many passes there are.
    if (n === 1) mean = pass.probability;
    else for (let i = 0; i < mean.length; i++) mean[i] += (pass.probability[i] - mean[i]) / n;
    if (pass.windows > 0) passes++;
    windows += pass.windows;
  }
  const mask = maskOfProbabilities(labels, mean);
  const probabilityOf = (s: number) => mean.subarray(s * mask.length, (s + 1) * mask.length);
  return { probability: mean, probabilityOf, mask, passes, windows };
}

/** Of a single pass: all structures' probabilities together are made for those alone who ask for them. */
function oneByOne(space: LabelSpace, { mask, probabilityOf }: StructurePlanes): Segmentation {
  return {
    get probability() {
      const all = new Float32Array(logitCount(space) * mask.length);
      for (const s of space.structures.keys()) all.set(probabilityOf(s), s * mask.length);
      return all;
    },
    probabilityOf,
    mask,
    ...{ passes: 0, windows: 0 },
  };
}

/** Calibrated probabilities of each member and dropout pass in turn, and the windows that were run for them. */
async function* runPasses(
  members: readonly Member[],
  task: string,
  volume: Volume,
  plain: KeptScan,
  options: ScanOptions & DropoutOptions,
): AsyncGenerator<{ probability: Float32Array; windows: number }> {
  const { mc = 0, seed = 0, signal } = options;
  for (const [i, member] of members.entries()) {
    const { plan, labels, calibration } = member.model.tasks.find(({ name }) => name === task)!;
    const { temperature } = calibration;
    if (i === 0 && mc === 0) {
      const restored = restoreLogits(plain.logits, plain.prepared, labels);
      yield { probability: calibrateInPlace(labels, restored, temperature, volume.size), windows: 0 };
      continue;
    }
    const prepared = prepareImage(volume, plan, options);
    const runConstant = runsConstant(member.model);
    for (const run of await runsOf(member, mc, seed)) {
      let windows = 0;
      const runAndCount: RunWindow = (window, size) => {
        windows++;
        return run(window, size);
      };
      const logits = await runWindows(prepared, plan, (window) => runAndCount(window, plan.patch), {
        signal,
        runConstant,
        channels: member.network.heads,
      });
      const restored = restoreLogits(logits, prepared, labels);
      yield { probability: calibrateInPlace(labels, restored, temperature, volume.size), windows };
    }
  }
}

/** How a member runs a window, pass by pass. */
async function runsOf({ network, dropoutNetwork }: Member, mc: number, seed: number): Promise<RunWindow[]> {
  if (mc === 0) return [async (window, size) => (await network.run(window, size)).logits];
  const opened = await dropoutNetwork();
  return Array.from({ length: mc }, (_, pass) => opened.sample(seed, pass));
}
