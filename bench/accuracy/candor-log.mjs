/** Candor's side of time to accuracy: what the log of a run says, the weights that it validated left aside. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { RunError } from '../../dist/errors.js';
import { median } from '../machine.mjs';
import { pointOf } from './targets.mjs';

/** No step counts more than this many times the running median, which a stopped process would otherwise spoil. */
const CAP = 5;
const RECENT = 101;
/** The median of so many steps at least, so that the first ones are held to those after them. */
const FIRST = 11;

/** Validations of a run as a curve, `last`, its last step, and `steps`, those that it was begun for. */
export async function readLog(folder) {
  const file = path.join(folder, 'metrics.jsonl');
  const records = (await readFile(file, 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const taken = records.filter((record) => 'loss' in record);
  const seconds = cappedSeconds(taken.map((record) => record.seconds));
  const secondsAt = (step) => seconds[taken.findLastIndex((record) => record.step <= step)];
  const curve = records
    .filter((record) => 'validation' in record)
    .map(({ step, validation }) => pointOf({ step, seconds: secondsAt(step), dice: validation.dice }));
  if (curve.length === 0) {
    throw new RunError(
      `${file}: expected validations, found none; the run must have held-out cases (--validation-cases above 0) and ` +
        'steps enough for a validation to be worth its time.',
    );
  }
  const { step: last, steps } = taken.at(-1);
  return { curve, last, steps: steps ?? last };
}

/** Seconds up to each step, none counted more than `CAP` times the running median. */
function cappedSeconds(durations) {
  let sum = 0;
  return durations.map((seconds, i) => {
    sum += Math.min(seconds, CAP * median(durations.slice(Math.max(0, i + 1 - RECENT), Math.max(i + 1, FIRST))));
    return sum;
  });
}
