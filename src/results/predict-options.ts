/** What `predict` is asked for beside its models. An option is a row here, and its use. */
import { outputFormats } from '../formats/file-names.js';
import { defaultAlpha } from '../ood/alpha.js';
import { alphaNumber, type Kind, oneOf, realNumber, text, texts, wholeNumber, yes } from '../options/kinds.js';
import { needed, optional, recorded, recordedIfGiven } from '../options/options.js';

/** No passes is what a program may ask for; a flag is there to ask for some. */
const passes: Kind<number> = { ...wholeNumber(1, 1000), schema: wholeNumber(0, 1000).schema };

/** In the order of the help. Results remember the recorded ones, and --continue does not mix them. */
export const predictOptions = {
  /** Image files or folders of them. */
  inputs: needed(texts, '-i, --input <path...>', 'images (NIfTI, NRRD, MetaImage) or folders of them'),
  output: needed(text, '-o, --output <folder>', 'folder for masks, verdicts and summary.json'),
  task: recordedIfGiven(
    text,
    '--task <name>',
    'the task of all images, where it is known (default: that with the lowest OOD score)',
  ),
  alpha: recorded(alphaNumber, '--alpha <p>', 'bound on the share of false alarms', defaultAlpha),
  format: optional(
    oneOf(outputFormats),
    '--format <ending>',
    "of masks and maps: nii.gz, nrrd or mha (default: each image's own)",
  ),
  saveProbabilities: optional(
    yes,
    '--save-probabilities',
    'also write calibrated probabilities, CASE_prob.nii.gz; of several structures along a fourth axis',
  ),
  saveOodMap: optional(
    yes,
    '--save-ood-map',
    'also write the OOD map, CASE_ood.nii.gz: larger is further from the training images, relative to the rest of the scan; ' +
      'no p-value, and constant where the image fits one window',
  ),
  onOod: optional(
    oneOf(['warn', 'refuse']),
    '--on-ood <what>',
    'warn, or refuse: write no mask for an out-of-distribution image and exit with 4 (default: warn)',
  ),
  keepLargest: recordedIfGiven(
    yes,
    '--keep-largest',
    'keep only the largest connected component of each mask (default: where that was better on calibration cases)',
    'keep all components',
  ),
  continue: optional(yes, '--continue', 'skip cases whose results are there already'),
  numParts: optional(wholeNumber(1, 1_000_000), '--num-parts <n>', 'split the images into n parts, for job arrays'),
  partId: optional(wholeNumber(0, 999_999), '--part-id <k>', 'which part to do, from 0'),
  intensityOffset: recordedIfGiven(
    realNumber('a number'),
    '--intensity-offset <value>',
    "added to stored values, instead of the plan's own (to Hounsfield units)",
  ),
  mc: recorded(
    passes,
    '--mc <n>',
    'average over n passes of Monte-Carlo dropout; for models trained with --dropout',
    0,
    { hidden: true },
  ),
  seed: recorded(wholeNumber(0), '--seed <n>', 'seed of --mc', 0),
};
