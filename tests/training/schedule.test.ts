import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Vec3 } from '../../src/math/vector.js';
import { bucketSlots, createSchedule } from '../../src/training/schedule.js';

describe('createSchedule', () => {
  it('takes tasks of equal shares in turn', () => {
    const schedule = createSchedule([1, 1, 1], 2);
    expect([0, 1, 2, 3].map(schedule)).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
      [0, 1],
    ]);
  });

  it('keeps every task less than one patch away from its share at all times', () => {
    // Few large and many tiny shares are the hard case: a rule of largest deficit falls 1.2 patches behind.
    expect(worstLag([39, 1, 1, 16, 1, 1, 1, 39], 200)).toBeLessThan(1);
    const shares = fc.array(fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constant(1)), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(shares, (list) => worstLag(list, 200) < 1),
      { numRuns: 300 },
    );
  });

  function worstLag(shares: readonly number[], patches: number): number {
    const schedule = createSchedule(shares, 1);
    const total = shares.reduce((a, b) => a + b, 0);
    const given = shares.map(() => 0);
    let worst = 0;
    for (let step = 0; step < patches; step++) {
      given[schedule(step)[0]]++;
      for (const [i, share] of shares.entries()) {
        worst = Math.max(worst, Math.abs((share / total) * (step + 1) - given[i]));
      }
    }
    return worst;
  }

  it('gives the same steps whatever was asked for before, and whatever the size of a step', () => {
    const shares = [3, 1, 2];
    const inOrder = createSchedule(shares, 4);
    const sequence = Array.from({ length: 12 }, (_, step) => inOrder(step));
    expect(createSchedule(shares, 4)(11)).toEqual(sequence[11]);
    const one = createSchedule(shares, 1);
    const patches = Array.from({ length: 48 }, (_, step) => one(step)[0]);
    expect(sequence).toEqual(sequence.map((_, i) => patches.slice(4 * i, 4 * i + 4).sort()));
  });
});

describe('bucketSlots', () => {
  const task = (...patch: number[]) => ({ name: patch.join(), patch: patch as unknown as Vec3, cases: [] });

  it('puts patches of one shape together, in tensor order, and names every slot once', () => {
    const tasks = [task(8, 16, 24), task(16, 16, 16), task(8, 16, 24)];
    expect(bucketSlots(tasks, [0, 1, 1, 2])).toEqual([
      { bucket: { name: '8x16x24', batch: 2, space: [24, 16, 8] }, slots: [0, 3] },
      { bucket: { name: '16x16x16', batch: 2, space: [16, 16, 16] }, slots: [1, 2] },
    ]);
  });
});
