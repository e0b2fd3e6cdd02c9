/** `candor check`: is a data set fit for training, and if not, why and what to do. */
import type { Command } from 'commander';
import { z } from 'zod';
import { outputFlags, readFlags, wholeNumber } from './arguments.js';
import { checkText } from './check-text.js';
import { exitCodes } from './exit-code.js';
import { addOutputOptions } from './shared-options.node.js';
import { print, work } from './work.node.js';

const flags = z.object({
  quick: z.boolean().default(false),
  seed: wholeNumber(0).optional(),
  threads: wholeNumber(1, 1024).optional(),
  ...outputFlags,
});

export function addCheck(program: Command): void {
  const command = program
    .command('check')
    .description(
      'Find everything that is wrong with data sets at once: pairs, geometry, labels, splits, voxels and duplicates, ' +
        'each with what to do. Ends with 3 where there are errors, with 0 where there are only warnings and notes. ' +
        '`train` does the same before it begins.',
    )
    .argument('<dataset...>', 'data-set folders')
    .option('--quick', 'read headers only, no voxels')
    .option('--seed <n>', 'seed of the split where a data set brings none (default: 0)')
    .option('--threads <n>', 'processes that read voxels (default: 1)');
  addOutputOptions(command).action(async (datasets: string[], raw: unknown) => {
    const { json, quiet, threads, ...options } = readFlags(flags, raw);
    const { check } = await import('../jobs/check.node.js');
    const report = await work({ quiet, threads }, 'stopping', (shared) => check({ ...shared, ...options, datasets }));
    process.exitCode = report.verdict === 'errors' ? exitCodes.badInput : exitCodes.done;
    print(json ? report : checkText(report));
  });
}
