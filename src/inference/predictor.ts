/** A model applied to whole images: which task, which voxels, how sure, and whether to believe it. */
import { estimatedDices } from '../calibration/estimated-dice.js';
import { type LabelSpace, logitCount } from '../labels/label-space.js';
import { structureMask } from '../labels/reference.js';
import { mean } from '../math/statistics.js';
import { count, type Vec3 } from '../math/vector.js';
import { volumeMl } from '../metrics/overlap.js';
import type { Model, ModelTask } from '../model/model.js';
import { checkAlpha, defaultAlpha } from '../ood/alpha.js';
import type { DetectorName } from '../ood/detectors.js';
import type { Features, FeaturesByTask } from '../ood/features.js';
import { nearestTask, scoreTasks } from '../ood/scores.js';
import { judge, type Verdict } from '../ood/verdict.js';
import type { Plan } from '../preprocessing/plan.js';
import type { Device, Runtime } from '../runtime/session.js';
import { componentCount } from '../volume/components.js';
import { spacingOf } from '../volume/orientation.js';
import type { Volume } from '../volume/volume.js';
import { restoreLogits } from './channels.js';
import { beyondRemark, chooseTasks } from './choose-tasks.js';
import { largestComponents } from './components.js';
import { checkContents, emptyUnder, notFiniteRemark } from './contents.js';
import { type Foreground, type ForegroundByTask, foregroundOf } from './foreground.js';
import type { Network } from './network.js';
import { oodMap } from './ood-map.js';
import { distinctPlans } from './plans.js';
import { type KeptScan, runScan, type Scan, type ScanOptions } from './scan.js';
import { checkDropout, type DropoutOptions, type Member, openMember, runsConstant, segment } from './segment.js';
import { BACKGROUND_LOGIT } from './sliding-window.js';

/** How one image is predicted. */
export interface PredictVolumeOptions extends ScanOptions, DropoutOptions {
  /** The image's task, where it is known: one pass under its plan instead of one per distinct plan. */
  readonly task?: string;
  /** Bound on the false-alarm rate of the verdict; default 0.05. */
  readonly alpha?: number;
  /**
   * Keep only the largest connected component of the mask. Default: as calibration found it to raise the task's Dice,
   * or not.
   */
  readonly keepLargest?: boolean;
  /** Also give {@link Prediction.oodMap}. */
  readonly oodMap?: boolean;
}

/** What a model says of one image; arrays are on the image's own grid, x fastest. */
export interface Prediction {
  /** The task whose plan and temperature were used: the one named, else that of the lowest OOD score. */
  readonly task: string;
  /** What the task's structures are: of several, logits and probabilities hold a plane each, one after another. */
  readonly labels: LabelSpace;
  /**
   * False where the image lies beyond the extent of every task (or of the one named), which its grid alone tells: it was
   * judged without being run, and no voxel of it is foreground.
   */
  readonly segmented: boolean;
  /** What else there is to know, a sentence each. */
  readonly remarks: readonly string[];
  /** NaN and infinite voxels, which were taken as the smallest finite value. */
  readonly notFiniteVoxels: number;
  readonly temperature: number;
  readonly verdict: Verdict;
  /** OOD score and p-value by every detector the model has. */
  readonly detectors: Readonly<Partial<Record<DetectorName, Verdict>>>;
  /**
   * Logits of the model's plain pass on the image's own grid and in its voxel order, before temperature.
   * Made anew each time that they are asked for: most callers never do.
   */
  readonly logits: Float32Array;
  /**
   * Calibrated probability, likewise; the mean over dropout passes and members where there are several. Of several
   * structures made anew each time: of a large image, ask for one structure after another.
   */
  readonly probability: Float32Array;
  /** That of one structure, by its place among them; of several, in an array that the next call may use again. */
  readonly probabilityOf: (structure: number) => Float32Array;
  /**
   * 1 where the probability is above one half; of one plain pass, where the logit is positive. Of several structures the
   * number of the likeliest, 0 for background. Where {@link Prediction.keepLargest}, of each the largest connected
   * component.
   */
  readonly mask: Uint8Array;
  readonly keepLargest: boolean;
  /**
   * OOD score of each voxel's surroundings, likewise, if asked for, else null; larger is further out of distribution. It tells where,
   * relative to the rest of the scan; it is no p-value, and an image that fits one window gets a constant map.
   */
  readonly oodMap: Float32Array | null;
  readonly foregroundVoxels: number;
  readonly volumeMl: number;
  /** What would be foreground under the name of each task that the image was run for, see `foreground.ts`. */
  readonly foreground: ForegroundByTask;
  /** The Dice that the probabilities promise; null for an empty mask or an image that is not in distribution. */
  readonly estimatedDice: number | null;
  /** Each structure of the task by itself, in their order; empty where nothing was segmented. */
  readonly structures: readonly FoundStructure[];
  /** Voxel spacing of the image in mm. */
  readonly spacing: Vec3;
  /** Passes over the image, of all plans, members and dropout, and windows in all. */
  readonly passes: number;
  readonly windows: number;
}

