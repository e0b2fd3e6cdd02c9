/** `candor demo`: the whole story in a few minutes. */
import type { Command } from 'commander';
import { z } from 'zod';
import { engineFlags, outputFlags, readFlags, wholeNumber } from './arguments.js';
import { demoIntroduction, demoText } from './demo-text.js';
import { addEngineOptions, addOutputOptions } from './shared-options.node.js';
import { print, work } from './work.node.js';

const flags = z.object({
  output: z.string().default('candor-demo'),
  data: z.string().optional(),
  steps: wholeNumber(1).optional(),
  seed: wholeNumber(0).optional(),
  ...engineFlags,
  ...outputFlags,
});

export function addDemo(program: Command): void {
  const command = program
    .command('demo')
    .description(
      'Make digital phantoms of three organs, train one small network on all of them, measure it on cases that it has ' +
        'not seen, and let it meet scans of kinds that it has never seen.',
    )
    .option('-o, --output <folder>', 'folder for data, model, masks and report (default: candor-demo)')
    .option('--data <folder>', 'use the data sets in this folder instead; out-of-distribution images lie in its ood/')
    .option('--steps <n>', 'training steps')
    .option('--seed <n>', 'seed of everything random (default: 0)');
  addOutputOptions(addEngineOptions(command)).action(async (raw: unknown) => {
    const { json, quiet, threads, device, ...options } = readFlags(flags, raw);
    const { demo } = await import('../jobs/demo.node.js');
    if (!json && !quiet) print(demoIntroduction(options.output, options.data));
    const stopping = 'stopping after this step; the same command goes on from here';
    const result = await work({ quiet, threads, device }, stopping, (shared) => demo({ ...shared, ...options }));
    print(json ? result : `\n${demoText(result)}`);
  });
}
