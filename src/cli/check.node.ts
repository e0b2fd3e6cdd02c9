/** `candor check`: is a data set fit for training, and if not, why and what to do. */
import type { Command } from 'commander';
import { checkOptions } from '../jobs/check-options.js';
import { wholeNumber } from '../options/kinds.js';
import { optional, readFlags } from '../options/options.js';
import { outputOptions } from '../options/shared.js';
import { addOptions } from './add-options.node.js';
import { checkText } from './check-text.js';
import { exitCodes } from './exit-code.js';
import { print, work } from './work.node.js';

const flags = {
  ...checkOptions,
  threads: optional(wholeNumber(1, 1024), '--threads <n>', 'processes that read voxels (default: 1)'),
  ...outputOptions,
};

export function addCheck(program: Command): void {
  const command = program
    .command('check')
    .description(
      'Find everything that is wrong with data sets at once: pairs, geometry, labels, splits, voxels and duplicates, ' +
        'each with what to do. Ends with 3 where there are errors, with 0 where there are only warnings and notes. ' +
        '`train` does the same before it begins.',
    )
    .argument('<dataset...>', 'data-set folders');
  addOptions(command, flags).action(async (datasets: string[], raw: Record<string, unknown>) => {
    const { json, quiet = false, threads, ...options } = readFlags(flags, raw);
    const { check } = await import('../jobs/check.node.js');
    const report = await work({ quiet, threads }, 'stopping', (shared) => check({ ...shared, ...options, datasets }));
    process.exitCode = report.verdict === 'errors' ? exitCodes.badInput : exitCodes.done;
    print(json ? report : checkText(report));
  });
}
