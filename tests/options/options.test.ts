/** Tables of options: what a program may give, how flags are read, what is written down. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { oneOf, realNumber, text, texts, voxelTriple, wholeNumber, yes } from '../../src/options/kinds.js';
import {
  needed,
  optional,
  readFlags,
  recorded,
  recordedIfGiven,
  recordedOptions,
  recordOf,
  schemaOf,
  validateOptions,
  withAfter,
} from '../../src/options/options.js';
import { trainOptions } from '../../src/training/train-options.js';

const table = {
  inputs: needed(texts, '-i, --input <path...>', 'images'),
  rate: recorded(
    realNumber('a number above 0', (value) => value > 0),
    '--rate <r>',
    'rate',
    0.5,
    { mayBecome: (before, now) => typeof before === 'number' && now < before },
  ),
  patch: recordedIfGiven(voxelTriple, '--patch <x,y,z>', 'patch'),
  kind: recorded(oneOf(['plain', 'fancy']), '--the-kind <k>', 'kind', 'plain'),
  often: optional(yes, '--often', 'often'),
  name: optional(text, '--name <n>', 'name'),
};

describe('a table of options', () => {
  it('reads flags by their own names, and says which is wrong as it was typed', () => {
    const flags = { input: ['a', 'b'], rate: '1e-1', patch: '4, 5,6', theKind: 'fancy', often: true };
    expect(readFlags(table, flags)).toEqual({
      ...{ inputs: ['a', 'b'], rate: 0.1, patch: [4, 5, 6], kind: 'fancy', often: true },
    });
    expect(() => readFlags(table, { ...flags, theKind: 'dull' })).toThrow(
      '--the-kind: expected plain or fancy, found "dull".',
    );
    for (const patch of ['4,5', '4,5,x', '4,5,0', '4,5,6.5'])
      expect(() => readFlags(table, { ...flags, patch })).toThrow(/^--patch: expected three whole numbers above 0/);
  });

  it('holds a program to the same, naming the option', () => {
    const good = { inputs: ['a'], rate: 2, often: false, somethingElse: 7 };
    expect(() => validateOptions(table, good)).not.toThrow();
    const wrong: [object, string][] = [
      [{ ...good, rate: -1 }, 'rate: expected a number above 0, found -1.'],
      [{ ...good, rate: '2' }, 'rate: expected a number above 0, found "2".'],
      [{ ...good, rate: Number.NaN }, 'rate: expected a number above 0, found NaN.'],
      [{ ...good, patch: [1, 2] }, 'patch: expected three whole numbers above 0, such as 48,48,32, found [1,2].'],
      [{ rate: 1 }, 'inputs: expected a list of texts, found nothing.'],
    ];
    for (const [values, message] of wrong) {
      expect(() => validateOptions(table, values)).toThrow(UsageError);
      expect(() => validateOptions(table, values)).toThrow(message);
    }
    expect(schemaOf(table).safeParse(good).success).toBe(true);
  });

  it('writes down what results depend on, defaults filled in', () => {
    expect(recordOf(table, { inputs: ['a'], often: true })).toEqual({ rate: 0.5, patch: null, kind: 'plain' });
    expect(recordOf(table, { rate: 3, patch: [1, 2, 3] })).toEqual({ rate: 3, patch: [1, 2, 3], kind: 'plain' });
    expect(recordedOptions(table).map(([name]) => name)).toEqual(['rate', 'patch', 'kind']);
    expect(table.rate.help).toBe('rate (default: 0.5)');
  });

  it('takes further rows in a place of their own', () => {
    const more = withAfter(table, 'rate', { extra: optional(wholeNumber(1), '--extra <n>', 'extra') });
    expect(Object.keys(more)).toEqual(['inputs', 'rate', 'extra', 'patch', 'kind', 'often', 'name']);
  });
});

it('a training run may go on with a lower learning rate, and with nothing else changed', () => {
  const changeable = recordedOptions(trainOptions).filter(([, { record }]) => record.mayBecome);
  expect(changeable.map(([name]) => name)).toEqual(['learningRate']);
  const { mayBecome } = changeable[0][1].record;
  expect([mayBecome!(2e-3, 1e-3), mayBecome!(1e-3, 2e-3), mayBecome!('?', 1e-3)]).toEqual([true, false, false]);
});
