/** Figures with intervals, made alike everywhere: bootstrap over groups with one seed and one number of resamples. */
import { bootstrapInterval, type Interval } from '../math/bootstrap.js';
import { mean } from '../math/statistics.js';
import type { CaseResult, OodResult } from './case-result.js';

/** A statistic of items that each belong to a group. */
export type Estimate = <T>(
  items: readonly T[],
  groupOf: (item: T) => string,
  statistic: (items: readonly T[]) => number | null,
) => Interval;

/** Fix seed and number of resamples once for all figures of a summary. */
export function createEstimate(options: { seed: number; resamples: number }): Estimate {
  return (items, groupOf, statistic) =>
    bootstrapInterval({ values: items, groups: items.map(groupOf) }, statistic, options);
}

/** The mean of a value over test cases; cases where it is undefined are left out, as the interval's n shows. */
export function meanOver(
  estimate: Estimate,
  cases: readonly CaseResult[],
  value: (c: CaseResult) => number | null,
): Interval {
  const defined = cases.flatMap((c) => {
    const v = value(c);
    return v === null ? [] : [{ value: v, group: groupOfCase(c) }];
  });
  return estimate(
    defined,
    (item) => item.group,
    (items) => mean(items.map((item) => item.value)),
  );
}

/** Groups of different tasks are different, even where their names agree. */
export function groupOfCase(c: CaseResult): string {
  return `${c.task}/${c.group}`;
}

/** As given, which may name a test case's group, or the image alone. */
export function groupOfOodImage(c: OodResult): string {
  return c.group ?? `${c.set}/${c.case}`;
}
