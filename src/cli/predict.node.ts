/** `candor predict`: images in, masks and verdicts out. */
import type { Command } from 'commander';
import { z } from 'zod';
import { UsageError } from '../errors.js';
import { outputFormats } from '../formats/file-names.js';
import type { FailedImage, PredictedCase } from '../results/predicted-case.js';
import { alphaNumber, engineFlags, oneOf, outputFlags, readFlags, realNumber, wholeNumber } from './arguments.js';
import { exitCodes } from './exit-code.js';
import { reportError } from './report-error.node.js';
import { addEngineOptions, addOutputOptions } from './shared-options.node.js';
import { casesText, countsText, remarksText } from './verdict-text.js';
import { print, work } from './work.node.js';

const flags = z.object({
  input: z.array(z.string()),
  output: z.string(),
  task: z.string().optional(),
  alpha: alphaNumber.optional(),
  format: oneOf(outputFormats).optional(),
  saveProbabilities: z.boolean().optional(),
  saveOodMap: z.boolean().optional(),
  onOod: oneOf(['warn', 'refuse']).optional(),
  keepLargest: z.boolean().optional(),
  continue: z.boolean().optional(),
  numParts: wholeNumber(1, 1_000_000).optional(),
  partId: wholeNumber(0, 999_999).optional(),
  intensityOffset: realNumber('a number').optional(),
  mc: wholeNumber(1, 1000).optional(),
  seed: wholeNumber(0).optional(),
  ...engineFlags,
  ...outputFlags,
});

export function addPredict(program: Command): void {
  const command = program
    .command('predict')
    .description(
      'Segment images and judge each: a mask, a p-value for "this image is like those the model knows", and the Dice ' +
        'that the model expects of itself.',
    )
    .argument('<model>', 'model file')
    .argument('[others...]', 'further models of the same tasks: all segment together, the first alone judges')
    .requiredOption('-i, --input <path...>', 'images (NIfTI, NRRD, MetaImage) or folders of them')
    .requiredOption('-o, --output <folder>', 'folder for masks, verdicts and summary.json')
    .option('--task <name>', 'the task of all images, where it is known (default: the least strange)')
    .option('--alpha <p>', 'bound on the share of false alarms (default: 0.05)')
    .option('--format <ending>', "of masks and maps: nii.gz, nrrd or mha (default: each image's own)")
    .option('--save-probabilities', 'also write calibrated foreground probabilities, CASE_prob.nii.gz')
    .option(
      '--save-ood-map',
      'also write where an image is strange, CASE_ood.nii.gz: larger is stranger, relative to the rest of the scan; ' +
        'no p-value, and constant where the image fits one window',
    )
    .option('--on-ood <what>', 'warn, or refuse: write no mask for an unfamiliar image and exit with 4 (default: warn)')
    .option(
      '--keep-largest',
      'keep only the largest connected component of each mask (default: where that was better on calibration cases)',
    )
    .option('--no-keep-largest', 'keep all components')
    .option('--continue', 'skip cases whose results are there already')
    .option('--num-parts <n>', 'split the images into n parts, for job arrays')
    .option('--part-id <k>', 'which part to do, from 0')
    .option('--intensity-offset <value>', "added to stored values, instead of the plan's own (to Hounsfield units)")
    .option('--mc <n>', 'average over n passes of Monte-Carlo dropout; for models trained with --dropout')
    .option('--seed <n>', 'seed of --mc (default: 0)');
  addOutputOptions(addEngineOptions(command)).action(async (model: string, others: string[], raw: unknown) => {
    const { json, quiet, threads, device, input: inputs, ...options } = readFlags(flags, raw);
    const { numParts = 1, partId } = options;
    if ((options.numParts === undefined) !== (partId === undefined)) {
      throw new UsageError('--num-parts and --part-id: expected both or neither.');
    }
    if (partId !== undefined && partId >= numParts) {
      throw new UsageError(`--part-id: expected a part from 0 to ${numParts - 1}, found ${partId}.`);
    }
    const { predict } = await import('../jobs/predict.node.js');
    const stopping = 'stopping after this image; go on later with --continue';
    const summary = await work({ quiet, threads, device }, stopping, (shared) =>
      predict({ ...shared, ...options, model, others, inputs }),
    );
    const done = summary.cases.filter((c): c is PredictedCase => !('error' in c));
    const failed = summary.cases.filter((c): c is FailedImage => 'error' in c);
    for (const { error } of failed) reportError(error.message);
    const refused = options.onOod === 'refuse' && done.some((c) => c.verdict === 'out-of-distribution');
    process.exitCode = failed.length > 0 ? exitCodes.badInput : refused ? exitCodes.outOfDistribution : exitCodes.done;
    const counts = `${countsText(done, failed.length)} Results are in ${options.output}.`;
    if (json) print(summary);
    else {
      const remarks = remarksText(done);
      const table = done.length > 0 ? [casesText(done), ''] : [];
      print([...table, ...(remarks.length > 0 ? [...remarks, ''] : []), counts].join('\n'));
    }
  });
}
