/**
 * How well scores tell two sets apart (AUROC, AUPR, FPR at a TPR) and how well they rank cases by quality (Spearman,
 * risk-coverage). Higher scores are further out of distribution; Infinity is allowed and ranks above all; NaN is refused.
 * For out-of-distribution (OOD) detection OOD images are the positive class.
 */
import { UsageError } from '../errors.js';
import { mean, midranks } from '../math/statistics.js';

/** A score with its class, so that both classes can be resampled together. */
export interface LabelledScore {
  readonly score: number;
  readonly positive: boolean;
}

/** Split labelled scores for the measures of this file: `bootstrapInterval(groups, (s) => auroc(...splitScores(s)), ...)`. */
export function splitScores(scores: readonly LabelledScore[]): [positive: number[], negative: number[]] {
  const positive: number[] = [];
  const negative: number[] = [];
  for (const s of scores) (s.positive ? positive : negative).push(s.score);
  return [positive, negative];
}

/** Area under the ROC curve: P(a positive scores above a negative), ties counting half. Null where a set is empty. */
export function auroc(positive: ArrayLike<number>, negative: ArrayLike<number>): number | null {
  const [up, down] = [ascending(positive), ascending(negative)];
  if (up.length === 0 || down.length === 0) return null;
  let below = 0;
  let notAbove = 0;
  let twiceWins = 0;
  for (const score of up) {
    while (below < down.length && down[below] < score) below++;
    while (notAbove < down.length && down[notAbove] <= score) notAbove++;
    twiceWins += below + notAbove;
  }
  return twiceWins / (2 * up.length * down.length);
}

/**
 * Area under the precision-recall curve as average precision (scikit-learn's `average_precision_score`): the sum over
 * distinct thresholds of precision times the gain in recall. Null where a set is empty.
 */
export function aupr(positive: ArrayLike<number>, negative: ArrayLike<number>): number | null {
  const [up, down] = [ascending(positive), ascending(negative)];
  if (up.length === 0 || down.length === 0) return null;
  let area = 0;
  let i = up.length - 1;
  let j = down.length - 1;
  while (i >= 0) {
    const threshold = up[i];
    const caughtBefore = up.length - 1 - i;
    while (i >= 0 && up[i] === threshold) i--;
    while (j >= 0 && down[j] >= threshold) j--;
    const caught = up.length - 1 - i;
    const alarms = down.length - 1 - j;
    area += ((caught - caughtBefore) / up.length) * (caught / (caught + alarms));
  }
  return area;
}

/**
 * False-positive rate at a true-positive rate: the share of negatives at or above the highest threshold at or above
 * which lies at least the share `tpr` of positives. Null where a set is empty.
 */
export function fprAtTpr(positive: ArrayLike<number>, negative: ArrayLike<number>, tpr = 0.95): number | null {
  if (!(tpr > 0 && tpr <= 1))
    throw new UsageError({ file: 'FPR at TPR', expected: 'a rate above 0 and at most 1', found: `${tpr}` });
  const [up, down] = [ascending(positive), ascending(negative)];
  if (up.length === 0 || down.length === 0) return null;
  // The slack undoes rounding such as 0.55 * 100 = 55.00000000000001.
  const needed = Math.max(1, Math.ceil(tpr * up.length - 1e-9));
  const threshold = up[up.length - needed];
  let alarms = 0;
  for (const score of down) if (score >= threshold) alarms++;
  return alarms / down.length;
}

/** Spearman's rank correlation, ties by midranks; null for fewer than two pairs or where one side is constant. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  sameLength(a, b);
  refuseNaN(a);
  refuseNaN(b);
  const [ra, rb] = [midranks(a), midranks(b)];
  const centre = mean(ra);
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  for (let i = 0; i < ra.length; i++) {
    product += (ra[i] - centre) * (rb[i] - centre);
    squareA += (ra[i] - centre) ** 2;
    squareB += (rb[i] - centre) ** 2;
  }
  return squareA > 0 && squareB > 0 ? product / Math.sqrt(squareA * squareB) : null;
}

export interface RiskCoverage {
  /** Shares of cases kept, 1/n to 1, the lowest score kept first. */
  readonly coverage: Float64Array;
  /** Mean risk of the cases kept. */
  readonly risk: Float64Array;
  /** Area under the risk-coverage curve: the mean of `risk`. Null without cases. */
  readonly aurc: number | null;
  /** AURC minus that of the ideal order, by risk itself (Geifman et al. 2019): 0 is perfect. Null without cases. */
  readonly excessAurc: number | null;
}

/**
 * Risk-coverage curve of a score: which risk remains if the cases of highest score are left out. Cases of equal score stand for
 * their mean risk, so that the result does not depend on the order of input.
 * @param risks finite, e.g. 1 - Dice
 */
export function riskCoverage(scores: ArrayLike<number>, risks: ArrayLike<number>): RiskCoverage {
  sameLength(scores, risks);
  refuseNaN(scores);
  const n = scores.length;
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(risks[i]))
      throw new UsageError({ file: 'risk-coverage', expected: 'finite risks', found: `${risks[i]}` });
  }
  const risk = runningMean(expectedOrder(scores, risks));
  const ideal = runningMean(expectedOrder(risks, risks));
  const coverage = Float64Array.from(risk, (_, i) => (i + 1) / n);
  if (n === 0) return { coverage, risk, aurc: null, excessAurc: null };
  return { coverage, risk, aurc: mean(risk), excessAurc: mean(risk) - mean(ideal) };
}

/** Risks in ascending order of score, each replaced by the mean risk of its ties. */
function expectedOrder(scores: ArrayLike<number>, risks: ArrayLike<number>): Float64Array {
  const ranks = midranks(scores);
  const sums = new Map<number, { sum: number; count: number }>();
  ranks.forEach((rank, i) => {
    const ties = sums.get(rank) ?? { sum: 0, count: 0 };
    sums.set(rank, { sum: ties.sum + risks[i], count: ties.count + 1 });
  });
  return ranks.sort().map((rank) => sums.get(rank)!.sum / sums.get(rank)!.count);
}

function runningMean(values: Float64Array): Float64Array {
  let sum = 0;
  return values.map((value, i) => {
    sum += value;
    return sum / (i + 1);
  });
}

function ascending(scores: ArrayLike<number>): Float64Array {
  refuseNaN(scores);
  return Float64Array.from(scores).sort();
}

function refuseNaN(scores: ArrayLike<number>): void {
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i]))
      throw new UsageError({ file: 'ranking', problem: `score ${i} of ${scores.length} is not a number` });
  }
}

function sameLength(a: ArrayLike<number>, b: ArrayLike<number>): void {
  if (a.length !== b.length)
    throw new UsageError({ file: 'ranking', expected: 'pairs', found: `${a.length} and ${b.length} values` });
}
