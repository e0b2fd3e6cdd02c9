/**
 * Notices a run that is going wrong while its loss is still finite: a loss that exploded, or a task that was learned and
 * lost again. Single steps are noise, so running means are judged, and only what lasts counts.
 */
import type { StepRecord } from './train-network.js';

/** Weight of the past in a running mean: about the last fifty values count. */
const MEMORY = 0.98;
/** Bad steps on end before anything is said. */
const PATIENCE = 200;
/** Steps whose mean is the initial loss, and before which no mean is judged. */
const SETTLED = 50;
const LOSS_RISE = 2;
/** A task counts as learned from this Dice on, and as lost below the share of its best. */
const LEARNED_DICE = 0.3;
const LOST_SHARE = 0.25;

class RunningMean {
  private sum = 0;
  private weight = 0;
  count = 0;

  add(value: number): number {
    this.sum = MEMORY * this.sum + value;
    this.weight = MEMORY * this.weight + 1;
    this.count++;
    return this.sum / this.weight;
  }
}

/** Counts bad steps on end; true at the step at which patience ends, once until things were good again. */
class Patience {
  private bad = 0;

  endsAt(isBad: boolean): boolean {
    this.bad = isBad ? this.bad + 1 : 0;
    return this.bad === PATIENCE + 1;
  }
}

/**
 * A function that takes each step in turn and returns what the user should be told, mostly nothing.
 *
 * Loss: its running mean has been above twice its best and above the mean of the first {@link SETTLED} steps for more
 * than {@link PATIENCE} steps. Dice of a task: its running mean reached 0.3 and has been below a quarter of its best for
 * as many of the steps that have the task.
 */
export function watchDivergence(): (record: Pick<StepRecord, 'step' | 'loss' | 'dice' | 'learningRate'>) => string[] {
  const loss = { mean: new RunningMean(), patience: new Patience(), initial: 0, best: Infinity, bestStep: 0 };
  const tasks = new Map<string, { mean: RunningMean; patience: Patience; best: number; bestStep: number }>();
  return ({ step, loss: value, dice, learningRate }) => {
    const notes: string[] = [];
    const advice = `Consider stopping (Ctrl-C) and going on with --resume and a --learning-rate below the present ${learningRate.toPrecision(2)}, or starting over with a lower one.`;
    const smoothed = loss.mean.add(value);
    if (loss.mean.count <= SETTLED) loss.initial += value / SETTLED;
    else {
      if (smoothed < loss.best) Object.assign(loss, { best: smoothed, bestStep: step });
      if (loss.patience.endsAt(smoothed > LOSS_RISE * loss.best && smoothed > loss.initial)) {
        notes.push(
          `Training seems to diverge: at step ${step} the smoothed loss is ${smoothed.toPrecision(3)}, after ` +
            `${loss.best.toPrecision(3)} at step ${loss.bestStep} and ${loss.initial.toPrecision(3)} at the start. ${advice}`,
        );
      }
    }
    for (const [name, one] of Object.entries(dice)) {
      const task = tasks.get(name) ?? { mean: new RunningMean(), patience: new Patience(), best: 0, bestStep: 0 };
      tasks.set(name, task);
      const mean = task.mean.add(one);
      if (task.mean.count <= SETTLED) continue;
      if (mean > task.best) Object.assign(task, { best: mean, bestStep: step });
      if (task.patience.endsAt(task.best >= LEARNED_DICE && mean < LOST_SHARE * task.best)) {
        notes.push(
          `Task ${name} seems to be lost: at step ${step} the smoothed Dice of its training patches is ` +
            `${mean.toFixed(3)}, after ${task.best.toFixed(3)} at step ${task.bestStep}. ${advice}`,
        );
      }
    }
    return notes;
  };
}
