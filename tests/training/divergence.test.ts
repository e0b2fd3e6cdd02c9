/** Runs that go wrong are noticed, and only those. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { watchDivergence } from '../../src/training/divergence.js';

interface Curve {
  readonly loss: (step: number) => number;
  readonly dice?: (step: number) => number;
  readonly noise?: number;
}

/** Notes by step of a synthetic run. */
function watched({ loss, dice = () => 0.8, noise = 0.25 }: Curve, steps = 3000, seed = 1): [number, string][] {
  const watch = watchDivergence();
  const random = createRandom('curve', seed);
  const notes: [number, string][] = [];
  for (let step = 1; step <= steps; step++) {
    const value = Math.max(0, loss(step) * (1 + noise * random.normal()));
    const patch = Math.min(1, Math.max(0, dice(step) + 0.3 * random.normal()));
    const record = { step, loss: value, dice: { [step % 2 ? 'a' : 'b']: patch }, learningRate: 2e-3 };
    for (const note of watch(record)) notes.push([step, note]);
  }
  return notes;
}

const learning = (step: number) => 0.25 + 1.1 * Math.exp(-step / 300);
const learningDice = (step: number) => 0.9 * (1 - Math.exp(-step / 400));

describe('watchDivergence says nothing', () => {
  it.each([
    ['of a run that learns', { loss: learning, dice: learningDice }],
    ['of a run that learns nothing', { loss: () => 1.4, dice: () => 0.05 }],
    ['of much noise', { loss: learning, dice: learningDice, noise: 0.8 }],
    ['of a passing peak', { loss: (s: number) => (s > 1000 && s < 1100 ? 5 : learning(s)), dice: learningDice }],
    ['of a loss that doubles but stays below the first', { loss: (s: number) => (s < 1500 ? learning(s) : 0.7) }],
    ['of a task whose Dice halves', { loss: learning, dice: (s: number) => (s < 1500 ? 0.8 : 0.4) }],
  ])('%s', (_, curve: Curve) => {
    for (const seed of [1, 2, 3]) expect(watched(curve, 3000, seed)).toEqual([]);
  });
});

describe('watchDivergence says once', () => {
  it('that the loss exploded, with figures and what to do', () => {
    const notes = watched({ loss: (s) => (s < 1500 ? learning(s) : 3) });
    expect(notes.length).toBe(1);
    const [[step, text]] = notes;
    // Two hundred steps, and as many as the running mean takes to follow.
    expect(step > 1700 && step < 1800).toBe(true);
    expect(text).toMatch(
      /smoothed loss is [23]\.\d+, after 0\.\d+ at step 1\d{3}.*--learning-rate below the present 0\.0020/,
    );
  });

  it('that a task was lost while the loss looks well', () => {
    const notes = watched({ loss: learning, dice: (s) => (s < 1500 ? 0.8 : -1) });
    expect(notes.map(([, text]) => /^Task (\w)/.exec(text)?.[1]).sort()).toEqual(['a', 'b']);
    // Each task has every other step.
    for (const [step] of notes) expect(step > 1900 && step < 2200).toBe(true);
  });

  it('and again after a recovery', () => {
    const bad = (s: number) => (s > 1000 && s < 1500) || s > 2500;
    expect(watched({ loss: (s) => (bad(s) ? 4 : learning(s)) }, 3000).length).toBe(2);
  });

  it('only of a task that had learned something, and lost three quarters of it', () => {
    /** Without noise: Dice of one task, first of the one value, then of the other. */
    const lost = (before: number, after: number) => {
      const watch = watchDivergence();
      let notes = 0;
      for (let step = 1; step <= 3000; step++) {
        const dice = { a: step <= 1000 ? before : after };
        notes += watch({ step, loss: 1, dice, learningRate: 1e-3 }).length;
      }
      return notes;
    };
    expect(lost(0.5, 0.05)).toBe(1);
    expect(lost(0.25, 0.01)).toBe(0);
    expect(lost(0.5, 0.2)).toBe(0);
  });
});
