import { describe, expect, it } from 'vitest';
import { defaultValidationCases, holdOut } from '../../src/training/hold-out.js';

const cases = (n: number, perGroup = 1) =>
  Array.from({ length: n }, (_, i) => ({ name: `c${i}`, group: `g${Math.floor(i / perGroup)}` }));

describe('holdOut', () => {
  it('takes a tenth, 2 to 5, of 10 or more, none of fewer, or the number asked for', () => {
    const counts = [2, 9, 10, 24, 31, 60, 500].map((n) => [n, holdOut(cases(n), 0, null).size]);
    expect(counts).toEqual([
      [2, 0],
      [9, 0],
      [10, 2],
      [24, 2],
      [31, 3],
      [60, 5],
      [500, 5],
    ]);
    for (const [n, size] of counts) expect(defaultValidationCases(n)).toBe(size);
    expect(holdOut(cases(20), 0, 7).size).toBe(7);
    expect(holdOut(cases(20), 0, 0).size).toBe(0);
    // Two are always left to train.
    expect(holdOut(cases(4), 0, 9).size).toBe(2);
    expect(holdOut(cases(2), 0, 9).size).toBe(0);
  });

  it('depends on seed and names alone', () => {
    const held = [...holdOut(cases(40), 3, null)].sort();
    expect([...holdOut([...cases(40)].reverse(), 3, null)].sort()).toEqual(held);
    expect([...holdOut(cases(40), 4, null)].sort()).not.toEqual(held);
  });

  it('never divides a group', () => {
    for (const [perGroup, wanted] of [
      [2, null],
      [3, null],
      [4, 5],
      [7, 2],
    ] as const) {
      for (let seed = 0; seed < 10; seed++) {
        const all = cases(42, perGroup);
        const held = holdOut(all, seed, wanted);
        expect(held.size).toBeGreaterThan(0);
        expect(held.size).toBeLessThanOrEqual(14);
        const groups = new Set(all.filter(({ name }) => held.has(name)).map(({ group }) => group));
        expect(all.filter(({ group }) => groups.has(group)).length).toBe(held.size);
      }
    }
    // All of one person, or of two: nothing can be held out.
    expect(holdOut(cases(20, 20), 0, null).size).toBe(0);
    expect(holdOut(cases(20, 10), 0, null).size).toBe(0);
  });

  it('takes the smallest group where none fits, up to a third of the cases', () => {
    const grouped = (sizes: readonly number[]) =>
      sizes.flatMap((size, g) => Array.from({ length: size }, (_, i) => ({ name: `g${g}-${i}`, group: `g${g}` })));
    for (const seed of [0, 1, 2, 3, 4]) {
      // Two are wanted; every group is larger.
      const held = [...holdOut(grouped([5, 3, 4, 6]), seed, 2)];
      expect(held.sort()).toEqual(['g1-0', 'g1-1', 'g1-2']);
      // Exactly a third may be held out, more may not.
      expect(holdOut(grouped([3, 3, 3]), seed, 2).size).toBe(3);
      expect(holdOut(grouped([4, 4, 3]), seed, 2).size).toBe(3);
      expect(holdOut(grouped([4, 4]), seed, 2).size).toBe(0);
    }
  });
});
