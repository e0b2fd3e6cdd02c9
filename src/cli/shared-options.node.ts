/** Flags that several verbs have, worded alike. */
import type { Command } from 'commander';

/** How the network is run. */
export function addEngineOptions(command: Command): Command {
  return command
    .option('--threads <n>', 'threads within an operator (default: one per core)')
    .option('--device <device>', 'cpu, webgpu or cuda (default: cpu)');
}

/** What is shown. Results go to stdout, everything else to stderr. */
export function addOutputOptions(command: Command): Command {
  return command
    .option('--json', 'print the result as JSON and nothing else')
    .option('--quiet', 'no progress and no notes; errors are still told');
}
