/** Targets: the Dice that a task's held-out cases shall reach in the mean, and when a side first reaches them. */
import { UsageError } from '../../dist/errors.js';

const DEFAULTS = { 'hippocampus-mr': 0.88, 'heart-cine-mr': 0.85 };

/**
 * Dice by task.
 * @param texts `TASK=DICE` each; default: those of `DEFAULTS` that the run has
 * @param tasks names of the tasks with held-out cases
 */
export function readTargets(texts, tasks) {
  if (texts === undefined) {
    const known = Object.entries(DEFAULTS).filter(([task]) => tasks.includes(task));
    if (known.length > 0) return Object.fromEntries(known);
    throw new UsageError(`--target: expected TASK=DICE, one for each task asked about, of: ${tasks.join(', ')}.`);
  }
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.lastIndexOf('=');
      const [task, dice] = [text.slice(0, at), Number(text.slice(at + 1))];
      if (at < 0 || !(dice > 0 && dice <= 1)) {
        throw new UsageError(`--target: expected TASK=DICE with a Dice above 0 and at most 1, found '${text}'.`);
      }
      if (!tasks.includes(task)) {
        throw new UsageError(`--target: expected a task with held-out cases (${tasks.join(', ')}), found '${task}'.`);
      }
      return [task, dice];
    }),
  );
}

/** A validation as a point of a curve: `dice` by task and their mean. */
export function pointOf({ step, seconds, dice }) {
  const values = Object.values(dice);
  return { step, seconds, dice, mean: values.reduce((a, b) => a + b, 0) / values.length };
}

/** The points where a curve first reaches each target, and `all`, where the last of them is; null where it never does. */
export function reach(curve, targets) {
  const byTask = Object.fromEntries(
    Object.entries(targets).map(([task, least]) => [task, curve.find(({ dice }) => dice[task] >= least) ?? null]),
  );
  const points = Object.values(byTask);
  const all = points.includes(null) ? null : points.reduce((a, b) => (b.step > a.step ? b : a));
  return { byTask, all };
}

/** The highest Dice along a curve, and its step. */
export function best(curve, diceOf) {
  const point = curve.reduce((a, b) => (diceOf(b) > diceOf(a) ? b : a));
  return { step: point.step, dice: diceOf(point) };
}
