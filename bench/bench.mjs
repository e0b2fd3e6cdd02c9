/**
 * `npm run bench [-- part...]`: side-by-side measurements against peers. Without a part, all of them; `--quick` takes
 * few rounds and records nothing, `--output DIR` records elsewhere than in `bench/results/`, `--rounds N` sets how many;
 * `--run FOLDER --data DATASET...` name the training run that `accuracy` compares with.
 */
import { parseArgs } from 'node:util';
import { LoadError, waitForIdle } from './load.mjs';

/** Each part is told the options; `rounds` undefined: the part's own number. */
const parts = {
  step: async (options) => (await import('./step.mjs')).step(options),
  forward: async (options) => (await import('./forward.mjs')).forward(options),
  scan: async (options) => (await import('./scan.mjs')).scan(options),
  start: async (options) => (await import('./start.mjs')).start(options),
  feed: async () => (await import('./feed.mjs')).feed(),
  memory: async (options) => {
    await (await import('./step-memory.mjs')).stepMemory(options);
    await (await import('./memory.mjs')).memory();
  },
  profile: async (options) => (await import('./profile.mjs')).profile(options),
  growth: async (options) => (await import('./growth.mjs')).growth(options),
  accuracy: async (options) => (await import('./accuracy.mjs')).accuracy(options),
};

function usage(message) {
  console.error(`error: ${message}`);
  process.exit(2);
}

function readArguments() {
  const options = {
    run: { type: 'string' },
    data: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    output: { type: 'string' },
    rounds: { type: 'string' },
  };
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return usage(error.message);
  }
}

const { values, positionals } = readArguments();
const unknown = positionals.find((name) => !(name in parts));
if (unknown !== undefined) usage(`unknown part ${unknown}; expected one of: ${Object.keys(parts).join(', ')}`);
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
  usage(`--rounds: expected a whole number above 0, found '${values.rounds}'`);
}
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(parts)) {
    await waitForIdle();
    await parts[name]({ ...values, rounds });
  }
} catch (error) {
  if (!(error instanceof LoadError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