/** What was found of one structure. */
export interface FoundStructure {
  readonly name: string;
  /** What a mask file holds for it. */
  readonly value: number;
  readonly voxels: number;
  readonly volumeMl: number;
  /** Connected components (26-connected) of its mask. */
  readonly components: number;
  /** As {@link Prediction.estimatedDice}. */
  readonly estimatedDice: number | null;
}

/** An opened model, or an ensemble; see `openModel`. */
export interface Predictor {
  /** The model that judges. */
  readonly model: Model;
  /** Where its network runs, and that of every member. */
  readonly device: Device;
  /**
   * Segment and judge one image. Throws EmptyImageError for one with nothing in it, UsageError for an unknown task or
   * for dropout passes of a model that was trained without, CancelledError on abort.
   */
  predict(volume: Volume, options?: PredictVolumeOptions): Promise<Prediction>;
  /** Give the engine's memory back; the predictor cannot be used afterwards. */
  release(): Promise<void>;
}

/**
 * Prepare a model for prediction, or an ensemble of it and `others`, which know the same tasks. `model` alone judges:
 * verdict, choice of task and guarantee are its own, since a combination of the members' conformal p-values would lose
 * the guarantee, or with few calibration images all power. All members segment.
 */
export async function createPredictor(
  model: Model,
  runtime: Runtime,
  others: readonly Model[] = [],
): Promise<Predictor> {
  const members: [Member, ...Member[]] = [await openMember(model, runtime)];
  for (const other of others) members.push(await openMember(other, runtime));
  return {
    model,
    device: runtime.device,
    predict: (volume, options = {}) => predict(members, volume, options),
    async release() {
      for (const member of members) await member.release();
    },
  };
}

async function predict(
  members: readonly [Member, ...Member[]],
  volume: Volume,
  options: PredictVolumeOptions,
): Promise<Prediction> {
  const { task: named, alpha = defaultAlpha } = options;
  const [{ model, network }] = members;
  checkAlpha(alpha);
  for (const member of members) checkDropout(member.model, options);
  const tasks = chooseTasks(model, volume, named);
  const notFiniteVoxels = checkContents(volume);
  const remarks = notFiniteVoxels > 0 ? [notFiniteRemark(notFiniteVoxels, volume)] : [];
  if (tasks.length === 0) return unsegmented(model, volume, options, { notFiniteVoxels, remarks });
  const { scan, task, features, ...plain } = await runNearest(model, network, tasks, volume, options);
  const verdicts = [...model.ood.detectors.keys()].map((detector) => [
    detector,
    judge(model.ood, features, { alpha, task: named, detector }),
  ]);
  const detectors: Partial<Record<DetectorName, Verdict>> = Object.fromEntries(verdicts);
  const verdict = detectors[model.ood.detector]!;
  const { temperature } = task.calibration;
  const segmentation = await segment(members, task.name, volume, scan, options);
  const { probabilityOf, mask: whole } = segmentation;
  const { keepLargest = task.calibration.keepLargest } = options;
  const mask = keepLargest ? largestComponents(task.labels, whole, volume.size) : whole;
  const foregroundVoxels = countMarked(mask);
  const spacing = spacingOf(volume.affine);
  const isFamiliar = verdict.verdict === 'in-distribution';
  const estimates = isFamiliar ? estimatedDices(task.labels, probabilityOf, mask, volume.size) : null;
  return {
    task: task.name,
    labels: task.labels,
    segmented: true,
    remarks,
    notFiniteVoxels,
    temperature,
    verdict,
    detectors,
    get logits() {
      return restoreLogits(scan.logits, scan.prepared, task.labels);
    },
    get probability() {
      return segmentation.probability;
    },
    probabilityOf,
    mask,
    keepLargest,
    oodMap: options.oodMap ? await oodMap(model.ood, task.name, scan) : null,
    foregroundVoxels,
    volumeMl: volumeMl(foregroundVoxels, spacing),
    foreground: plain.foreground,
    estimatedDice: estimates && meanOfFound(estimates),
    structures: task.labels.structures.map(({ name, written }, s) => {
      const found = structureMask(task.labels, mask, s);
      const voxels = countMarked(found);
      const estimate = estimates?.[s] ?? null;
      return {
        ...{ name, value: written, voxels, volumeMl: volumeMl(voxels, spacing) },
        ...{ components: componentCount(found, volume.size), estimatedDice: estimate },
      };
    }),
    spacing,
    passes: plain.passes + segmentation.passes,
    windows: plain.windows + segmentation.windows,
  };
}

