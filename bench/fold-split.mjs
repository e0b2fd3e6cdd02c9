/** The splits of a cross-validation: every case is tested once, and groups (a person, say) are never divided. */
import { createRandom } from '../dist/math/random.js';

/** Share of the cases outside a fold that calibrate and are not trained on. */
export const CALIBRATION_SHARE = 0.25;

/**
 * @param cases with `name` and `group`
 * @returns for each fold `{ train, calibration, test }`, case names as in `dataset.json`
 */
export function foldSplits(cases, count, seed) {
  const groups = groupsOf(cases);
  if (groups.length < count + 2) {
    throw new Error(`${count} folds: expected ${count + 2} groups of cases at least, found ${groups.length}.`);
  }
  const folds = Array.from({ length: count }, () => []);
  // Large groups first, each where fewest cases are, so that folds come out alike in size.
  for (const group of createRandom(seed, 'folds').shuffle(groups).sort(largerFirst)) {
    folds.reduce((best, fold) => (size(fold) < size(best) ? fold : best)).push(group);
  }
  return folds.map((test, i) => {
    const train = createRandom(seed, 'calibration', i).shuffle(folds.filter((fold) => fold !== test).flat());
    const wanted = Math.round(CALIBRATION_SHARE * size(train));
    const calibration = [];
    while (size(calibration) < wanted && train.length > 1) calibration.push(train.pop());
    return { train: namesOf(train), calibration: namesOf(calibration), test: namesOf(test) };
  });
}

/** In the order of their names, so that a split does not depend on the order of the cases. */
function groupsOf(cases) {
  const groups = new Map();
  for (const { name, group } of cases) groups.set(group, [...(groups.get(group) ?? []), name]);
  return [...groups.keys()].sort().map((group) => groups.get(group));
}

const size = (groups) => groups.flat().length;
const largerFirst = (a, b) => b.length - a.length;
const namesOf = (groups) => groups.flat().sort();
