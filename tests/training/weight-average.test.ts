/** The moving average of the weights: what it keeps, and how fast it forgets where it began. */
import { describe, expect, it } from 'vitest';
import { averageWeights } from '../../src/training/weight-average.js';

describe('the average of weights', () => {
  it('of weights that stay is they', () => {
    const weights = Float32Array.of(0.1, -2, 3e7);
    expect(averageWeights(weights, weights, 500)).toEqual(weights);
  });

  it('lies between, nearer the new weights while few steps are done', () => {
    const [old, fresh] = [Float32Array.of(0), Float32Array.of(1)];
    const shares = [1, 10, 100, 5000].map((step) => averageWeights(old, fresh, step)[0]);
    expect(shares.map((share) => Number(share.toFixed(4)))).toEqual([0.9091, 0.5, 0.0909, 0.005]);
  });

  it('forgets the initial weights, and follows a ramp some 200 steps behind', () => {
    let average = Float32Array.of(1e3);
    for (let step = 1; step <= 4000; step++)
      average = new Float32Array(averageWeights(average, Float32Array.of(step), step));
    expect(average[0]).toBeGreaterThan(4000 - 220);
    expect(average[0]).toBeLessThan(4000 - 180);
  });

  it('changes neither of its arguments', () => {
    const [old, fresh] = [Float32Array.of(0, 5), Float32Array.of(1, 6)];
    averageWeights(old, fresh, 3);
    expect([Array.from(old), Array.from(fresh)]).toEqual([
      [0, 5],
      [1, 6],
    ]);
  });
});
