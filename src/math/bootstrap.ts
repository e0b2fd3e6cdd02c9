/**
 * Bootstrap intervals that resample whole groups (a patient's scans, the corrupted copies of one case), since values of
 * one group are not independent and resampling them singly would make intervals too narrow.
 */
import { UsageError } from '../errors.js';
import { createRandom } from './random.js';
import { quantileOfSorted } from './statistics.js';

/** A figure of a report: the estimate and its percentile bootstrap interval. */
export interface Interval {
  /** The statistic on all values (for means: the mean); null where it is undefined, e.g. without values. */
  readonly mean: number | null;
  /** Ends of the interval; null where it cannot be had: fewer than two groups, or an undefined estimate. */
  readonly low: number | null;
  readonly high: number | null;
  /** Number of values (not of groups). */
  readonly n: number;
}

export interface BootstrapOptions {
  readonly seed: number;
  /** Number of resamples. */
  readonly resamples?: number;
  /** Coverage of the central interval. */
  readonly level?: number;
}

/** Values by group, or values with the group id of each. */
export type Grouped<T> =
  | readonly (readonly T[])[]
  | { readonly values: readonly T[]; readonly groups: readonly (string | number)[] };

/**
 * Percentile bootstrap interval of any statistic, resampling groups with replacement (Efron and Tibshirani 1993, ch. 13).
 * For a statistic over two sets (AUROC), tag each value with its set and split inside the statistic; resamples for which
 * the statistic is undefined (null or NaN: one set is missing) are left out.
 * @param statistic a function of the values; null or NaN where it is undefined
 */
export function bootstrapInterval<T>(
  grouped: Grouped<T>,
  statistic: (values: readonly T[]) => number | null,
  options: BootstrapOptions,
): Interval {
  const { seed, resamples = 2000, level = 0.95 } = options;
  if (!(level > 0 && level < 1))
    throw new UsageError({ file: 'Bootstrap level', expected: 'a share between 0 and 1', found: String(level) });
  if (!(Number.isInteger(resamples) && resamples > 0)) {
    throw new UsageError({ file: 'Bootstrap resamples', expected: 'a positive integer', found: String(resamples) });
  }
  const groups = ('groups' in grouped ? gather(grouped.values, grouped.groups) : grouped).filter((g) => g.length > 0);
  const all = groups.flat();
  const n = all.length;
  const estimate = n > 0 ? statistic(all) : null;
  if (estimate === null || Number.isNaN(estimate)) return { mean: null, low: null, high: null, n };
  if (groups.length < 2) return { mean: estimate, low: null, high: null, n };

  const random = createRandom(seed, 'bootstrap');
  const estimates: number[] = [];
  const drawn: T[] = [];
  for (let i = 0; i < resamples; i++) {
    drawn.length = 0;
    for (let g = 0; g < groups.length; g++)
      for (const value of groups[random.integer(groups.length)]) drawn.push(value);
    const value = statistic(drawn);
    if (value !== null && !Number.isNaN(value)) estimates.push(value);
  }
  if (estimates.length === 0) return { mean: estimate, low: null, high: null, n };
  const sorted = Float64Array.from(estimates).sort();
  const tail = (1 - level) / 2;
  return { mean: estimate, low: quantileOfSorted(sorted, tail), high: quantileOfSorted(sorted, 1 - tail), n };
}

function gather<T>(values: readonly T[], ids: readonly (string | number)[]): T[][] {
  if (ids.length !== values.length) {
    throw new UsageError({
      file: 'Bootstrap',
      expected: 'one group id per value',
      found: `${ids.length} for ${values.length}`,
    });
  }
  const byId = new Map<string | number, T[]>();
  values.forEach((value, i) => {
    const group = byId.get(ids[i]);
    if (group) group.push(value);
    else byId.set(ids[i], [value]);
  });
  return [...byId.values()];
}
