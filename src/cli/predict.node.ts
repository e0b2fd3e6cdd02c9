/** `candor predict`: images in, masks and verdicts out. */
import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import { readFlags } from '../options/options.js';
import { engineOptions, outputOptions } from '../options/shared.js';
import { predictOptions } from '../results/predict-options.js';
import type { FailedImage, PredictedCase } from '../results/predicted-case.js';
import { addOptions } from './add-options.node.js';
import { exitCodes } from './exit-code.js';
import { reportError } from './report-error.node.js';
import { casesText, countsText } from './verdict-text.js';
import { print, work } from './work.node.js';

const flags = { ...predictOptions, ...engineOptions, ...outputOptions };

export function addPredict(program: Command): void {
  const command = program
    .command('predict')
    .description(
      'Segment images and judge each: a mask, a p-value for "this image is like those the model knows", and the Dice ' +
        'that the model expects of itself.',
    )
    .argument('<model>', 'model file')
    .argument('[others...]', 'further models of the same tasks: all segment together, the first alone judges');
  addOptions(command, flags).action(async (model: string, others: string[], raw: Record<string, unknown>) => {
    const { json, quiet = false, threads, device, ...options } = readFlags(flags, raw);
    const { numParts = 1, partId } = options;
    if ((options.numParts === undefined) !== (partId === undefined)) {
      throw new UsageError({ file: '--num-parts and --part-id', expected: 'both or neither' });
    }
    if (partId !== undefined && partId >= numParts) {
      throw new UsageError({ file: '--part-id', expected: `a part from 0 to ${numParts - 1}`, found: String(partId) });
    }
    const { predict } = await import('../jobs/predict.node.js');
    const stopping = 'stopping after this image; go on later with --continue';
    const summary = await work({ quiet, threads, device }, stopping, (shared) =>
      predict({ ...shared, ...options, model, others }),
    );
    const done = summary.cases.filter((c): c is PredictedCase => !('error' in c));
    const failed = summary.cases.filter((c): c is FailedImage => 'error' in c);
    for (const { error } of failed) reportError(error.message);
    const refused = options.onOod === 'refuse' && done.some((c) => c.verdict === 'out-of-distribution');
    process.exitCode = failed.length > 0 ? exitCodes.badInput : refused ? exitCodes.outOfDistribution : exitCodes.done;
    const counts = `${countsText(done, failed.length)} Results are in ${options.output}.`;
    if (json) print(summary);
    else print([...(done.length > 0 ? [casesText(done), ''] : []), counts].join('\n'));
  });
}
