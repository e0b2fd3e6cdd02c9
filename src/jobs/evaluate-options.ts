/** What `evaluate` is asked for beside model and data sets. An option is a row here, and its use. */
import { defaultAlpha } from '../ood/alpha.js';
import { alphaNumber, text, texts, wholeNumber } from '../options/kinds.js';
import { needed, optional } from '../options/options.js';

/** In the order of the help. */
export const evaluateOptions = {
  output: needed(text, '-o, --output <folder>', 'folder for report.html, summary.json and cases.csv'),
  ood: optional(texts, '--ood <folder...>', 'folders of images that the model is not meant for, without labels'),
  alpha: optional(alphaNumber, '--alpha <p>', `bound on the share of false alarms (default: ${defaultAlpha})`),
  seed: optional(wholeNumber(0), '--seed <n>', 'seed of bootstrap intervals (default: 0)'),
};
