import { describe, expect, it } from 'vitest';
import type { CaseResult } from '../../src/evaluation/case-result.js';
import { casesCsv } from '../../src/evaluation/cases-csv.js';
import { summarise } from '../../src/evaluation/summarise.js';
import { renderForeground, renderStructures } from '../../src/report/structures-section.js';
import { syntheticCase } from './synthetic.js';

const measures = (structure: string, dice: number | null) => ({
  ...{ structure, annotated: dice !== null, dice, hd95Mm: dice, assdMm: dice, nsd: dice },
  ...{ referenceMl: dice === null ? null : 10, predictedMl: 12 },
});

const cases: CaseResult[] = [0.8, 0.6, null].map((right, i) => ({
  ...syntheticCase({ task: 'head', case: `h${i}` }),
  structures: [measures('left', 0.9), measures('right', right)],
  confusions: [{ structure: 'left', calledOther: 'right', share: [0.01, 0.03, 0][i] }],
  foreground: { head: { voxels: 100, ml: 1 + i }, belly: { voxels: 10 * i, ml: i } },
}));

describe('figures of single structures', () => {
  const summary = summarise({ model: { name: 'm', sha256: '0' }, cases }, { resamples: 50 });
  const { structures, confusions } = summary.tasks.head;

  it('leave out, and count, what was not annotated', () => {
    expect(structures.left.dice).toMatchObject({ n: 3 });
    expect(structures.left.dice.mean).toBeCloseTo(0.9);
    expect(structures.right.dice.n).toBe(2);
    expect(structures.right.dice.mean).toBeCloseTo(0.7);
    expect(structures.right.notAnnotated).toBe(1);
    expect(structures.right.volumeErrorMl).toMatchObject({ n: 2, mean: 2 });
  });

  it('tell the worst confusion, and whose it is', () => {
    expect(confusions).toEqual([{ structure: 'left', calledOther: 'right', share: 0.03, case: 'h1' }]);
  });

  it('tell what is found under each name', () => {
    expect(summary.foreground.map(({ set, as, ml }) => [set, as, ml.mean, ml.n])).toEqual([
      ['head', 'head', 2, 3],
      ['head', 'belly', 1, 3],
    ]);
  });

  it('are in the report and in the table of cases', () => {
    const page = renderStructures(summary).toString();
    expect(page).toMatch(/left for right: 3\.0 % \(h1\)/);
    expect(page).toContain('n = 2');
    expect(renderForeground(summary).toString()).toContain('as belly');
    const [head, first, , last] = casesCsv(cases)
      .split('\r\n')
      .map((line) => line.split(','));
    const column = head.indexOf('dice:right');
    expect([first[column], last[column]]).toEqual(['0.8', '']);
  });

  it('are none of a task of one', () => {
    const one = summarise({ model: { name: 'm', sha256: '0' }, cases: [syntheticCase({ task: 'a', case: 'b' })] });
    expect(one.tasks.a.structures).toEqual({});
    expect(renderStructures(one).toString()).toBe('');
  });
});
