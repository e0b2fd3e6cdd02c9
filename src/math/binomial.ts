/**
 * How many false alarms are to be expected: split conformal prediction bounds the rate on average over calibration sets;
 * one calibration set has a rate of its own, and a count of alarms says something only beside the range it may vary in.
 */
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

/**
 * Central 95 % range of the number of false alarms among in-distribution images, flagged where the conformal p-value is at
 * most alpha, over tests that each have calibration images of their own. With k = floor(alpha (n + 1)), the false-alarm
 * rate of one calibration set of n images is Beta(k, n + 1 - k) (Vovk 2012; Angelopoulos and Bates 2023, section 3.2), so
 * that its count is beta-binomial; counts of several tests are independent, and their probabilities are convolved.
 * Rules that need several p-values to agree raise fewer alarms than this, never more.
 * @param alpha in (0, 1)
 * @returns [low, high]
 */
export function expectedAlarms(
  tests: readonly { readonly calibration: number; readonly test: number }[],
  alpha: number,
): [number, number] {
  let probabilities: Float64Array = Float64Array.of(1);
  for (const { calibration, test } of tests) {
    // The slack undoes rounding such as 0.29 * 100 = 28.999999999999996.
    const k = Math.floor(alpha * (calibration + 1) + 1e-9);
    // With k = 0 no p-value reaches alpha: surely no alarm.
    if (k > 0 && test > 0) {
      probabilities = convolve(probabilities, betaBinomialProbabilities(test, k, calibration + 1 - k));
    }
  }
  return [quantileOf(probabilities, 0.025), quantileOf(probabilities, 0.975)];
}

function convolve(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length + b.length - 1);
  a.forEach((p, i) => {
    b.forEach((q, j) => {
      out[i + j] += p * q;
    });
  });
  return out;
}

function quantileOf(probabilities: Float64Array, q: number): number {
  let cumulative = 0;
  for (let x = 0; x < probabilities.length - 1; x++) {
    cumulative += probabilities[x];
    if (cumulative >= q) return x;
  }
  return probabilities.length - 1;
}
