/** Tables of options as flags of a command. */
import type { Command } from 'commander';
import { flagOf, type Options } from '../options/options.js';

/** Add a table's flags, in its order. */
export function addOptions(command: Command, options: Options): Command {
  for (const option of Object.values(options)) {
    const { flag, help, needed, negation } = option;
    if (needed) command.requiredOption(flag, help);
    else command.option(flag, help);
    if (negation !== undefined) command.option(flagOf(option).replace('--', '--no-'), negation);
  }
  return command;
}
