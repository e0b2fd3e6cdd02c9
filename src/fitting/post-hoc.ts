/**
 * After training: post-hoc calibration. Temperatures, which masks keep one component, and conformal scores come from
 * calibration images alone, the signature banks from training images alone.
 */
import { calibratedProbability } from '../calibration/calibrated-probability.js';
import { estimatedDice } from '../calibration/estimated-dice.js';
import { evaluationRegion } from '../calibration/region.js';
import { reliability } from '../calibration/reliability.js';
import type { TaskCalibration } from '../calibration/state.js';
import { fitTemperature, isAtBound } from '../calibration/temperature.js';
import { DatasetError, throwIfCancelled } from '../errors.js';
import { restoreLogits } from '../inference/channels.js';
import { largestComponents } from '../inference/components.js';
import type { Network } from '../inference/network.js';
import { isWithinExtent } from '../inference/plans.js';
import { runPlans } from '../inference/predictor.js';
import { scanSample } from '../inference/scan.js';
import { type LabelSpace, logitCount } from '../labels/label-space.js';
import { maskOfLogits } from '../labels/probability.js';
import { comparable, foregroundMask, known, structureMask } from '../labels/reference.js';
import { mean } from '../math/statistics.js';
import type { Vec3 } from '../math/vector.js';
import { dice } from '../metrics/overlap.js';
import type { BankFeatures, FeaturesByTask } from '../ood/features.js';
import { fitOod, MINIMUM_BANK, type OodState } from '../ood/state.js';
import type { Plan } from '../preprocessing/plan.js';
import type { Sample } from '../preprocessing/sample.js';
import type { Mask, Volume } from '../volume/volume.js';

/** A way to read a case when its turn comes. */
export type CaseReader = () => Promise<{
  readonly volume: Volume;
  readonly reference: Mask;
  /** Of each structure whether the reference shows it; null or absent: of all. */
  readonly annotated?: readonly boolean[] | null;
}>;

export interface PostHocTask {
  readonly name: string;
  readonly labels: LabelSpace;
  readonly plan: Plan;
  /** Training cases, prepared under the plan. */
  readonly bank: readonly Sample[];
  /** Cases that played no part in training. */
  readonly calibration: readonly CaseReader[];
}

export interface PostHocFit {
  /** By task, in order. */
  readonly calibration: readonly TaskCalibration[];
  readonly ood: OodState;
}

/** Run the network over all bank and calibration images and fit temperatures and the out-of-distribution state. */
export async function fitPostHoc(
  network: Network,
  tasks: readonly PostHocTask[],
  options: { readonly signal?: AbortSignal; readonly onCase?: (task: string) => void } = {},
): Promise<PostHocFit> {
  const calibration: TaskCalibration[] = [];
  const material: { name: string; bank: BankFeatures[]; calibration: FeaturesByTask[] }[] = [];
  for (const task of tasks) {
    const bank: BankFeatures[] = [];
    for (const sample of task.bank) {
      throwIfCancelled(options.signal);
      const { features } = await scanSample(network, sample, task.plan, options);
      // An image without anything in it under the plan has no signature.
      if (features) bank.push({ spectra: features.spectra, histogram: features.histogram });
      options.onCase?.(task.name);
    }
    const features: FeaturesByTask[] = [];
    const samples: LabelledLogits[] = [];
    for (const read of task.calibration) {
      throwIfCancelled(options.signal);
      const { volume, reference, annotated = null } = await read();
      // As new images are treated: beyond a plan's extent they are not run, and without anything in them not judged.
      const run = tasks.filter(({ plan }) => isWithinExtent(volume, plan));
      const scans = await runPlans(network, volume, run, options);
      const own = scans.get(task.name);
      if (!own || own.features)
        features.push(Object.fromEntries(tasks.map(({ name }) => [name, scans.get(name)?.features ?? null])));
      if (own?.features)
        samples.push(
          labelledLogits(task.labels, restoreLogits(own.logits, own.prepared, task.labels), reference, annotated),
        );
      options.onCase?.(task.name);
    }
    if (bank.length < Math.min(MINIMUM_BANK, task.bank.length))
      throw new DatasetError({
        file: task.name,
        expected: `at least ${MINIMUM_BANK} training images with something in them under the plan's intensities`,
        found: `${bank.length} of ${task.bank.length}`,
        remedy: 'check the units of the images, "intensityOffset" in dataset.json and the plan\'s intensity',
      });
    calibration.push(calibrateTask(task.labels, samples));
    material.push({ name: task.name, bank, calibration: withoutCopies(features, task.name) });
  }
  const layers = network.layers.map(({ name, channels }) => ({ name, channels }));
  return { calibration, ood: fitOod({ layers, tasks: material }) };
}

