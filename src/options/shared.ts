/** Options that several verbs have, worded alike. */
import { devices } from '../runtime/session.js';
import { oneOf, wholeNumber, yes } from './kinds.js';
import { optional } from './options.js';

/** How the network is run. */
export const engineOptions = {
  threads: optional(wholeNumber(1, 1024), '--threads <n>', 'threads within an operator (default: one per core)'),
  device: optional(oneOf(devices), '--device <device>', 'cpu, webgpu or cuda (default: cpu)'),
};

/** What is shown. Results go to stdout, everything else to stderr. */
export const outputOptions = {
  json: optional(yes, '--json', 'print the result as JSON and nothing else'),
  quiet: optional(yes, '--quiet', 'no progress and no notes; errors are still told'),
};
