/**
 * Out of distribution is not wrong: whether each score also ranks the cases of one task by how badly they were segmented, and
 * whether the Dice that the model expects of itself beats always saying the task's usual Dice.
 */
import { mean } from '../math/statistics.js';
import { riskCoverage, spearman } from '../metrics/ranking.js';
import type { CaseResult } from './case-result.js';
import { type Estimate, groupOfCase } from './figures.js';
import type { EstimatedDiceSummary, RankingSummary } from './summary.js';

/** The model's own expectation, 1 - estimated Dice, as a score beside the detectors'. */
export const estimatedDiceScore = 'estimated-dice';

/** Excess AURC and Spearman correlation with 1 - Dice of every score: by task, and their mean over tasks under `all`. */
export function summariseRanking(
  cases: readonly CaseResult[],
  estimate: Estimate,
): Record<string, Record<string, RankingSummary>> {
  const tasks = [...new Set(cases.map((c) => c.task))];
  const names = [...new Set(cases.flatMap((c) => Object.keys(c.scores)))];
  const scores: [string, (c: CaseResult) => number | undefined][] = [
    ...names.map((name): [string, (c: CaseResult) => number | undefined] => [name, (c) => c.scores[name]]),
    // An empty mask has no estimate: the plainest sign of failure, so it ranks above all.
    [estimatedDiceScore, (c) => (c.estimatedDice === null ? Number.POSITIVE_INFINITY : 1 - c.estimatedDice)],
  ];
  return Object.fromEntries(
    scores.map(([name, score]) => {
      const ranked = cases.flatMap((c) => {
        const value = score(c);
        return value === undefined || Number.isNaN(value)
          ? []
          : [{ task: c.task, score: value, risk: 1 - c.dice, group: groupOfCase(c) }];
      });
      const byTask = tasks.map(
        (task) =>
          [
            task,
            ranking(
              ranked.filter((c) => c.task === task),
              estimate,
            ),
          ] as const,
      );
      return [name, Object.fromEntries([...byTask, ['all', ranking(ranked, estimate)]])];
    }),
  );
}

interface RankedCase {
  readonly task: string;
  readonly group: string;
  readonly score: number;
  readonly risk: number;
}

/** Within tasks: tasks differ in both score and Dice, and ranking tasks is not ranking cases. */
function ranking(cases: readonly RankedCase[], estimate: Estimate): RankingSummary {
  const overTasks = (measure: (scores: number[], risks: number[]) => number | null) =>
    estimate(
      cases,
      (c) => c.group,
      (drawn) => {
        const values = [...new Set(drawn.map((c) => c.task))].flatMap((task) => {
          const own = drawn.filter((c) => c.task === task);
          const value = measure(
            own.map((c) => c.score),
            own.map((c) => c.risk),
          );
          return value === null ? [] : [value];
        });
        return values.length === 0 ? null : mean(values);
      },
    );
  return {
    excessAurc: overTasks((scores, risks) => riskCoverage(scores, risks).excessAurc),
    spearman: overTasks(spearman),
  };
}

/**
 * Mean absolute error of the estimated Dice over the cases that have one, and of the baseline on the same cases.
 * @param calibrationDice each task's mean Dice on its calibration images, where known
 */
export function summariseEstimatedDice(
  cases: readonly CaseResult[],
  calibrationDice: Readonly<Record<string, number>>,
  estimate: Estimate,
): Record<string, EstimatedDiceSummary> {
  const estimated = cases.filter((c) => c.estimatedDice !== null);
  const error = (own: readonly CaseResult[], guess: (c: CaseResult) => number) =>
    estimate(own, groupOfCase, (drawn) => mean(drawn.map((c) => Math.abs(guess(c) - c.dice))));
  const summary = (own: readonly CaseResult[]): EstimatedDiceSummary => ({
    meanAbsoluteError: error(own, (c) => c.estimatedDice!),
    baseline: error(
      own.filter((c) => c.task in calibrationDice),
      (c) => calibrationDice[c.task],
    ),
  });
  const tasks = [...new Set(cases.map((c) => c.task))];
  const byTask = tasks.map((task) => [task, summary(estimated.filter((c) => c.task === task))] as const);
  return Object.fromEntries([...byTask, ['all', summary(estimated)]]);
}