/** Copies of one image are one image: counted as many, they would make a bound look better founded than it is. */
function withoutCopies(images: readonly FeaturesByTask[], task: string): FeaturesByTask[] {
  const seen = new Set<string>();
  return images.filter((image) => {
    const own = image[task];
    const key = own && [...own.spectra, own.histogram].map((values) => values.join()).join(';');
    if (!key) return true;
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}

interface LabelledLogits {
  /** `[structures, voxels]`. */
  readonly logits: Float32Array;
  /** Class numbers, as the mask; unknown where the mask shows a structure that was not annotated. */
  readonly reference: Uint8Array;
  readonly annotated?: readonly boolean[] | null;
  readonly mask: Uint8Array;
  /** Without voxels of which nothing is known. */
  readonly region: Uint8Array;
  readonly size: Vec3;
}

function labelledLogits(
  space: LabelSpace,
  logits: Float32Array,
  { data, size }: Mask,
  annotated: readonly boolean[] | null,
): LabelledLogits {
  const mask = maskOfLogits(space, logits);
  const reference = comparable(space, data, mask, annotated);
  const near = evaluationRegion(foregroundMask(space, mask), foregroundMask(space, reference), size);
  return { logits, reference, annotated, mask, region: known(near, reference), size };
}

/**
 * Fit a task's temperature over the regions of interest (1 where no case has foreground, or where no finite temperature
 * is best), decide whether masks keep their largest component alone (where
 * that raises the mean Dice; Isensee et al. 2021), and take the model's own figures on these cases. OOD scores do not
 * look at masks, so that the decision leaves the verdict's guarantee alone.
 */
export function calibrateTask(space: LabelSpace, samples: readonly LabelledLogits[]): TaskCalibration {
  const none = {
    nllBefore: null,
    nllAfter: null,
    eceBefore: null,
    eceAfter: null,
    keepLargest: false,
    meanDice: null,
    estimatedDiceError: null,
  };
  // Without foreground there is nothing that probabilities or masks could be right about.
  if (!samples.some(({ reference }) => foregroundMask(space, reference).includes(1)))
    return { temperature: 1, n: 0, ...none };
  const fit = fitTemperature(space, samples);
  const { nllBefore, n } = fit;
  // At a bound the likelihood still rises: logits that are right without exception, or no guide at all.
  const { temperature, nllAfter } = isAtBound(fit.temperature) ? { temperature: 1, nllAfter: nllBefore } : fit;
  const structures = [...Array(logitCount(space)).keys()];
  const shown = ({ annotated }: LabelledLogits) => structures.filter((s) => annotated?.[s] !== false);
  const eceOf = (probability: Float32Array, sample: LabelledLogits): number | null => {
    const { reference, region } = sample;
    const voxels = reference.length;
    const errors = shown(sample).flatMap((s) => {
      const plane = probability.subarray(s * voxels, (s + 1) * voxels);
      return reliability(plane, structureMask(space, reference, s), { region }).ece ?? [];
    });
    return errors.length === 0 ? null : mean(errors);
  };
  const ece = (t: number) =>
    mean(
      // Where neither prediction nor reference has a voxel there is nothing to be calibrated.
      samples.flatMap((sample) => eceOf(calibratedProbability(space, sample.logits, t, sample.size), sample) ?? []),
    );
  const scored = (masks: readonly Uint8Array[]) => {
    // Nothing found where nothing is: no news of how good masks are.
    const dices = samples.map((sample, i) => {
      const { reference, mask } = sample;
      const judged = known(masks[i], reference);
      const ofStructures = shown(sample).flatMap((s) => {
        const [truth, found] = [reference, known(mask, reference)].map((map) => structureMask(space, map, s));
        return truth.includes(1) || found.includes(1) ? dice(structureMask(space, judged, s), truth) : [];
      });
      return ofStructures.length === 0 ? null : mean(ofStructures);
    });
    return { masks, dices, meanDice: mean(dices.filter((value) => value !== null)) };
  };
  const whole = scored(samples.map(({ mask }) => mask));
  const largest = scored(samples.map(({ mask, size }) => largestComponents(space, mask, size)));
  const keepLargest = largest.meanDice > whole.meanDice;
  const { masks, dices, meanDice } = keepLargest ? largest : whole;
  const errors = samples.flatMap(({ logits, size }, i) => {
    const estimate = estimatedDice(space, calibratedProbability(space, logits, temperature, size), masks[i], size);
    return estimate === null || dices[i] === null ? [] : [Math.abs(estimate - dices[i])];
  });
  return {
    temperature,
    n,
    nllBefore,
    nllAfter,
    eceBefore: ece(1),
    eceAfter: ece(temperature),
    keepLargest,
    meanDice,
    estimatedDiceError: errors.length > 0 ? mean(errors) : null,
  };
}
