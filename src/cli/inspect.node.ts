/** `candor inspect`: what a model file holds. */
import type { Command } from 'commander';
import { z } from 'zod';
import { outputFlags, readFlags } from './arguments.js';
import { modelCardText } from './model-card-text.js';
import { print } from './work.node.js';

const flags = z.object({ json: outputFlags.json });

export function addInspect(program: Command): void {
  program
    .command('inspect')
    .description('Show what a model knows: its tasks and plans, how it was trained, and what its verdicts rest on.')
    .argument('<model>', 'model file')
    .option('--json', 'print the card as JSON')
    .action(async (model: string, raw: unknown) => {
      const { json } = readFlags(flags, raw);
      const { inspect } = await import('../jobs/inspect.node.js');
      const card = await inspect(model);
      print(json ? card : modelCardText(card));
    });
}
