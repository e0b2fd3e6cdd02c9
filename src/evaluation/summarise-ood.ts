/**
 * How well images of OOD sets are told from the test cases, by each detector and for each set; and how often the default
 * detector raised a false alarm on the test cases, beside the number that its guarantee lets one expect.
 */
import { expectedAlarms } from '../math/binomial.js';
import { aupr, auroc, fprAtTpr, type LabelledScore, splitScores } from '../metrics/ranking.js';
import { isAtMost, supportsAlpha } from '../ood/conformal.js';
import type { Verdict } from '../ood/verdict.js';
import type { CaseResult, OodResult } from './case-result.js';
import { type Estimate, groupOfCase, groupOfOodImage } from './figures.js';
import type { DetectorSummary, FalseAlarms } from './summary.js';

/** Figures of every detector that scored the test cases: by set, and for all sets together under `all`. */
export function summariseDetectors(
  cases: readonly CaseResult[],
  oodImages: readonly OodResult[],
  options: { readonly estimate: Estimate; readonly alpha: number },
): Record<string, Record<string, DetectorSummary>> {
  const sets = [...new Set(oodImages.map((c) => c.set))];
  const detectors = [...new Set([...cases, ...oodImages].flatMap((c) => Object.keys(c.scores)))];
  return Object.fromEntries(
    detectors.map((detector) => {
      const bySet = sets.map((set) => {
        const images = oodImages.filter((c) => c.set === set);
        return [set, summariseDetector(detector, cases, images, options)] as const;
      });
      const all = ['all', summariseDetector(detector, cases, oodImages, options)] as const;
      return [detector, Object.fromEntries(sets.length > 0 ? [...bySet, all] : [])];
    }),
  );
}

interface GroupedScore extends LabelledScore {
  readonly group: string;
}

function summariseDetector(
  detector: string,
  cases: readonly CaseResult[],
  images: readonly OodResult[],
  { estimate, alpha }: { readonly estimate: Estimate; readonly alpha: number },
): DetectorSummary {
  const scored = <T extends CaseResult | OodResult>(results: readonly T[]) =>
    results.filter((c) => detector in c.scores && !Number.isNaN(c.scores[detector]));
  const negatives = scored(cases);
  const positives = scored(images);
  const scores: GroupedScore[] = [
    ...negatives.map((c) => ({ score: c.scores[detector], positive: false, group: groupOfCase(c) })),
    ...positives.map((c) => ({ score: c.scores[detector], positive: true, group: groupOfOodImage(c) })),
  ];
  const figure = (measure: (positive: number[], negative: number[]) => number | null) =>
    estimate(
      scores,
      (s) => s.group,
      (drawn) => measure(...splitScores(drawn)),
    );
  return {
    n: positives.length,
    familiar: negatives.length,
    auroc: figure(auroc),
    aupr: figure(aupr),
    fpr95: figure(fprAtTpr),
    detectedAtAlpha: detectedShare(detector, positives, alpha),
  };
}

/** Null where not every image has a p-value of this detector. An undetermined verdict detects nothing. */
function detectedShare(detector: string, images: readonly OodResult[], alpha: number): number | null {
  const detected = images.flatMap((c) => {
    if (c.verdict?.ood.detector === detector) return [alarmAt(c.verdict, alpha) === true];
    const pValue = c.pValues?.[detector];
    return pValue === undefined ? [] : [isAtMost(pValue, alpha)];
  });
  if (images.length === 0 || detected.length < images.length) return null;
  return detected.filter(Boolean).length / images.length;
}

/**
 * Whether a verdict's rule flags the image at another alpha than the one it was given for; null where that cannot be
 * known: no guarantee holds at that alpha, or it would rest on a pooled p-value that the verdict does not hold.
 *
 * A task that supports the verdict's alpha supports every larger one, and the verdict's p-value is the largest of those
 * compared; so at a larger alpha only tasks that join in can still save an image from being flagged.
 */
export function alarmAt({ verdict, ood }: Verdict, alpha: number): boolean | null {
  if (alpha === ood.alpha) return verdict === 'undetermined' ? null : verdict === 'out-of-distribution';
  const tasks = Object.values(ood.perTask);
  const able = tasks.filter(({ n }) => supportsAlpha(n, alpha));
  const largest = Math.max(0, ...able.map(({ pValue }) => pValue));
  if (able.length === tasks.length) return isAtMost(largest, alpha);
  const calibration = tasks.reduce((sum, { n }) => sum + n, 0);
  if (ood.guarantee.kind !== 'pooled' || alpha < ood.alpha || !supportsAlpha(calibration, alpha)) return null;
  return isAtMost(Math.max(ood.pValue, largest), alpha);
}

/** False alarms of the verdicts on test cases, by task and pooled, at each alpha; alphas that nothing supports are left out. */
export function summariseFalseAlarms(cases: readonly CaseResult[], alphas: readonly number[]): FalseAlarms[] {
  const tasks = [...new Set(cases.map((c) => c.task))];
  return alphas.flatMap((alpha) => {
    const judged = cases.flatMap((c) => {
      const alarm = alarmAt(c.verdict, alpha);
      return alarm === null ? [] : [{ task: c.task, alarm, verdict: c.verdict }];
    });
    if (judged.length === 0) return [];
    const counts = tasks.map((task) => {
      const own = judged.filter((c) => c.task === task);
      const calibration = own[0]?.verdict.ood.perTask[task]?.n ?? 0;
      return { task, n: own.length, alarms: own.filter((c) => c.alarm).length, calibration };
    });
    const everyTask = counts.every(({ calibration }) => supportsAlpha(calibration, alpha));
    const rows = counts
      .filter(({ n }) => n > 0)
      .map(({ task, n, alarms, calibration }) => ({
        alpha,
        task,
        n,
        alarms,
        expectedRange: supportsAlpha(calibration, alpha) ? expectedAlarms([{ calibration, test: n }], alpha) : null,
      }));
    const pool = Object.values(judged[0].verdict.ood.perTask).reduce((sum, { n }) => sum + n, 0);
    const tests = everyTask
      ? counts.map(({ calibration, n }) => ({ calibration, test: n }))
      : [{ calibration: pool, test: judged.length }];
    const alarms = judged.filter((c) => c.alarm).length;
    return [...rows, { alpha, task: 'pooled', n: judged.length, alarms, expectedRange: expectedAlarms(tests, alpha) }];
  });
}
