/** Means over cases with the intervals that `candor evaluate` gives: 95 %, by bootstrap over groups of cases. */
import { bootstrapInterval } from '../dist/math/bootstrap.js';
import { mean } from '../dist/math/statistics.js';

/**
 * @param cases with `group`
 * @param value of a case; those without one (null) are left out
 */
export function meanOfCases(cases, value) {
  const defined = cases.filter((one) => value(one) !== null);
  return bootstrapInterval({ values: defined.map(value), groups: defined.map(({ group }) => group) }, mean, {
    seed: 0,
    resamples: 1000,
  });
}

export const formatFigure = (value, digits) => value?.toFixed(digits) ?? '–';

/** The mean and its interval. */
export function formatInterval({ mean: middle, low, high }, digits) {
  if (low === null) return formatFigure(middle, digits);
  return `${formatFigure(middle, digits)} (${formatFigure(low, digits)}, ${formatFigure(high, digits)})`;
}
