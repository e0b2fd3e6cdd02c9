/**
 * Validation cases: training-split cases that do not train, on which the best weights of a run are chosen. Calibration
 * cases cannot serve: temperatures and conformal scores must come from cases that chose nothing.
 */
import { createRandom } from '../math/random.js';

/** Tasks of fewer training cases hold none out by default: each case is needed more for training. */
const ENOUGH = 10;
const SHARE = 0.1;
const LEAST = 2;
/** Further cases would cost time at every validation and add little to what a mean of this many says. */
const MOST = 5;
/** So many must be left to train on. */
const TRAINED = 2;

/** How many cases of a task are held out unless a number is asked for: a tenth, 2 to 5; none of fewer than 10. */
export function defaultValidationCases(trainingCases: number): number {
  return trainingCases < ENOUGH ? 0 : Math.min(MOST, Math.max(LEAST, Math.round(SHARE * trainingCases)));
}

/**
 * Names of the training cases to hold out, whole groups at a time: those that fit the number, in a seeded order, then
 * the smallest of the rest while the number is not reached, but never more than a third of the cases. Depends on seed,
 * names and groups alone.
 * @param wanted number of cases; null: {@link defaultValidationCases}
 */
export function holdOut(
  cases: readonly { readonly name: string; readonly group: string }[],
  seed: number,
  wanted: number | null,
): ReadonlySet<string> {
  const groups = new Map<string, string[]>();
  for (const { name, group } of cases) groups.set(group, [...(groups.get(group) ?? []), name]);
  const number = Math.min(wanted ?? defaultValidationCases(cases.length), cases.length - TRAINED);
  const order = createRandom(seed, 'validation').shuffle([...groups.keys()].sort());
  const held = new Set<string>();
  const rest: string[][] = [];
  for (const members of order.map((key) => groups.get(key)!)) {
    if (held.size + members.length > number) rest.push(members);
    else for (const name of members) held.add(name);
  }
  rest.sort((a, b) => a.length - b.length);
  for (const members of rest) {
    if (held.size >= number || held.size + members.length > cases.length / 3) break;
    for (const name of members) held.add(name);
  }
  return held;
}
