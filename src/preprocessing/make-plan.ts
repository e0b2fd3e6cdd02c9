/**
 * Turns the fingerprints of a task's training cases into its plan, by rules in the manner of nnU-Net (Isensee et al.,
 * Nature Methods 2021). Each decision's reason is written down, with its numbers, for people to question.
 */
import { UsageError } from '../errors.js';
import { median, quantile } from '../math/statistics.js';
import type { Vec3 } from '../math/vector.js';
import type { CaseFingerprint } from './fingerprint.js';
import { checkBudget, choosePatch, growPatch } from './patch.js';
import type { IntensityPlan, Plan } from './plan.js';
import { chooseSpacing, medianSizeAt, sizeAt } from './spacing.js';
import { countWindows } from './windows.js';

export { type CaseFingerprint, fingerprintCase } from './fingerprint.js';

/** Soft tissue and bone marrow stay visible whatever the target is (HU). */
const softTissue = { lower: -200, upper: 300 };

export interface PlanOptions {
  /** The network's stride: patch sides are multiples of it. */
  readonly stride: number;
  /** Voxels of a patch: about so many, at most 1.1 times. */
  readonly patchVoxels: number;
  /** Whether the fingerprints' intensities are Hounsfield units; see {@link areHounsfield}. */
  readonly hounsfield: boolean;
  readonly intensityOffset: number | null;
  /** Default 0.5. */
  readonly overlap?: number;
  /** Fix the spacing (mm, along right, anterior, superior) instead of choosing it. */
  readonly spacing?: Vec3;
  /** Fix the patch (voxels) instead of choosing it; sides must be multiples of the stride. */
  readonly patch?: Vec3;
}

/**
 * Are stored values, offset added, Hounsfield units? Only of CT, and only if the data set states an offset or the
 * values look like it: air near -1000 (scanners pad down to -3100) in most cases and foreground within -1100 to 3100.
 */
export function areHounsfield(
  modality: string,
  intensityOffset: number | null,
  cases: readonly CaseFingerprint[],
): boolean {
  if (!/^ct$/i.test(modality.trim()) || cases.length === 0) return false;
  if (intensityOffset !== null) return true;
  const air = median(cases.map((c) => c.minimum));
  const inside = cases.every((c) => c.foregroundIntensities.every((v) => v >= -1100 && v <= 3100));
  return inside && air >= -3100 && air <= -800;
}

/**
 * Make the plan of a task.
 * @param cases fingerprints of its training cases
 * @throws UsageError without cases, or for a stride, patch size, overlap or spacing that cannot be
 */
export function makePlan(cases: readonly CaseFingerprint[], options: PlanOptions): Plan {
  checkBudget(options);
  if (cases.length === 0) throw new UsageError('A plan needs at least one training case; found none.');
  const overlap = options.overlap ?? 0.5;
  const { spacing, reason } = options.spacing
    ? { spacing: checkSpacing(options.spacing), reason: 'given' }
    : chooseSpacing(cases, options);
  const sizes = cases.map((c) => sizeAt(c, spacing));
  const { patch, patchReason } = decidePatch(medianSizeAt(cases, spacing), sizes, options);
  const windows = sizes.map((n) => countWindows(n, patch, overlap));
  const most = Math.max(...windows);
  const maximumWindows = Math.max(32, 4 * most);
  const intensity = chooseIntensity(cases, options.hounsfield);
  return {
    orientation: 'RAS',
    spacing: [...spacing],
    patch: [...patch],
    overlap,
    maximumWindows,
    intensity: intensity.plan,
    intensityOffset: options.intensityOffset,
    reasons: {
      spacing: reason,
      patch: patchReason,
      overlap: options.overlap === undefined ? 'default: half a window, as nnU-Net' : 'given',
      maximumWindows: `training cases need ${median(windows)} windows in the median and ${most} at most; four times that, at least 32`,
      intensity: intensity.reason,
    },
  };
}

function decidePatch(size: Vec3, sizes: readonly Vec3[], options: PlanOptions): { patch: Vec3; patchReason: string } {
  if (options.patch) return { patch: checkPatch(options.patch, options.stride), patchReason: 'given' };
  const shaped = choosePatch(size, options);
  const patch = growPatch(shaped, sizes, options);
  const whole = sizes.filter((n) => n.every((voxels, axis) => voxels <= patch[axis])).length;
  return {
    patch,
    patchReason: `median image ${size.map(Math.round).join(' x ')} voxels at this spacing; shaped like it in multiples of ${options.stride}, at most 1.1 x ${options.patchVoxels} voxels${patch === shaped ? '' : ', then grown where it takes in more whole images'}; ${whole} of ${sizes.length} training images fit into one window`,
  };
}

function chooseIntensity(
  cases: readonly CaseFingerprint[],
  hounsfield: boolean,
): { plan: IntensityPlan; reason: string } {
  const percentiles = { lowerPercentile: 0.5, upperPercentile: 99.5 };
  const zScore: IntensityPlan = { kind: 'z-score', ...percentiles };
  if (!hounsfield)
    return {
      plan: zScore,
      reason:
        'units are not known to be Hounsfield: each image by its own 0.5 and 99.5 percentiles, mean and sd above its minimum',
    };
  const foreground = cases.flatMap((c) => [...c.foregroundIntensities]);
  if (foreground.length === 0)
    return { plan: zScore, reason: 'no foreground to take a Hounsfield window from: each image by its own statistics' };
  const [low, high] = [0.005, 0.995].map((q) => quantile(foreground, q));
  const lower = Math.floor(Math.min(low, softTissue.lower));
  const upper = Math.ceil(Math.max(high, softTissue.upper));
  return {
    plan: { kind: 'window', lower, upper, mean: (lower + upper) / 2, sd: (upper - lower) / 4 },
    reason: `0.5 and 99.5 percentiles of the foreground are ${Math.round(low)} and ${Math.round(high)} HU, widened to take in ${softTissue.lower} to ${softTissue.upper} HU so that soft tissue stays visible; centre and quarter width bring it to -2 to 2`,
  };
}

function checkSpacing(spacing: Vec3): Vec3 {
  if (!spacing.every((mm) => mm > 0 && Number.isFinite(mm)))
    throw new UsageError(`The spacing must be three positive numbers in mm; found ${spacing.join(', ')}.`);
  return spacing;
}

function checkPatch(patch: Vec3, stride: number): Vec3 {
  if (!patch.every((n) => Number.isInteger(n) && n > 0 && n % stride === 0))
    throw new UsageError(
      `The patch must be three positive multiples of the stride ${stride}; found ${patch.join(', ')}.`,
    );
  return patch;
}
