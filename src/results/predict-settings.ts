/** What a result depends on beside image and models: kept in `CASE.json`, so that --continue does not mix settings. */
import { flagOf, type OptionsOf, type RecordOf, recordedOptions, recordOf } from '../options/options.js';
import { predictOptions } from './predict-options.js';

/** As they were asked for; null where it was left to the model. */
export type PredictSettings = RecordOf<typeof predictOptions>;

/** The settings that options ask for; a caller may hold more than these. */
export function settingsOf(options: Pick<OptionsOf<typeof predictOptions>, keyof PredictSettings>): PredictSettings {
  return recordOf(predictOptions, options);
}

/** The flags in which two differ, as users write them; a seed counts only where there is chance. */
export function changedSettings(before: PredictSettings, now: PredictSettings): string[] {
  return recordedOptions(predictOptions).flatMap(([name, option]) => {
    const key = name as keyof PredictSettings;
    const counts = key !== 'seed' || now.mc > 0;
    return counts && before[key] !== now[key] ? [flagOf(option)] : [];
  });
}
