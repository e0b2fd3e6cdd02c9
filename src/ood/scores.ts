/** OOD scores of an image under each task, and which is nearest: numbers for choosing and ranking, no test. */
import { type ImageDistances, plugInScores } from './conformal.js';
import type { DetectorName } from './detectors.js';
import type { Features, FeaturesByTask } from './features.js';
import { detectorOf, type FittedDetector, measure, type OodState } from './state.js';

/** S_t with plain constants; larger is further from the bank, +Infinity where not run or where the network overflowed. */
export interface TaskScore {
  readonly name: string;
  readonly score: number;
}

/** One image as one detector sees it. */
export interface ScoredImage {
  readonly fitted: FittedDetector;
  readonly distances: ImageDistances;
  /** In the order of the state's tasks. */
  readonly scores: readonly TaskScore[];
}

/**
 * Scores of an image under every task; that of one task does not depend on what the others' are.
 * @param features by task name; null or absent where not run, which counts as infinitely far from that task
 * @throws UsageError on an unknown task or detector, or features of another network
 */
export function scoreTasks(
  state: OodState,
  features: FeaturesByTask,
  detector: DetectorName = state.detector,
): ScoredImage {
  const fitted = detectorOf(state, detector);
  const distances = measure(state, fitted, features);
  const scores = plugInScores(fitted.detector, fitted.calibration, distances);
  return { fitted, distances, scores: state.tasks.map(({ name }, task) => ({ name, score: scores[task] })) };
}

/** The task of the smallest score, the first of equals; null where no score is finite. */
export function nearestTask<Score extends TaskScore>(scores: readonly Score[]): Score | null {
  let nearest: Score | null = null;
  for (const entry of scores) {
    if (Number.isFinite(entry.score) && !(nearest && nearest.score <= entry.score)) nearest = entry;
  }
  return nearest;
}

/** {@link scoreTasks} of one run under one task's plan, by the state's own detector: that task's score. */
export function taskScore(state: OodState, task: string, features: Features): number {
  return scoreTasks(state, { [task]: features }).scores.find(({ name }) => name === task)!.score;
}
