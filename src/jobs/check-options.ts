/** What `check` is asked for beside data sets. An option is a row here, and its use. */
import { wholeNumber, yes } from '../options/kinds.js';
import { optional } from '../options/options.js';

/** In the order of the help. */
export const checkOptions = {
  quick: optional(yes, '--quick', 'read headers only, no voxels'),
  seed: optional(wholeNumber(0), '--seed <n>', 'seed of the split where a data set brings none (default: 0)'),
};
