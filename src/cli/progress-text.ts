/** What long work says about itself: how far, how fast, how much longer. */
import type { Progress } from '../job-options.js';
import { durationText, fixed, plainText, plural } from './text.js';

/** What is counted in each stage: one, several. */
const units: Readonly<Record<Progress['stage'], readonly [string, string]>> = {
  phantoms: ['scan', 'scans'],
  check: ['case', 'cases'],
  prepare: ['case', 'cases'],
  train: ['step', 'steps'],
  calibrate: ['image', 'images'],
  predict: ['image', 'images'],
  evaluate: ['image', 'images'],
};

const stageWidth = Math.max(...Object.keys(units).map((stage) => stage.length));

/** A progress report with its place in time. */
export interface Sign {
  readonly progress: Progress;
  /** Seconds since the stage began. */
  readonly elapsed: number;
  /** Per second; null until two reports of the stage are there. */
  readonly rate: number | null;
  readonly secondsLeft: number | null;
}

/** Watches one stage: its pace is what was done since the stage's first report, so that resumed work counts as given. */
export class Pace {
  private first: { readonly done: number; readonly at: number } | undefined;

  /** @param began when the stage began, in milliseconds */
  constructor(private readonly began: number) {}

  /** @param now in milliseconds */
  sign(progress: Progress, now: number): Sign {
    this.first ??= { done: progress.done, at: now };
    const seconds = (now - this.first.at) / 1000;
    const done = progress.done - this.first.done;
    const rate = done > 0 && seconds > 0 ? done / seconds : null;
    const left = Math.max(0, progress.total - progress.done);
    return {
      progress,
      elapsed: (now - this.began) / 1000,
      rate,
      secondsLeft: rate === null || progress.total === 0 ? null : left / rate,
    };
  }
}

/** "train      240/600  2.3 steps/s  2 min 36 s left  loss 0.412  Dice kidney 0.83"; `bar` goes before the numbers. */
export function progressText({ progress, rate, secondsLeft }: Sign, bar?: string): string {
  const [, several] = units[progress.stage];
  const parts = [
    progress.stage.padEnd(stageWidth),
    ...(bar ? [bar] : []),
    // Minutes become a number of steps only after some steps.
    progress.total > 0 ? `${progress.done}/${progress.total}` : `${progress.done}`,
    ...(rate === null ? [] : [rateText(rate, several)]),
    ...(secondsLeft === null ? [] : [`${durationText(secondsLeft)} left`]),
    ...figures(progress),
  ];
  return parts.join('  ');
}

/** The last line of a stage: "train      600 steps in 4 min 12 s  loss 0.210  Dice kidney 0.91". */
export function stageEndText({ progress, elapsed }: Sign): string {
  const [one, several] = units[progress.stage];
  const done = `${plural(progress.done, one, several)} in ${durationText(elapsed)}`;
  return [progress.stage.padEnd(stageWidth), done, ...figures(progress)].join('  ');
}

/** "2.3 steps/s", or "14.2 s per step" where it is slow: only the larger of the two reads well. */
function rateText(rate: number, several: string): string {
  const one = several.replace(/s$/, '');
  return rate >= 1 ? `${fixed(rate, rate < 10 ? 1 : 0)} ${several}/s` : `${fixed(1 / rate, 1)} s per ${one}`;
}

/** Loss and Dice while training. Tasks beyond three would not fit a line. */
function figures({ loss, dice }: Progress): string[] {
  const tasks = Object.entries(dice ?? {}).map(([task, value]) => `${plainText(task)} ${fixed(value, 2)}`);
  const more = tasks.length > 3 ? ', ...' : '';
  return [
    ...(loss === undefined ? [] : [`loss ${fixed(loss, 3)}`]),
    ...(tasks.length === 0 ? [] : [`Dice ${tasks.slice(0, 3).join(', ')}${more}`]),
  ];
}
