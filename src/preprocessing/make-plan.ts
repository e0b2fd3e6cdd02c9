/**
 * Turns the fingerprints of a task's training cases into its plan, by rules in the manner of nnU-Net (Isensee et al.,
 * Nature Methods 2021). Each decision's reason is written down, with its numbers, for people to question.
 */
import { UsageError } from '../errors.js';
import { median, quantile } from '../math/statistics.js';
import { count, type Vec3 } from '../math/vector.js';
import type { CaseFingerprint } from './fingerprint.js';
import { checkBudget, choosePatch, growPatch, patchProblem } from './patch.js';
import type { IntensityPlan, Plan, PlanValues } from './plan.js';
import { type ChosenSpacing, chooseSpacing, coarserThan, medianSizeAt, sizeAt, spacingText } from './spacing.js';
import { maximumVoxels } from './target-grid.js';
import { countWindows } from './windows.js';

export { type CaseFingerprint, fingerprintCase } from './fingerprint.js';

/** Soft tissue and bone marrow stay visible whatever the target is (HU). */
const softTissue = { lower: -200, upper: 300 };

/** A value of a plan that is not left to the rules, and why. */
export interface Given<T> {
  readonly value: T;
  readonly why: string;
}

/** Values of a plan that are taken as they are; the others are derived to go with them. */
export type GivenValues = { readonly [K in keyof PlanValues]?: Given<PlanValues[K]> };

export interface PlanOptions {
  /** The network's stride: patch sides are multiples of it. */
  readonly stride: number;
  /** Voxels of a patch: about so many, at most 1.1 times. */
  readonly patchVoxels: number;
  /** Whether the fingerprints' intensities, offset added, are Hounsfield units; see {@link areHounsfield}. */
  readonly hounsfield: boolean;
  /** What `dataset.json` says is to be added to stored values; null where it says nothing. */
  readonly intensityOffset: number | null;
  readonly given?: GivenValues;
}

/**
 * Are stored values, offset added, Hounsfield units? Only of CT, and only if the data set states an offset or the
 * values look like it: air near -1000 (scanners pad down to -3100) and foreground within -1100 to 3100, in most cases.
 */
export function areHounsfield(
  modality: string,
  intensityOffset: number | null,
  cases: readonly CaseFingerprint[],
): boolean {
  if (!/^ct$/i.test(modality.trim()) || cases.length === 0) return false;
  if (intensityOffset !== null) return true;
  const air = median(cases.map((c) => c.minimum));
  // Most voxels of most cases: metal, or one case in other units, says nothing of the others.
  const usual = cases.filter(({ foregroundIntensities: values }) => {
    const outside = values.reduce((n, v) => n + Number(v < -1100 || v > 3100), 0);
    return outside <= FEW * values.length;
  });
  return usual.length >= (1 - FEW_CASES) * cases.length && air >= -3100 && air <= -800;
}

/** Shares of a foreground's voxels, and of cases, that may lie outside the range of Hounsfield units. */
const FEW = 0.02;
const FEW_CASES = 0.2;

/**
 * Make the plan of a task. A given value that the rules would have chosen too keeps their reason.
 * @param cases fingerprints of its training cases
 * @throws UsageError without cases, or for a stride, patch size, overlap or spacing that cannot be
 */
export function makePlan(cases: readonly CaseFingerprint[], options: PlanOptions): Plan {
  checkBudget(options);
  if (cases.length === 0) throw new UsageError({ expected: 'at least one training case to plan for', found: 'none' });
  const given = options.given ?? {};
  const reasons: Record<string, string> = {};
  const settle = <K extends keyof PlanValues>(key: K, [derived, reason]: Decision<PlanValues[K]>): PlanValues[K] => {
    const own = given[key];
    const kept = own === undefined || JSON.stringify(own.value) === JSON.stringify(derived);
    reasons[key] = kept ? reason : own.why;
    return kept ? derived : own.value;
  };
  const orientation = settle('orientation', [
    'RAS',
    'axes brought to right, anterior, superior, whatever their order in the file',
  ]);
  const spacing = checkSpacing(settle('spacing', decideSpacing(cases, options)), cases);
  const sizes = cases.map((c) => sizeAt(c, spacing));
  const patch = settle('patch', decidePatch(medianSizeAt(cases, spacing), sizes, options));
  const problem = patchProblem(patch, options.stride);
  if (problem !== undefined) throw new UsageError({ problem: `the patch does not fit: ${problem}` });
  const overlap = settle('overlap', [0.5, 'default: half a window, as nnU-Net']);
  const maximumWindows = settle('maximumWindows', decideMaximumWindows(sizes, patch, overlap));
  const intensityOffset = settle('intensityOffset', decideOffset(options.intensityOffset));
  const intensity = settle('intensity', decideIntensity(cases, options.hounsfield, intensityOffset ?? 0));
  return { orientation, spacing, patch, overlap, maximumWindows, intensity, intensityOffset, reasons };
}

/** A value and the reason for it. */
type Decision<T> = readonly [value: T, reason: string];

function decideSpacing(cases: readonly CaseFingerprint[], options: PlanOptions): Decision<Plan['spacing']> {
  const chosen = chooseSpacing(cases, options);
  const { spacing, reason } = fitMemory(chosen, cases);
  return [[...spacing], reason];
}

