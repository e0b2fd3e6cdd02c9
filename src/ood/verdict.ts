/** Turn p-values into a verdict that says which guarantee it stands on, or that it stands on none. */
import { UsageError } from '../errors.js';
import { isAtMost, minimumAlpha, plugInScores, pooledPValue, supportsAlpha, taskPValue } from './conformal.js';
import type { DetectorName } from './detectors.js';
import type { FeaturesByTask } from './features.js';
import { detectorOf, measure, type OodState } from './state.js';

/** On what the false-alarm bound rests. */
export interface Guarantee {
  /** per-task: at most alpha on images of every task tested; pooled: at most alpha on the calibration sets' mixture. */
  readonly kind: 'per-task' | 'pooled';
  /** Calibration images: the fewest of any task tested (per-task), or of all together (pooled). */
  readonly n: number;
  /** Smallest alpha that n images support, 1/(n + 1). */
  readonly minimumAlpha: number;
  /** Whether alpha is at least that; if not, the verdict is undetermined. */
  readonly holds: boolean;
}

/** JSON has no infinity: a score is null where it is infinite (not run under any plan, or the network overflowed). */
export interface TaskJudgement {
  readonly score: number | null;
  readonly pValue: number;
  readonly n: number;
}

/** The `verdict` and `ood` entries of a case's JSON. */
export interface Verdict {
  readonly verdict: 'in-distribution' | 'out-of-distribution' | 'undetermined';
  readonly ood: {
    readonly detector: DetectorName;
    /** min_t S_t with plain constants: for ranking; the verdict rests on `pValue`. */
    readonly score: number | null;
    readonly pValue: number;
    readonly alpha: number;
    /** The task of the smallest score; null where no score is finite. */
    readonly nearestTask: string | null;
    readonly guarantee: Guarantee;
    readonly perTask: Readonly<Record<string, TaskJudgement>>;
  };
}

export interface JudgeOptions {
  /** Bound on the false-alarm rate, in (0, 1). */
  readonly alpha: number;
  /** The task the image is said to be of; default: any. */
  readonly task?: string;
  /** Default: the state's. */
  readonly detector?: DetectorName;
}

/**
 * Judge one image.
 *
 * Without `task`, the image is out of distribution if it fits no task:
 * - every task has n_t >= 1/alpha - 1 calibration images: max_t p_t <= alpha ('per-task'): false alarms at most alpha
 *   on images of each task, since the true task's p_t is among those compared;
 * - some have fewer, the pool has enough: the pooled p and each p_t of a task with enough are all <= alpha ('pooled'):
 *   at most alpha on the mixture of tasks in the calibration sets, not on each task; conservative;
 * - the pool has too few: 'undetermined'.
 * `pValue` is the largest p-value compared; with too few images, the pooled one.
 *
 * With `task`, the claim "this is an image of that task" is tested by p_t alone, and only that task is reported. Given
 * too few calibration images of that task it is 'undetermined': the pooled bound is an average over tasks and says
 * nothing about a named one. An image that is in distribution of another task counts as out of distribution here.
 *
 * The bounds hold on average over draws of the calibration images, for a new image exchangeable with them and treated
 * as they were (same plans, windows and rule for leaving a plan out); the rate for one calibration set varies.
 *
 * @param features by task name; null or absent where not run, which counts as infinitely far from that task
 * @throws UsageError on an unknown task or detector, an alpha outside (0, 1), or features of another network
 */
export function judge(state: OodState, features: FeaturesByTask, options: JudgeOptions): Verdict {
  const { alpha, task, detector = state.detector } = options;
  if (!(alpha > 0 && alpha < 1)) throw new UsageError(`alpha: expected a number between 0 and 1, found ${alpha}.`);
  const names = state.tasks.map(({ name }) => name);
  if (task !== undefined && !names.includes(task))
    throw new UsageError(`Unknown task '${task}'; the model knows ${names.map((name) => `'${name}'`).join(', ')}.`);

  const fitted = detectorOf(state, detector);
  const image = measure(state, fitted, features);
  const scores = plugInScores(fitted.detector, fitted.calibration, image);
  const judged = names
    .map((name, index) => ({ name, index, score: scores[index], n: fitted.calibration[index].length }))
    .filter(({ name }) => task === undefined || name === task)
    .map((entry) => ({ ...entry, pValue: taskPValue(fitted.detector, fitted.calibration, entry.index, image) }));

  const nearest = judged.reduce((least, entry) => (entry.score < least.score ? entry : least));
  const { pValue, guarantee } =
    task === undefined
      ? testAnyTask(judged, alpha, fitted.calibration.flat().length, () =>
          pooledPValue(fitted.detector, fitted.calibration, image),
        )
      : { pValue: judged[0].pValue, guarantee: guaranteeOf('per-task', judged[0].n, alpha) };
  const strange = isAtMost(pValue, alpha) ? 'out-of-distribution' : 'in-distribution';
  return {
    verdict: guarantee.holds ? strange : 'undetermined',
    ood: {
      detector,
      score: finiteOrNull(nearest.score),
      pValue,
      alpha,
      nearestTask: Number.isFinite(nearest.score) ? nearest.name : null,
      guarantee,
      perTask: Object.fromEntries(
        judged.map(({ name, score, pValue, n }) => [name, { score: finiteOrNull(score), pValue, n }]),
      ),
    },
  };
}

/** The rule for an image of unknown task; see {@link judge}. */
function testAnyTask(
  judged: readonly { readonly n: number; readonly pValue: number }[],
  alpha: number,
  pool: number,
  pooled: () => number,
): { pValue: number; guarantee: Guarantee } {
  const able = judged.filter(({ n }) => supportsAlpha(n, alpha));
  const largest = able.reduce((most, { pValue }) => Math.max(most, pValue), 0);
  if (able.length === judged.length) {
    const fewest = judged.reduce((least, { n }) => Math.min(least, n), Number.POSITIVE_INFINITY);
    return { pValue: largest, guarantee: guaranteeOf('per-task', fewest, alpha) };
  }
  return { pValue: Math.max(pooled(), largest), guarantee: guaranteeOf('pooled', pool, alpha) };
}

function guaranteeOf(kind: Guarantee['kind'], n: number, alpha: number): Guarantee {
  return { kind, n, minimumAlpha: minimumAlpha(n), holds: supportsAlpha(n, alpha) };
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
