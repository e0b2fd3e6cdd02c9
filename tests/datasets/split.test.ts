import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitParts } from '../../src/datasets/dataset.js';
import { makeSplit } from '../../src/datasets/split.js';

const singles = (n: number) => Array.from({ length: n }, (_, i) => ({ name: `c${i}`, group: `c${i}` }));

describe('makeSplit', () => {
  test.each([
    [3, [1, 1, 1]],
    [5, [3, 1, 1]],
    [10, [6, 2, 2]],
    [100, [60, 20, 20]],
    [2, [1, 1, 0]],
    [0, [0, 0, 0]],
  ])('%i cases are divided 60/20/20', (n, expected) => {
    const split = makeSplit(singles(n), 0);
    expect(splitParts.map((part) => split[part].length)).toEqual(expected);
  });

  test('groups are never shared, every case is used once, shares are kept to a group', () => {
    const cases = fc
      .array(fc.integer({ min: 0, max: 30 }), { maxLength: 80 })
      .map((groups) => groups.map((g, i) => ({ name: `c${i}`, group: `g${g}` })));
    fc.assert(
      fc.property(cases, fc.nat(), (list, seed) => {
        const split = makeSplit(list, seed);
        const groupOf = new Map(list.map((c) => [c.name, c.group]));
        expect(splitParts.flatMap((p) => split[p]).sort()).toEqual(list.map((c) => c.name).sort());
        const groupsIn = splitParts.map((p) => new Set(split[p].map((name) => groupOf.get(name))));
        const groups = new Set(groupOf.values());
        expect(groupsIn.reduce((n, set) => n + set.size, 0)).toBe(groups.size);
        if (groups.size >= 3) for (const part of splitParts) expect(split[part].length).toBeGreaterThan(0);
        const largest = Math.max(0, ...[...groups].map((g) => list.filter((c) => c.group === g).length));
        splitParts.forEach((part, i) => {
          expect(Math.abs(split[part].length - [0.6, 0.2, 0.2][i] * list.length)).toBeLessThanOrEqual(2 * largest);
        });
      }),
    );
  });

  test('the order of cases does not matter, the seed does', () => {
    const list = singles(30);
    expect(makeSplit([...list].reverse(), 5)).toEqual(makeSplit(list, 5));
    expect(makeSplit(list, 6)).not.toEqual(makeSplit(list, 5));
  });
});
