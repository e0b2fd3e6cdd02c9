/**
 * How many false alarms are to be expected: split conformal prediction bounds the rate on average over calibration sets;
 * one calibration set has a rate of its own, and a count of alarms says something only beside the range it may vary in.
 */
import { UsageError } from '../errors.js';

/**
 * Probabilities of 0..trials successes under a beta-binomial distribution: a success rate drawn from Beta(a, b), then
 * `trials` independent trials. a, b > 0.
 */
export function betaBinomialProbabilities(trials: number, a: number, b: number): Float64Array {
  // The ratio of neighbouring probabilities is rational; summing its logarithm neither overflows nor needs a gamma function.
  const log = new Float64Array(trials + 1);
  let largest = 0;
  for (let x = 0; x < trials; x++) {
    log[x + 1] = log[x] + Math.log(((trials - x) * (x + a)) / ((x + 1) * (trials - x - 1 + b)));
    largest = Math.max(largest, log[x + 1]);
  }
  let sum = 0;
  for (let x = 0; x <= trials; x++) {
    log[x] = Math.exp(log[x] - largest);
    sum += log[x];
  }
  return log.map((value) => value / sum);
}

/** Smallest number of successes whose cumulative beta-binomial probability reaches q. */
export function betaBinomialQuantile(q: number, trials: number, a: number, b: number): number {
  const probabilities = betaBinomialProbabilities(trials, a, b);
  let cumulative = 0;
  for (let x = 0; x < trials; x++) {
    cumulative += probabilities[x];
    if (cumulative >= q) return x;
  }
  return trials;
}

/**
 * Central range of the number of false alarms among `nTest` in-distribution images, flagged where the conformal p-value
 * is at most alpha. With k = floor(alpha (n + 1)), the false-alarm rate of one calibration set of n images is
 * Beta(k, n + 1 - k) (Vovk 2012; Angelopoulos and Bates 2023, section 3.2), so that the count is beta-binomial.
 * @returns [low, high]; [0, 0] where n is too small for alpha (k = 0), since no p-value can reach it
 */
export function expectedAlarms(nCalibration: number, nTest: number, alpha: number, level = 0.95): [number, number] {
  for (const n of [nCalibration, nTest]) {
    if (!(Number.isInteger(n) && n >= 0))
      throw new UsageError({ file: 'Expected alarms', expected: 'a count of images', found: String(n) });
  }
  if (!(alpha >= 0 && alpha <= 1))
    throw new UsageError({ file: 'Expected alarms', expected: 'alpha in [0, 1]', found: String(alpha) });
  if (!(level > 0 && level < 1))
    throw new UsageError({ file: 'Expected alarms', expected: 'a level between 0 and 1', found: String(level) });
  // The slack undoes rounding such as 0.29 * 100 = 28.999999999999996.
  const k = Math.floor(alpha * (nCalibration + 1) + 1e-9);
  if (k === 0) return [0, 0];
  if (k > nCalibration) return [nTest, nTest];
  const b = nCalibration + 1 - k;
  return [betaBinomialQuantile((1 - level) / 2, nTest, k, b), betaBinomialQuantile((1 + level) / 2, nTest, k, b)];
}