/** What its grid alone tells of an image beyond every task: the highest OOD score. */
function unsegmented(
  model: Model,
  volume: Volume,
  { task: named, alpha = defaultAlpha, keepLargest, oodMap: wanted }: PredictVolumeOptions,
  { notFiniteVoxels, remarks }: Pick<Prediction, 'notFiniteVoxels' | 'remarks'>,
): Prediction {
  const { task, remark } = beyondRemark(model, volume, named);
  const { temperature, keepLargest: calibrated } = task.calibration;
  const nowhere = Object.fromEntries(model.tasks.map(({ name }) => [name, null]));
  const detectors: Partial<Record<DetectorName, Verdict>> = {};
  for (const detector of model.ood.detectors.keys())
    detectors[detector] = judge(model.ood, nowhere, { alpha, task: named, detector });
  const voxels = count(volume.size);
  const values = logitCount(task.labels) * voxels;
  return {
    ...{ task: task.name, labels: task.labels, temperature, segmented: false, detectors },
    remarks: [remark, ...remarks],
    notFiniteVoxels,
    verdict: detectors[model.ood.detector]!,
    logits: new Float32Array(values).fill(BACKGROUND_LOGIT),
    probability: new Float32Array(values),
    probabilityOf: () => new Float32Array(voxels),
    mask: new Uint8Array(voxels),
    keepLargest: keepLargest ?? calibrated,
    oodMap: wanted ? new Float32Array(voxels) : null,
    ...{ foregroundVoxels: 0, volumeMl: 0, foreground: {}, estimatedDice: null, structures: [] },
    spacing: spacingOf(volume.affine),
    ...{ passes: 0, windows: 0 },
  };
}

function countMarked(mask: Uint8Array): number {
  let n = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i] > 0) n++;
  return n;
}

function meanOfFound(estimates: readonly (number | null)[]): number | null {
  const found = estimates.filter((value) => value !== null);
  return found.length === 0 ? null : mean(found);
}

interface PlainPasses {
  /** The task named, else the nearest; of an image that none is near, the first that it was run for. */
  readonly task: ModelTask;
  /** Under its plan. */
  readonly scan: KeptScan;
  readonly features: FeaturesByTask;
  readonly foreground: ForegroundByTask;
  readonly passes: number;
  readonly windows: number;
}

/** Run an image under one plan after another; of what is as large as an image, only the nearest task's so far stays. */
async function runNearest(
  model: Model,
  network: Network,
  chosen: readonly ModelTask[],
  volume: Volume,
  options: PredictVolumeOptions,
): Promise<PlainPasses> {
  const features: Record<string, Features | null> = Object.fromEntries(model.tasks.map(({ name }) => [name, null]));
  const foreground: Record<string, Foreground> = {};
  let nearest: Pick<PlainPasses, 'task' | 'scan'> | undefined;
  let [passes, windows] = [0, 0];
  const runConstant = runsConstant(model);
  for (const { plan, tasks } of distinctPlans(chosen)) {
    const scan = await runAndKeep(network, volume, plan, { ...options, runConstant });
    passes++;
    windows += scan.windows;
    for (const { name, labels } of tasks) {
      features[name] = scan.features;
      foreground[name] = foregroundOf(labels, scan);
    }
    const name = nearestTask(scoreTasks(model.ood, features).scores)?.name;
    const task = tasks.find((one) => one.name === name);
    if (task || !nearest?.scan.features) nearest = { task: task ?? tasks[0], scan };
  }
  if (!nearest?.scan.features) throw emptyUnder(chosen, volume);
  return { ...nearest, features, foreground, passes, windows };
}

/** In a function of its own, so that nothing holds the prepared image when it returns. */
async function runAndKeep(network: Network, volume: Volume, plan: Plan, options: ScanOptions): Promise<KeptScan> {
  const { prepared, ...scan } = await runScan(network, volume, plan, options);
  return { ...scan, prepared: { grid: prepared.grid, original: prepared.original } };
}

/** Scans by task; tasks of equal plans share one. */
export async function runPlans(
  network: Network,
  volume: Volume,
  tasks: readonly Pick<ModelTask, 'name' | 'plan'>[],
  options: ScanOptions,
): Promise<Map<string, Scan>> {
  const scans = new Map<string, Scan>();
  for (const { plan, tasks: sharing } of distinctPlans(tasks)) {
    const scan = await runScan(network, volume, plan, options);
    for (const { name } of sharing) scans.set(name, scan);
  }
  return scans;
}
