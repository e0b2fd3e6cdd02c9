import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GeometryError } from '../../src/errors.js';
import { dice, overlap, volumeMl } from '../../src/metrics/overlap.js';
import { drawBall, drawBox } from './masks.js';

describe('Dice', () => {
  it('of two boxes is that of their volumes', () => {
    const a = drawBox([20, 10, 8], [0, 0, 0], [10, 10, 8]);
    const b = drawBox([20, 10, 8], [5, 0, 0], [20, 10, 8]);
    expect(dice(a, b)).toBeCloseTo((2 * 5) / (10 + 15), 14);
  });

  it('holds its policy for empty masks', () => {
    const empty = new Uint8Array(4);
    const filled = new Uint8Array(4).fill(1);
    expect(dice(empty, empty)).toBe(1);
    expect(dice(empty, filled)).toBe(0);
    expect(dice(filled, empty)).toBe(0);
    expect(dice(filled, filled)).toBe(1);
  });

  it('is symmetric, within [0, 1], and blind to which label marks the foreground', () => {
    const mask = fc.uint8Array({ minLength: 20, maxLength: 20, max: 1 });
    fc.assert(
      fc.property(mask, mask, (a, b) => {
        const value = dice(a, b);
        expect(value).toBe(dice(b, a));
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        expect(
          dice(
            a.map((v) => v * 2),
            b.map((v) => v * 5),
          ),
        ).toBe(value);
      }),
    );
  });

  it('refuses masks on different grids', () => {
    expect(() => dice(new Uint8Array(4), new Uint8Array(5))).toThrow(GeometryError);
  });
});

describe('volume', () => {
  it('of a ball is that of its closed form', () => {
    const ball = drawBall([60, 50, 40], [0.9, 1.1, 1.4], [30, 25, 20], 24);
    const { predicted } = overlap(ball, ball);
    expect(volumeMl(predicted, [0.9, 1.1, 1.4]) / ((4 / 3) * Math.PI * 2.4 ** 3)).toBeCloseTo(1, 2);
  });
});
