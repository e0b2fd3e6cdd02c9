/** `candor evaluate`: how right, how honest and how watchful a model is on data that it has not seen. */

import type { Command } from 'commander';
import { evaluateOptions } from '../jobs/evaluate-options.js';
import { readFlags } from '../options/options.js';
import { engineOptions, outputOptions } from '../options/shared.js';
import { addOptions } from './add-options.node.js';
import { exitCodes } from './exit-code.js';
import { summaryText } from './summary-text.js';
import { plainText } from './text.js';
import { print, work } from './work.node.js';

const flags = { ...evaluateOptions, ...engineOptions, ...outputOptions };

export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description(
      'Run a model over the test split of its data sets and compare with the references: Dice and surface distances, ' +
        'calibration before and after temperature scaling, false alarms and, with --ood, detection of out-of-distribution images.',
    )
    .argument('<model>', 'model file')
    .argument('<dataset...>', 'data-set folders');
  addOptions(command, flags).action(async (model: string, datasets: string[], raw: Record<string, unknown>) => {
    const { json, quiet = false, threads, device, ...options } = readFlags(flags, raw);
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
