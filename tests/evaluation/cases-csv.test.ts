import { describe, expect, it } from 'vitest';
import { casesCsv, csvCell } from '../../src/evaluation/cases-csv.js';
import { syntheticCase, syntheticOod } from './synthetic.js';

/** A small RFC 4180 reader, so that what is written is read back and not compared with itself. */
function parse(text: string): string[][] {
  const rows: string[][] = [[]];
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (const match of text.matchAll(pattern)) {
    rows[rows.length - 1].push(match[1] === undefined ? match[2] : match[1].replaceAll('""', '"'));
    if (match[3] === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

describe('cases.csv', () => {
  it('quotes commas, quotes and line breaks only', () => {
    expect(csvCell('plain name')).toBe('plain name');
    expect(csvCell('a,b')).toBe('"a,b"');
    expect(csvCell('say "hi"')).toBe('"say ""hi"""');
    expect(csvCell('two\nlines')).toBe('"two\nlines"');
    expect(csvCell(null)).toBe('');
    expect(csvCell(Number.POSITIVE_INFINITY)).toBe('inf');
    expect(csvCell(0.1 + 0.2)).toBe('0.30000000000000004');
  });

  it('has a row each case, labelled or not or failed, and equal columns', () => {
    const name = 'x, "y"\r\nz';
    const rows = parse(
      casesCsv(
        [syntheticCase({ case: name, hd95Mm: null })],
        [syntheticOod({ scores: { knn: Number.POSITIVE_INFINITY } })],
        [{ task: 'liver', case: 'bad', error: { tag: 'ImageFormatError', message: 'truncated' } }],
      ),
    );
    expect(rows).toHaveLength(4);
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
    expect(new Set(rows[0]).size).toBe(rows[0].length);
    const cell = (row: number, column: string) => rows[row][rows[0].indexOf(column)];
    expect(cell(1, 'case')).toBe(name);
    expect(cell(1, 'dice')).toBe('0.9');
    expect(cell(1, 'hd95Mm')).toBe('');
    expect(Number(cell(1, 'eceRoi:before'))).toBeCloseTo(syntheticCase().calibration.before.region.ece!, 12);
    expect(cell(2, 'kind')).toBe('unlabelled');
    expect(cell(2, 'score:knn')).toBe('inf');
    expect(cell(2, 'pValue')).toBe('0.02');
    expect(cell(2, 'dice')).toBe('');
    expect(cell(3, 'kind')).toBe('failed');
    expect(cell(3, 'error')).toBe('ImageFormatError: truncated');
  });
});
