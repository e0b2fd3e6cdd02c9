/** `candor inspect`: what a model file holds. */
import type { Command } from 'commander';
import { yes } from '../options/kinds.js';
import { optional, readFlags } from '../options/options.js';
import { addOptions } from './add-options.node.js';
import { modelCardText } from './model-card-text.js';
import { print } from './work.node.js';

const flags = { json: optional(yes, '--json', 'print the card as JSON') };

export function addInspect(program: Command): void {
  const command = program
    .command('inspect')
    .description('Show what a model knows: its tasks and plans, how it was trained, and what its verdicts rest on.')
    .argument('<model>', 'model file');
  addOptions(command, flags).action(async (model: string, raw: Record<string, unknown>) => {
    const { json } = readFlags(flags, raw);
    const { inspect } = await import('../jobs/inspect.node.js');
    const card = await inspect(model);
    print(json ? card : modelCardText(card));
  });
}
