/** `candor evaluate`: how right, how honest and how watchful a model is on data that it has not seen. */
import type { Command } from 'commander';
import { z } from 'zod';
import { alphaNumber, engineFlags, outputFlags, readFlags, wholeNumber } from './arguments.js';
import { exitCodes } from './exit-code.js';
import { addEngineOptions, addOutputOptions } from './shared-options.node.js';
import { summaryText } from './summary-text.js';
import { plainText } from './text.js';
import { print, work } from './work.node.js';

const flags = z.object({
  output: z.string(),
  ood: z.array(z.string()).optional(),
  alpha: alphaNumber.optional(),
  seed: wholeNumber(0).optional(),
  ...engineFlags,
  ...outputFlags,
});

export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description(
      'Run a model over the test split of its data sets and compare with the references: Dice and surface distances, ' +
        'calibration before and after temperature scaling, false alarms and, with --ood, detection of out-of-distribution images.',
    )
    .argument('<model>', 'model file')
    .argument('<dataset...>', 'data-set folders')
    .requiredOption('-o, --output <folder>', 'folder for report.html, summary.json and cases.csv')
    .option('--ood <folder...>', 'folders of images that the model is not meant for, without labels')
    .option('--alpha <p>', 'bound on the share of false alarms (default: 0.05)')
    .option('--seed <n>', 'seed of bootstrap intervals (default: 0)');
  addOutputOptions(addEngineOptions(command)).action(async (model: string, datasets: string[], raw: unknown) => {
    const { json, quiet, threads, device, ...options } = readFlags(flags, raw);
    const { evaluate } = await import('../jobs/evaluate.node.js');
    const { summary, report } = await work({ quiet, threads, device }, 'stopping after this image', (shared) =>
      evaluate({ ...shared, ...options, model, datasets }),
    );
    const failed = Object.values(summary.tasks).some((task) => task.failed > 0);
    process.exitCode = failed ? exitCodes.badInput : exitCodes.done;
    if (json) return print(summary);
    const notes = summary.notes.map((note) => `- ${plainText(note)}`).join('\n');
    print([summaryText(summary), ...(notes === '' ? [] : [notes]), `Report: ${report}`].join('\n\n'));
  });
}
