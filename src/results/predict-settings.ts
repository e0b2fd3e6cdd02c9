/** What a result depends on beside image and models: kept in `CASE.json`, so that --continue does not mix settings. */

import { defaultAlpha } from '../ood/alpha.js';

/** As they were asked for; null where it was left to the model. */
export interface PredictSettings {
  readonly task: string | null;
  readonly alpha: number;
  readonly keepLargest: boolean | null;
  readonly intensityOffset: number | null;
  /** Passes with dropout, 0 for none, and their seed. */
  readonly mc: number;
  readonly seed: number;
}

/** The settings that options ask for; a caller may hold more than these. */
export function settingsOf(
  options: { readonly [Key in keyof PredictSettings]?: Exclude<PredictSettings[Key], null> },
): PredictSettings {
  const { task = null, alpha = defaultAlpha, keepLargest = null, intensityOffset = null, mc = 0, seed = 0 } = options;
  return { task, alpha, keepLargest, intensityOffset, mc, seed };
}

/** The flags in which two differ, as users write them; a seed counts only where there is chance. */
export function changedSettings(before: PredictSettings, now: PredictSettings): string[] {
  const flags: Record<keyof PredictSettings, string> = {
    task: '--task',
    alpha: '--alpha',
    keepLargest: '--keep-largest',
    intensityOffset: '--intensity-offset',
    mc: '--mc',
    seed: '--seed',
  };
  return (Object.keys(flags) as (keyof PredictSettings)[])
    .filter((key) => before[key] !== now[key] && (key !== 'seed' || now.mc > 0))
    .map((key) => flags[key]);
}
