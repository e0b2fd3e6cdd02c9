/** Turn p-values into a verdict that says which guarantee it stands on, or that it stands on none. */
import { UsageError } from '../errors.js';
import { checkAlpha } from './alpha.js';
import { isAtMost, minimumAlpha, pooledPValue, supportsAlpha, taskPValue } from './conformal.js';
import type { DetectorName } from './detectors.js';
import type { FeaturesByTask } from './features.js';
import { nearestTask, scoreTasks } from './scores.js';
import type { OodState } from './state.js';

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
  checkAlpha(alpha);
  if (task !== undefined && !state.tasks.some(({ name }) => name === task)) {
    const known = state.tasks.map(({ name }) => `'${name}'`).join(', ');
    throw new UsageError({ problem: `unknown task '${task}'`, expected: `one of ${known}` });
  }
  const { fitted, distances, scores } = scoreTasks(state, features, detector);
  const { calibration } = fitted;
  const tested = scores
    .map(({ name, score }, index) => ({ name, index, score, n: calibration[index].length }))
    .filter(({ name }) => task === undefined || name === task)
    .map((entry) => ({ ...entry, pValue: taskPValue(fitted.detector, calibration, entry.index, distances) }));
  const { pValue, guarantee } =
    task === undefined
      ? testAnyTask(tested, alpha, calibration.flat().length, () =>
          pooledPValue(fitted.detector, calibration, distances),
        )
      : { pValue: tested[0].pValue, guarantee: guaranteeOf('per-task', tested[0].n, alpha) };
  const rejected = isAtMost(pValue, alpha) ? 'out-of-distribution' : 'in-distribution';
  const nearest = nearestTask(tested);
  return {
    verdict: guarantee.holds ? rejected : 'undetermined',
    ood: {
      detector,
      score: nearest?.score ?? null,
      pValue,
      alpha,
      nearestTask: nearest?.name ?? null,
      guarantee,
      perTask: Object.fromEntries(
        tested.map(({ name, score, pValue, n }) => [name, { score: finiteOrNull(score), pValue, n }]),
      ),
    },
  };
}

/** The rule for an image of unknown task; see {@link judge}. */
function testAnyTask(
  tested: readonly { readonly n: number; readonly pValue: number }[],
  alpha: number,
  pool: number,
  pooled: () => number,
): { pValue: number; guarantee: Guarantee } {
  const able = tested.filter(({ n }) => supportsAlpha(n, alpha));
  const largest = able.reduce((most, { pValue }) => Math.max(most, pValue), 0);
  if (able.length === tested.length) {
    const fewest = tested.reduce((least, { n }) => Math.min(least, n), Number.POSITIVE_INFINITY);
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
