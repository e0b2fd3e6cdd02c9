/**
 * Split conformal p-values (Vovk et al. 2005; Laxhammar & Falkman for anomaly detection): how many calibration images
 * have at least its nonconformity. If the new image is exchangeable with them, P(p <= alpha) <= alpha.
 *
 * Where a detector standardises its distances, the constants must not come from the calibration images alone: those
 * would then be measured by a ruler of their own and the new image by another's (7.0 % false alarms at 5 % in a
 * trial). They are computed symmetrically (full conformal): the new image is added to the calibration images, the
 * constants come from all n + 1, and all n + 1 scores are ranked.
 *
 * +Infinity (not run under that plan, or overflowed) is an ordinary, largest score: it enters no mean or variance, and
 * an infinite new image has p = 1/(n + 1) against finite calibration scores.
 */
import type { Detector, Distances } from './detector.js';
import { type Constants, constantsOf, identityConstants, momentsOf, softMaximum } from './standardise.js';

/** Distances of one image under every task, in the order of the tasks. */
export type ImageDistances = readonly Distances[];

/** Calibration images by their own task: `calibration[task][image][task measured against]`. */
export type Calibration = readonly (readonly ImageDistances[])[];

/** How a detector combines its distances. */
export type Scoring = Pick<Detector, 'standardised'>;

/** Relative slack for comparing a p-value with alpha: 1/20 must count as 0.05 however alpha was computed. */
const SLACK = 1e-9;

/** p = (1 + #{s_i >= s}) / (n + 1). */
export function conformalPValue(calibrationScores: readonly number[], score: number): number {
  let atLeast = 0;
  for (const value of calibrationScores) if (value >= score) atLeast++;
  return (1 + atLeast) / (calibrationScores.length + 1);
}

/** Smallest alpha at which n calibration images can flag anything: 1/(n + 1). */
export function minimumAlpha(n: number): number {
  return 1 / (n + 1);
}

/** Whether p <= alpha, up to rounding. */
export function isAtMost(p: number, alpha: number): boolean {
  return p <= alpha * (1 + SLACK);
}

/** Whether n calibration images suffice for alpha: n >= 1/alpha - 1. */
export function supportsAlpha(n: number, alpha: number): boolean {
  return isAtMost(minimumAlpha(n), alpha);
}

/**
 * Plain scores S_t under each task, with constants from the calibration images alone. For ranking (AUROC) and for
 * people: unbounded, comparable between images, unlike the scores inside a symmetric p-value. No p-value uses them.
 */
export function plugInScores(scoring: Scoring, calibration: Calibration, image: ImageDistances): number[] {
  const constants = scoringConstants(scoring, ownDistances(calibration), image[0].length);
  return image.map((distances, task) => softMaximum(distances, constants[task]));
}

/**
 * p_t: the p-value of "this image is exchangeable with task t's calibration images", from S_t alone. Constants are
 * symmetric in task t's calibration images and the new one; the other tasks' variances are constants of their own
 * calibration images. Valid for images of task t, whatever the other tasks are.
 */
export function taskPValue(scoring: Scoring, calibration: Calibration, task: number, image: ImageDistances): number {
  const own = ownDistances(calibration);
  own[task].push(image[task]);
  const constants = scoringConstants(scoring, own, image[0].length)[task];
  const scores = own[task].map((distances) => softMaximum(distances, constants));
  return conformalPValue(scores.slice(0, -1), scores.at(-1)!);
}

/**
 * Pooled p-value of the score min_t S_t: valid for an image drawn from the mixture of tasks from which the calibration
 * images were drawn (in the same proportions), not for each task by itself.
 *
 * The new image's task is unknown, so each is tried: under the hypothesis that it is of task t it joins t's calibration
 * images, all constants are computed from the sets so extended, and all pooled images are scored and ranked, giving
 * p^(t). The true task's p^(t) is valid, so the largest is.
 */
export function pooledPValue(scoring: Scoring, calibration: Calibration, image: ImageDistances): number {
  const pool = calibration.flat();
  const pUnder = (task: number): number => {
    const own = ownDistances(calibration);
    own[task].push(image[task]);
    const constants = scoringConstants(scoring, own, image[0].length);
    const nearest = (distances: ImageDistances): number =>
      distances.reduce((least, d, t) => Math.min(least, softMaximum(d, constants[t])), Number.POSITIVE_INFINITY);
    return conformalPValue(pool.map(nearest), nearest(image));
  };
  // Without standardisation nothing depends on the hypothesis.
  return scoring.standardised ? Math.max(...image.map((_, task) => pUnder(task))) : pUnder(0);
}

/** Each task's calibration images measured against their own task. */
function ownDistances(calibration: Calibration): Distances[][] {
  return calibration.map((images, task) => images.map((image) => image[task]));
}

function scoringConstants(scoring: Scoring, own: readonly Distances[][], components: number): Constants[] {
  return scoring.standardised
    ? constantsOf(own.map((images) => momentsOf(images, components)))
    : own.map(() => identityConstants(components));
}
