/**
 * Temperature scaling (Guo et al., "On Calibration of Modern Neural Networks", 2017): one number per task that makes
 * probabilities honest on calibration images and leaves every mask as it is.
 */
import { UsageError } from '../errors.js';
import { quickExp } from '../math/exponential.js';

/** One calibration case: raw logits and reference; `region` limits the fit to its non-zero voxels. */
export interface CalibrationSample {
  readonly logits: Float32Array;
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
export function fitTemperature(samples: readonly CalibrationSample[]): TemperatureFit {
  const margins = samples.map(signedLogits).filter((m) => m.length > 0);
  if (margins.length === 0) throw new UsageError('Temperature: expected at least one case with voxels to fit on.');

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

/**
 * Calibrated foreground probabilities, sigmoid(logit / T), in float32. Above 0.5 exactly where the logit is above 0, so
 * that a saved probability and its mask agree.
 */
export function applyTemperature(logits: Float32Array, temperature: number): Float32Array {
  const scale = logitScale(temperature);
  const probability = new Float32Array(logits.length);
  for (let i = 0; i < logits.length; i++) probability[i] = sigmoid(scale * logits[i]);
  return probability;
}

/** What a temperature multiplies logits by. @throws UsageError for a temperature that is not positive */
export function logitScale(temperature: number): number {
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new UsageError(`Temperature: expected a positive number, found ${temperature}.`);
  }
  return 1 / temperature;
}

/** The next float32 after one half. */
const JUST_ABOVE_HALF = 0.5 + 2 ** -24;

/** Probability of a logit, to be kept in float32: above 0.5 exactly where the logit is above 0. */
export function sigmoid(logit: number): number {
  const p = 1 / (1 + quickExp(-logit));
  return logit > 0 && p < JUST_ABOVE_HALF ? JUST_ABOVE_HALF : p;
}

/** Logits as they count for the reference: positive where right. */
function signedLogits({ logits, reference, region }: CalibrationSample): Float32Array {
  if (reference.length !== logits.length || (region && region.length !== logits.length)) {
    throw new UsageError(
      `Temperature: ${logits.length} logits need as many reference and region voxels, ` +
        `found ${reference.length} and ${region?.length ?? 'none'}.`,
    );
  }
  const margins = new Float32Array(region ? region.reduce((sum, r) => sum + (r !== 0 ? 1 : 0), 0) : logits.length);
  let m = 0;
  for (let i = 0; i < logits.length; i++) {
    if (region && region[i] === 0) continue;
    if (!Number.isFinite(logits[i]))
      throw new UsageError(`Temperature: logit ${i} is ${logits[i]}, expected a finite one.`);
    margins[m++] = reference[i] !== 0 ? logits[i] : -logits[i];
  }
  return margins;
}

/** Mean over cases of mean log(1 + exp(-beta m)), with its first and second derivative by beta. */
function likelihood(cases: readonly Float32Array[], beta: number) {
  let nll = 0;
  let slope = 0;
  let curvature = 0;
  for (const margins of cases) {
    let n = 0;
    let s = 0;
    let c = 0;
    for (let i = 0; i < margins.length; i++) {
      const m = margins[i];
      // exp of a negative number only: stable for logits of any size.
      const e = Math.exp(-Math.abs(beta * m));
      const wrong = m > 0 ? e / (1 + e) : 1 / (1 + e);
      n += Math.log1p(e) + (m > 0 ? 0 : -beta * m);
      s -= m * wrong;
      c += (m * m * e) / ((1 + e) * (1 + e));
    }
    const weight = 1 / (margins.length * cases.length);
    nll += n * weight;
    slope += s * weight;
    curvature += c * weight;
  }
  return { nll, slope, curvature };
}
