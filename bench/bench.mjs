/**
 * `npm run bench [-- part...]`: side-by-side measurements against peers. Without a part, all of them; `--quick` takes
 * few rounds and records nothing, `--output DIR` records elsewhere than in `bench/results/`, `--rounds N` sets how many;
 * `accuracy` takes `--run FOLDER --data DATASET...`, the training run that it compares with, and
 * `--target TASK=DICE...`; `--peer-steps N` and `--until-targets` end the peer's training early.
 *
 * Two parts train for hours and are run only where they are named; stopped and started again, they go on. They keep their
 * work in `--work DIR`, default `runs/<part>/`:
 * `yardstick [--data DATASET] [--minutes N]`: a dedicated nnU-Net on one data set;
 * `folds [--data DATASET]... [--folds N] [--steps N | --minutes N] [--preset NAME] [--init MODEL]`: Candor cross-validated
 * on the first data set, trained jointly with the others.
 */
import { parseArgs } from 'node:util';
import { CandorError } from '../dist/errors.js';
import { LoadError, waitForIdle } from './load.mjs';

/** Each part is told the options; `rounds` undefined: the part's own number. */
const parts = {
  step: async (options) => (await import('./step.mjs')).step(options),
  forward: async (options) => (await import('./forward.mjs')).forward(options),
  judging: async (options) => (await import('./judging.mjs')).judging(options),
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

/** What trains for hours; `yardstick` asks for an idle machine itself, where its time begins to count. */
const studies = {
  yardstick: async (options) => (await import('./yardstick.mjs')).yardstick(options),
  folds: async (options) => (await import('./folds.mjs')).folds(options),
};

function usage(message) {
  console.error(`error: ${message}`);
  process.exit(2);
}

const count = ['a whole number above 0', (value) => Number.isInteger(value) && value > 0];
/** Options that are numbers, and what they must be. */
const numbers = {
  rounds: count,
  'peer-steps': count,
  folds: ['a whole number above 1', (value) => Number.isInteger(value) && value > 1],
  steps: count,
  minutes: ['a number above 0', (value) => value > 0 && value < Infinity],
};

function readArguments() {
  const text = { type: 'string' };
  const options = {
    run: text,
    data: { type: 'string', multiple: true },
    target: { type: 'string', multiple: true },
    'until-targets': { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    output: text,
    work: text,
    preset: text,
    init: text,
    ...Object.fromEntries(Object.keys(numbers).map((name) => [name, text])),
  };
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return usage(error.message);
  }
}

/** The number that an option names; undefined: the part's own. */
function readNumber(name, text) {
  if (text === undefined) return undefined;
  const [expected, fits] = numbers[name];
  const value = Number(text);
  if (!fits(value)) usage(`--${name}: expected ${expected}, found '${text}'`);
  return value;
}

const { values, positionals } = readArguments();
const known = { ...parts, ...studies };
const unknown = positionals.find((name) => !(name in known));
if (unknown !== undefined) usage(`unknown part ${unknown}; expected one of: ${Object.keys(known).join(', ')}`);
const given = Object.fromEntries(Object.keys(numbers).map((name) => [name, readNumber(name, values[name])]));
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(parts)) {
    if (name in parts) await waitForIdle();
    await known[name]({ ...values, ...given, peerSteps: given['peer-steps'], untilTargets: values['until-targets'] });
  }
} catch (error) {
  if (!(error instanceof LoadError || error instanceof CandorError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
