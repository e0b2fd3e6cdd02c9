/** Numbers, tables and the sentences of results. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationText, fixed, intervalText, listText, plainText, plural, tableText } from '../../src/cli/text.js';
import { casesText, countsText, type JudgedCase, verdictSentence } from '../../src/cli/verdict-text.js';

test.each([
  [0.4, '0 s'],
  [59.4, '59 s'],
  [59.6, '1 min 00 s'],
  [185, '3 min 05 s'],
  [3599.7, '1 h 00 min'],
  [7620, '2 h 07 min'],
])('%d seconds are %s', (seconds, text) => expect(durationText(seconds)).toBe(text));

test('numbers', () => {
  expect([fixed(-0.0004, 3), fixed(-0.0006, 3), fixed(null, 2), fixed(Number.POSITIVE_INFINITY, 2)]).toEqual([
    '0.000',
    '-0.001',
    '-',
    '-',
  ]);
  expect(intervalText({ mean: 0.874, low: 0.8, high: 0.9, n: 3 }, 2)).toBe('0.87 [0.80, 0.90]');
  expect(intervalText({ mean: 0.874, low: null, high: null, n: 1 }, 2)).toBe('0.87');
  expect(intervalText({ mean: null, low: null, high: null, n: 0 }, 2)).toBe('-');
  expect([plural(1, 'step'), plural(1200, 'step')]).toEqual(['1 step', '1,200 steps']);
  expect([listText([]), listText(['a']), listText(['a', 'b', 'c'])]).toEqual(['', 'a', 'a, b and c']);
});

test('text from outside has no control characters and is one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(plainText(text)).not.toMatch(/\p{Cc}/u);
    }),
  );
});

test('columns are aligned, whatever the cells', () => {
  const cell = fc.string({ unit: 'grapheme-ascii', minLength: 1 }).filter((text) => text.trim() !== '');
  const row = fc.tuple(cell, cell, fc.constant('|'));
  fc.assert(
    fc.property(fc.array(row, { minLength: 1 }), (rows) => {
      const ends = tableText(rows, { alignRight: [1] })
        .split('\n')
        .map((line) => line.length);
      expect(new Set(ends).size).toBe(1);
    }),
  );
});

function judged(change: Partial<JudgedCase> & { p?: number }): JudgedCase {
  const { p = 0.62, ...rest } = change;
  return {
    case: 'kidney_041',
    verdict: 'in-distribution',
    ood: {
      detector: 'soft-maximum',
      score: 1,
      pValue: p,
      alpha: 0.05,
      nearestTask: 'kidney',
      guarantee: { kind: 'per-task', n: 20, minimumAlpha: 1 / 21, holds: true },
      perTask: {},
    },
    volumeMl: 142.34,
    estimatedDice: 0.941,
    files: { mask: 'kidney_041.nii.gz' },
    ...rest,
  };
}

describe('verdicts', () => {
  const outlier = judged({
    case: 'knee',
    verdict: 'out-of-distribution',
    p: 1 / 21,
    estimatedDice: null,
    files: { mask: null },
  });

  test('one line a case', () => {
    expect(casesText([judged({}), outlier])).toBe(
      [
        'case        verdict                  p  nearest task    volume  est. Dice  mask',
        'kidney_041  in distribution      0.620  kidney        142.3 ml       0.94  kidney_041.nii.gz',
        'knee        OUT OF DISTRIBUTION  0.048  kidney        142.3 ml          -  not written',
      ].join('\n'),
    );
  });

  test('in words', () => {
    expect(verdictSentence(judged({}))).toBe(
      'This image looks like the kidney scans that the model knows (p = 0.620).',
    );
    expect(verdictSentence(outlier)).toBe(
      'This image is not like anything the model was trained on (p = 0.048): do not trust the mask.',
    );
    expect(verdictSentence(judged({ verdict: 'undetermined', p: 0.25 }))).toBe(
      'The calibration images are too few to tell whether this image is in distribution (p = 0.250, alpha 0.05).',
    );
  });

  test('counted', () => {
    expect(countsText([judged({}), outlier, outlier], 1)).toBe(
      '4 images: 1 in distribution, 2 out of distribution, 1 could not be done.',
    );
    expect(countsText([], 0)).toBe('0 images: nothing to do.');
  });
});
