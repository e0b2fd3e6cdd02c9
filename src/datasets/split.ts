/** A seeded split for data sets that bring none: 60 % train, 20 % calibration, 20 % test, groups never shared. */
import { createRandom } from '../math/random.js';
import { type Case, type Split, type SplitPart, splitParts } from './dataset.js';

const shares = { train: 0.6, calibration: 0.2, test: 0.2 };

/**
 * Split cases by group. It depends on the seed and the names alone, not on the order of the cases.
 * Large groups are placed first, each where most cases are missing; with three groups or more no part stays empty.
 */
export function makeSplit(cases: readonly Pick<Case, 'name' | 'group'>[], seed: number): Split {
  const groups = new Map<string, string[]>();
  for (const { name, group } of cases) groups.set(group, [...(groups.get(group) ?? []), name]);
  const order = createRandom(seed, 'split')
    .shuffle([...groups.keys()].sort())
    .map((group) => groups.get(group)!)
    .sort((a, b) => b.length - a.length);
  const split: Record<SplitPart, string[]> = { train: [], calibration: [], test: [] };
  order.forEach((members, i) => {
    const empty = splitParts.filter((part) => split[part].length === 0);
    const open = order.length - i <= empty.length ? empty : splitParts;
    const missing = (part: keyof Split) => shares[part] * cases.length - split[part].length;
    const part = open.reduce((best, candidate) => (missing(candidate) > missing(best) + 1e-9 ? candidate : best));
    split[part].push(...members);
  });
  for (const part of splitParts) split[part].sort();
  return split;
}
