/**
 * `npm run bench [-- part...]`: side-by-side measurements against peers. Without a part, all of them; `--quick` takes
 * few rounds and records nothing, `--output DIR` records elsewhere than in `bench/results/`, `--rounds N` sets how many;
 * `accuracy` takes `--run FOLDER --data DATASET...`, the training run that it compares with, and
 * `--target TASK=DICE...`; `--peer-steps N` and `--until-targets` end the peer's training early.
 */
import { parseArgs } from 'node:util';
import { CandorError } from '../dist/errors.js';
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
    target: { type: 'string', multiple: true },
    'peer-steps': { type: 'string' },
    'until-targets': { type: 'boolean', default: false },
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

function readCount(name) {
  const text = values[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(Number.isInteger(value) && value > 0)) usage(`--${name}: expected a whole number above 0, found '${text}'`);
  return value;
}

const { values, positionals } = readArguments();
const unknown = positionals.find((name) => !(name in parts));
if (unknown !== undefined) usage(`unknown part ${unknown}; expected one of: ${Object.keys(parts).join(', ')}`);
const rounds = readCount('rounds');
const peerSteps = readCount('peer-steps');
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(parts)) {
    await waitForIdle();
    await parts[name]({ ...values, rounds, peerSteps, untilTargets: values['until-targets'] });
  }
} catch (error) {
  if (!(error instanceof LoadError || error instanceof CandorError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
