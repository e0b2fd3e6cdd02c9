/**
 * Temperature scaling (Guo et al., "On Calibration of Modern Neural Networks", 2017): one number per task that makes
 * probabilities honest on calibration images and leaves every mask as it is.
 */
import { UsageError } from '../errors.js';
import type { LabelSpace } from '../labels/label-space.js';
import { structureMask, UNKNOWN } from '../labels/reference.js';

/** One calibration case; `region` limits the fit to its non-zero voxels. */
export interface CalibrationSample {
  /** Raw, `[structures, voxels]`. */
  readonly logits: Float32Array;
  /** Class numbers. */
  readonly reference: Uint8Array;
  readonly region?: Uint8Array;
}

export interface TemperatureFit {
  readonly temperature: number;
  /** Mean over cases of their mean negative log likelihood per voxel, in nats, at temperature 1. */
  readonly nllBefore: number;
  /** The same at the fitted temperature. */
  readonly nllAfter: number;
  /** Number of cases that had voxels to fit on. */
  readonly n: number;
}

/** Fits stay within these bounds; separable cases would otherwise drive the temperature to 0. */
export const temperatureBounds = { lowest: 0.05, highest: 20 } as const;

/** Whether a fit ran into a bound, which is no minimum. */
export function isAtBound(temperature: number): boolean {
  const { lowest, highest } = temperatureBounds;
  return temperature < 1.01 * lowest || temperature > highest / 1.01;
}

/**
 * The temperature that minimises the negative log likelihood, each case weighing the same whatever its size.
 * The likelihood is convex in 1 / T: Newton's method, kept within a shrinking bracket.
 * @throws UsageError where no case has a voxel, or a logit is not finite
 */
export function fitTemperature(space: LabelSpace, samples: readonly CalibrationSample[]): TemperatureFit {
  const margins = samples.map((sample) => marginsOf(space, sample)).filter(({ values }) => values.length > 0);
  if (margins.length === 0) {
    throw new UsageError({ file: 'temperature', expected: 'at least one case with voxels to fit on' });
  }

  let low = 1 / temperatureBounds.highest;
  let high = 1 / temperatureBounds.lowest;
  const start = likelihood(margins, 1);
  let beta = 1;
  let at = start;
  // A slope of exactly 0 from the start (all logits 0) says nothing about the temperature.
  for (let i = 0; i < 100 && at.slope !== 0; i++) {
    if (at.slope > 0) high = beta;
    else low = beta;
    const newton = beta - at.slope / at.curvature;
    // Written so that NaN (no curvature left) falls to bisection, on a logarithmic scale as the bounds are.
    const next = newton > low && newton < high ? newton : Math.sqrt(low * high);
    const moved = Math.abs(next - beta);
    beta = next;
    at = likelihood(margins, beta);
    if (moved <= 1e-7 * beta) break;
  }
  // A step limit or rounding must never leave things worse than no calibration.
  if (at.nll > start.nll) return { temperature: 1, nllBefore: start.nll, nllAfter: start.nll, n: margins.length };
  return { temperature: 1 / beta, nllBefore: start.nll, nllAfter: at.nll, n: margins.length };
}

/** What a temperature multiplies logits by. @throws UsageError for a temperature that is not positive */
export function logitScale(temperature: number): number {
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new UsageError({ file: 'temperature', expected: 'a positive number', found: `${temperature}` });
  }
  return 1 / temperature;
}

/** By how much the right logit exceeds others: 0 and 1 of a sigmoid, or all others of a softmax. */
interface Margins {
  readonly values: Float32Array;
  /** How many stand side by side, of one voxel. */
  readonly width: number;
}

function marginsOf(space: LabelSpace, { logits, reference, region }: CalibrationSample): Margins {
  const k = space.structures.length;
  const voxels = logits.length / k;
  if (reference.length !== voxels || (region && region.length !== voxels)) {
    throw new UsageError({
      file: 'temperature',
      expected: `as many reference and region voxels as logits of a structure (${voxels})`,
      found: `${reference.length} and ${region?.length ?? 'none'}`,
    });
  }
  const counts = (i: number) => reference[i] !== UNKNOWN && (region === undefined || region[i] !== 0);
  let n = 0;
  for (let i = 0; i < voxels; i++) if (counts(i)) n++;
  const values = new Float32Array(k * n);
  const masks = space.overlapping ? space.structures.map((_, s) => structureMask(space, reference, s)) : null;
  const logitOf = (number: number, i: number) => (number === 0 ? 0 : logits[(number - 1) * voxels + i]);
  let m = 0;
  for (let i = 0; i < voxels; i++) {
    if (!counts(i)) continue;
    for (let at = i; at < logits.length; at += voxels) {
      if (Number.isFinite(logits[at])) continue;
      throw new UsageError({ file: `temperature: logit ${at}`, expected: 'a finite one', found: `${logits[at]}` });
    }
    if (masks) {
      for (let s = 0; s < k; s++) values[m++] = masks[s][i] !== 0 ? logitOf(s + 1, i) : -logitOf(s + 1, i);
    } else {
      const right = logitOf(reference[i], i);
      for (let number = 0; number <= k; number++) {
        if (number !== reference[i]) values[m++] = right - logitOf(number, i);
      }
    }
  }
  return { values, width: masks ? 1 : k };
}

/** Mean over cases of the mean negative log likelihood of a voxel, with its first and second derivative by beta. */
function likelihood(cases: readonly Margins[], beta: number) {
  let nll = 0;
  let slope = 0;
  let curvature = 0;
  for (const { values, width } of cases) {
    const sums = width === 1 ? sigmoidSums(values, beta) : softmaxSums(values, width, beta);
    const weight = 1 / ((values.length / width) * cases.length);
    nll += sums.nll * weight;
    slope += sums.slope * weight;
    curvature += sums.curvature * weight;
  }
  return { nll, slope, curvature };
}

/** Sums of log(1 + exp(-beta m)) and its derivatives. */
function sigmoidSums(margins: Float32Array, beta: number) {
  let n = 0;
  let s = 0;
  let c = 0;
  for (let i = 0; i < margins.length; i++) {
    const m = margins[i];
    // exp of a negative number only: stable for logits of any size.
    const e = Math.exp(-Math.abs(beta * m));
    const slope = m > 0 ? e / (1 + e) : 1 / (1 + e);
    n += Math.log1p(e) + (m > 0 ? 0 : -beta * m);
    s -= m * slope;
    c += (m * m * e) / ((1 + e) * (1 + e));
  }
  return { nll: n, slope: s, curvature: c };
}

/** Sums of log(1 + exp(-beta m_1) + ..) over the margins of each voxel, and its derivatives: mean and variance of -m. */
function softmaxSums(margins: Float32Array, width: number, beta: number) {
  let nll = 0;
  let slope = 0;
  let curvature = 0;
  for (let i = 0; i < margins.length; i += width) {
    let largest = 0;
    for (let j = i; j < i + width; j++) largest = Math.max(largest, -beta * margins[j]);
    let total = Math.exp(-largest);
    let first = 0;
    let second = 0;
    for (let j = i; j < i + width; j++) {
      const e = Math.exp(-beta * margins[j] - largest);
      total += e;
      first -= margins[j] * e;
      second += margins[j] * margins[j] * e;
    }
    nll += largest + Math.log(total);
    slope += first / total;
    curvature += second / total - (first / total) ** 2;
  }
  return { nll, slope, curvature };
}
