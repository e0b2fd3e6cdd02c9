/** `candor demo`: the whole story in a few minutes. */
import type { Command } from 'commander';
import { demoOptions } from '../jobs/demo-options.js';
import { readFlags } from '../options/options.js';
import { engineOptions, outputOptions } from '../options/shared.js';
import { addOptions } from './add-options.node.js';
import { demoIntroduction, demoText } from './demo-text.js';
import { print, work } from './work.node.js';

const flags = { ...demoOptions, ...engineOptions, ...outputOptions };

export function addDemo(program: Command): void {
  const command = program
    .command('demo')
    .description(
      'Make digital phantoms of three organs, train one small network on all of them, measure it on cases that it has ' +
        'not seen, and let it meet scans of kinds that it has never seen.',
    );
  addOptions(command, flags).action(async (raw: Record<string, unknown>) => {
    const { json, quiet = false, threads, device, output = 'candor-demo', ...options } = readFlags(flags, raw);
    const { demo } = await import('../jobs/demo.node.js');
    if (!json && !quiet) print(demoIntroduction(output, options.data));
    const stopping = 'stopping after this step; the same command goes on from here';
    const result = await work({ quiet, threads, device }, stopping, (shared) =>
      demo({ ...shared, ...options, output }),
    );
    print(json ? result : `\n${demoText(result)}`);
  });
}