function decidePatch(size: Vec3, sizes: readonly Vec3[], options: PlanOptions): Decision<Plan['patch']> {
  const shaped = choosePatch(size, options);
  const patch = growPatch(shaped, sizes, options);
  const whole = sizes.filter((n) => n.every((voxels, axis) => voxels <= patch[axis])).length;
  return [
    [...patch],
    `median image ${size.map(Math.round).join(' x ')} voxels at this spacing; shaped like it in multiples of ${options.stride}, at most 1.1 x ${options.patchVoxels} voxels${patch === shaped ? '' : ', then grown where it takes in more whole images'}; ${whole} of ${sizes.length} training images fit into one window`,
  ];
}

function decideMaximumWindows(sizes: readonly Vec3[], patch: Vec3, overlap: number): Decision<number> {
  const windows = sizes.map((n) => countWindows(n, patch, overlap)).sort((a, b) => b - a);
  const [most, next = most] = windows;
  const needed = `training cases need ${median(windows)} windows in the median and ${most} at most`;
  // One image far larger than all others (a wrong spacing, more often than not) does not say how large a task's are.
  if (windows.length > 2 && most > Math.max(32, 4 * next))
    return [
      Math.max(32, 4 * next),
      `${needed}, which one alone does, far beyond the others; four times the ${next} of the next, at least 32`,
    ];
  return [Math.max(32, 4 * most), `${needed}; four times that, at least 32`];
}

function decideOffset(offset: number | null): Decision<number | null> {
  if (offset === null) return [null, 'dataset.json states none: stored values are taken as they are'];
  return [offset, 'dataset.json states it as "intensityOffset": stored values plus this are Hounsfield units'];
}

function decideIntensity(
  cases: readonly CaseFingerprint[],
  hounsfield: boolean,
  offset: number,
): Decision<IntensityPlan> {
  const percentiles = { lowerPercentile: 0.5, upperPercentile: 99.5 };
  const zScore: IntensityPlan = { kind: 'z-score', ...percentiles };
  if (!hounsfield)
    return [
      zScore,
      'units are not known to be Hounsfield: each image by its own 0.5 and 99.5 percentiles, mean and sd of what is above its background',
    ];
  const foregrounds = cases.map((c) => Array.from(c.foregroundIntensities, (v) => v + offset));
  if (foregrounds.every(({ length }) => length === 0))
    return [zScore, 'no foreground to take a Hounsfield window from: each image by its own statistics'];
  const [low, high] = [quantileOfMost(foregrounds, 0.005), quantileOfMost(foregrounds, 0.995)];
  const lower = Math.floor(Math.min(low, softTissue.lower));
  const upper = Math.ceil(Math.max(high, softTissue.upper));
  return [
    { kind: 'window', lower, upper, mean: (lower + upper) / 2, sd: (upper - lower) / 4 },
    `0.5 and 99.5 percentiles of the foreground are ${Math.round(low)} and ${Math.round(high)} HU, widened to take in ${softTissue.lower} to ${softTissue.upper} HU so that soft tissue stays visible; centre and quarter width bring it to -2 to 2`,
  ];
}

/** A single case may move a bound of the window by this share of the range of the others' foreground. */
const ONE_CASE = 0.25;

/** A quantile over the voxels of all cases, without the one that moves it most where that one alone moves it far. */
function quantileOfMost(cases: readonly (readonly number[])[], q: number): number {
  const all = quantile(cases.flat(), q);
  const filled = cases.filter(({ length }) => length > 0);
  if (filled.length < 3) return all;
  const without = filled.map((_, i) => quantile(filled.filter((_, other) => other !== i).flat(), q));
  const farthest = without.reduce((a, b) => (Math.abs(b - all) > Math.abs(a - all) ? b : a));
  const others = filled.filter((_, i) => without[i] !== farthest).flat();
  const range = quantile(others, 0.995) - quantile(others, 0.005);
  return Math.abs(farthest - all) > ONE_CASE * range ? farthest : all;
}

/** In mm: what does not fit at this spacing has no size. */
const COARSEST = 1e6;

/** The chosen spacing, coarser where the largest case would not fit into memory. */
function fitMemory({ spacing, reason }: ChosenSpacing, cases: readonly CaseFingerprint[]): ChosenSpacing {
  const fits = (candidate: Vec3) => cases.every((c) => count(sizeAt(c, candidate)) <= maximumVoxels);
  if (fits(spacing)) return { spacing, reason };
  let coarser = spacing;
  while (!fits(coarser) && coarser.every((mm) => mm < COARSEST)) coarser = coarserThan(coarser);
  return {
    spacing: coarser,
    reason: `${reason}; coarsened to ${spacingText(coarser)} mm so that the largest case fits into memory`,
  };
}

/** A spacing far too fine would ask for more memory than there is, case by case. */
function checkSpacing(spacing: Plan['spacing'], cases: readonly CaseFingerprint[]): Plan['spacing'] {
  if (!spacing.every((mm) => mm > 0 && Number.isFinite(mm)))
    throw new UsageError({ expected: 'a spacing of three positive numbers in mm', found: spacing.join(', ') });
  const size = cases.map((c) => sizeAt(c, spacing)).find((n) => !(count(n) <= maximumVoxels));
  if (size)
    throw new UsageError({
      problem: `the spacing ${spacing.join(' x ')} mm is too fine: a training image would become ${size.join(' x ')} voxels, of ${maximumVoxels} at most`,
    });
  return spacing;
}
