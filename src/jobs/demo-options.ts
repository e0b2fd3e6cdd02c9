/** What `demo` is asked for. An option is a row here, and its use. */
import { text, wholeNumber } from '../options/kinds.js';
import { optional } from '../options/options.js';

/** In the order of the help. */
export const demoOptions = {
  /** Folder for data, model, report and masks. */
  output: optional(text, '-o, --output <folder>', 'folder for data, model, masks and report (default: candor-demo)'),
  /**
   * A folder of one's own data sets, each sub-folder with a `dataset.json` being a task; images that no task knows lie
   * in its sub-folder `ood` or in folders therein. Default: digital phantoms, made under `output`.
   */
  data: optional(
    text,
    '--data <folder>',
    'use the data sets in this folder instead; out-of-distribution images lie in its ood/',
  ),
  steps: optional(wholeNumber(1), '--steps <n>', 'training steps'),
  seed: optional(wholeNumber(0), '--seed <n>', 'seed of everything random (default: 0)'),
};
