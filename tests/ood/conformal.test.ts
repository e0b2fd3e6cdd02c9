import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/math/random.js';
import {
  type Calibration,
  conformalPValue,
  type ImageDistances,
  isAtMost,
  plugInScores,
  pooledPValue,
  supportsAlpha,
  taskPValue,
} from '../../src/ood/conformal.js';
import { constantsOf, momentsOf, softMaximum } from '../../src/ood/standardise.js';
import { judge } from '../../src/ood/verdict.js';
import { someLayers, syntheticFeatures, syntheticState, under } from './synthetic.js';

const standardised = { standardised: true };

/** Three layers of correlated distances; under a foreign task much larger, sometimes not run. */
function draw(random: Random, task: number, tasks: number, shift = 0): ImageDistances {
  const common = random.normal();
  return Array.from({ length: tasks }, (_, t) => {
    if (t !== task && random.chance(0.2)) return new Float64Array(3).fill(Infinity);
    return Float64Array.from({ length: 3 }, (_, l) => {
      const own = (0.2 + 0.3 * l + 0.1 * task) * (random.normal() + 0.5 * common + shift) + l + task;
      return t === task ? own : own + 1 + Math.abs(random.normal());
    });
  });
}

function drawCalibration(random: Random, counts: readonly number[]): Calibration {
  return counts.map((n, task) => Array.from({ length: n }, () => draw(random, task, counts.length)));
}

/** Bounds that a binomial share of `trials` at `rate` leaves with probability below 1e-4 (4 standard deviations). */
function band(rate: number, trials: number): [number, number] {
  const sd = Math.sqrt((rate * (1 - rate)) / trials);
  return [rate - 4 * sd, rate + 4 * sd];
}

function share(trials: number, event: (trial: number) => boolean): number {
  let count = 0;
  for (let i = 0; i < trials; i++) if (event(i)) count++;
  return count / trials;
}

describe('conformal p-values', () => {
  it('count calibration scores at least as large, ties and infinities included', () => {
    expect(conformalPValue([1, 2, 3, Infinity], 2)).toBe(4 / 5);
    expect(conformalPValue([1, 2, 3], Infinity)).toBe(1 / 4);
    expect(conformalPValue([1, Infinity], Infinity)).toBe(2 / 3);
    expect(conformalPValue([], 7)).toBe(1);
  });

  it('know from how many images on alpha is supported, whatever the rounding', () => {
    expect([18, 19, 20].map((n) => supportsAlpha(n, 0.05))).toEqual([false, true, true]);
    expect([8, 9].map((n) => supportsAlpha(n, 0.1))).toEqual([false, true]);
    expect([98, 99].map((n) => supportsAlpha(n, 1 - 0.99))).toEqual([false, true]);
    expect(supportsAlpha(19, 0.15 / 3)).toBe(true);
    expect(supportsAlpha(0, 0.5)).toBe(false);
    for (let k = 1; k < 60; k++) expect(isAtMost(k / 60, k * (1 / 60))).toBe(true);
    expect(isAtMost(4 / 60, 0.05)).toBe(false);
  });
});

describe('standardisation', () => {
  it('has the closed form for two tasks', () => {
    const a = momentsOf([Float64Array.of(1), Float64Array.of(3), Float64Array.of(Infinity)], 1); // mean 2, variance 2
    const b = momentsOf([Float64Array.of(0), Float64Array.of(4)], 1); // mean 2, variance 8
    const constants = constantsOf([a, b]);
    expect(constants[0].mean[0]).toBe(2);
    expect(constants[0].sd[0]).toBeCloseTo(Math.sqrt((2 + 5) / 2), 12);
    expect(constants[1].sd[0]).toBeCloseTo(Math.sqrt((8 + 5) / 2), 12);
    expect(softMaximum(Float64Array.of(4), constants[0])).toBeCloseTo(2 / Math.sqrt(3.5), 12);
  });

  it('borrows from other tasks where one has too few images', () => {
    const [two, one, none] = constantsOf(
      [[1, 3], [10], []].map((values) =>
        momentsOf(
          values.map((v) => Float64Array.of(v)),
          1,
        ),
      ),
    );
    expect([two.mean[0], one.mean[0], none.mean[0]]).toEqual([2, 10, 6]);
    for (const { sd } of [two, one, none]) expect(sd[0]).toBeCloseTo(Math.SQRT2, 12);
    const [alone] = constantsOf([momentsOf([], 2)]);
    expect([...alone.mean, ...alone.sd]).toEqual([0, 0, 1, 1]);
  });

  it('joins layers by a soft maximum that neither overflows nor loses an infinity', () => {
    const one = { mean: new Float64Array(2), sd: new Float64Array(2).fill(1) };
    expect(softMaximum(Float64Array.of(0, Math.log(3)), one)).toBeCloseTo(0.5 * Math.log(5), 12);
    expect(softMaximum(Float64Array.of(5000, -5000), one)).toBeCloseTo(5000 - 0.5 * Math.log(2), 9);
    expect(softMaximum(Float64Array.of(1, Infinity), one)).toBe(Infinity);
  });
});

describe('validity on exchangeable images', () => {
  it.each([
    { n: 19, alpha: 0.05 },
    { n: 29, alpha: 0.1 },
    { n: 4, alpha: 0.2 },
  ])('the per-task p-value with symmetric constants is exact: n = $n, alpha = $alpha', ({ n, alpha }) => {
    const trials = 3000;
    const rate = share(trials, (trial) => {
      const random = createRandom('per-task', n, trial);
      const calibration = drawCalibration(random, [n, 7, 3]);
      return isAtMost(taskPValue(standardised, calibration, 0, draw(random, 0, 3)), alpha);
    });
    const [low, high] = band(alpha, trials);
    expect(rate).toBeGreaterThan(low);
    expect(rate).toBeLessThan(high);
  });

  it('constants from the calibration images alone break it, symmetric ones do not', () => {
    const trials = 3000;
    const layers = (random: Random): ImageDistances => [Float64Array.from({ length: 8 }, () => random.normal())];
    let naive = 0;
    let symmetric = 0;
    for (let trial = 0; trial < trials; trial++) {
      const random = createRandom('naive', trial);
      const calibration = [Array.from({ length: 19 }, () => layers(random))];
      const image = layers(random);
      const score = (other: ImageDistances) => plugInScores(standardised, calibration, other)[0];
      if (isAtMost(conformalPValue(calibration[0].map(score), score(image)), 0.05)) naive++;
      if (isAtMost(taskPValue(standardised, calibration, 0, image), 0.05)) symmetric++;
    }
    const [low, high] = band(0.05, trials);
    expect(naive / trials).toBeGreaterThan(high);
    expect(symmetric / trials).toBeGreaterThan(low);
    expect(symmetric / trials).toBeLessThan(high);
  });

  it.each([0.05, 0.1])('the pooled p-value is valid on the mixture and not idle, alpha = %d', (alpha) => {
    const trials = 1500;
    const counts = [12, 8, 4];
    const rate = share(trials, (trial) => {
      const random = createRandom('pooled', trial);
      // Labels drawn with the images: the mixture from which the calibration set comes.
      const labels = Array.from({ length: 25 }, () => [0, 0, 0, 1, 1, 2][random.integer(6)]);
      const sizes = counts.map((_, t) => labels.slice(0, 24).filter((label) => label === t).length);
      return isAtMost(pooledPValue(standardised, drawCalibration(random, sizes), draw(random, labels[24], 3)), alpha);
    });
    expect(rate).toBeLessThan(band(Math.floor(alpha * 25) / 25, trials)[1]);
    expect(rate).toBeGreaterThan(alpha / 10);
  });

  it('a far image has the smallest possible p-values under every rule', () => {
    const random = createRandom('power');
    const calibration = drawCalibration(random, [19, 19, 5]);
    const far = draw(random, 0, 3, 12).map((d) => d.map((v) => (Number.isFinite(v) ? v : 50)));
    expect([0, 1, 2].map((t) => taskPValue(standardised, calibration, t, far))).toEqual([1 / 20, 1 / 20, 1 / 6]);
    expect(pooledPValue(standardised, calibration, far)).toBe(1 / 44);
  });

  it('an image run under no plan has p = 1/(n + 1) throughout, and no NaN', () => {
    const calibration = drawCalibration(createRandom('infinite'), [19, 6, 0]);
    const nowhere = Array.from({ length: 3 }, () => new Float64Array(3).fill(Infinity));
    expect([0, 1, 2].map((t) => taskPValue(standardised, calibration, t, nowhere))).toEqual([1 / 20, 1 / 7, 1]);
    expect(pooledPValue(standardised, calibration, nowhere)).toBe(1 / 26);
    expect(plugInScores(standardised, calibration, nowhere)).toEqual([Infinity, Infinity, Infinity]);
  });
});

describe('validity of verdicts, from features', () => {
  const names = ['task0', 'task1', 'task2'];

  /** Shares of alarms among `trials` pairs of a fresh state and a fresh image: marginal, as the guarantee is. */
  const alarmRates = (
    trials: number,
    counts: readonly number[],
    alphas: readonly number[],
    taskOf: (random: Random) => number,
    shift = 0,
  ): number[] => {
    const alarms = alphas.map(() => 0);
    for (let trial = 0; trial < trials; trial++) {
      const random = createRandom('verdict', counts.join(), shift, trial);
      const state = syntheticState(random, counts, 12);
      const image = under(syntheticFeatures(random, someLayers, taskOf(random), shift), names);
      for (const [a, alpha] of alphas.entries())
        if (judge(state, image, { alpha }).verdict === 'out-of-distribution') alarms[a]++;
    }
    return alarms.map((count) => count / trials);
  };
  /** In the proportions of 20, 24 and 4. */
  const mixture = (random: Random): number => {
    const ticket = random.integer(48);
    return ticket < 20 ? 0 : ticket < 44 ? 1 : 2;
  };

  it.each([0, 1, 2])('per task: at most alpha on images of task %d', (task) => {
    const trials = 300;
    const rates = alarmRates(trials, [20, 25, 30], [0.05, 0.1], () => task);
    expect(rates[0]).toBeLessThan(band(0.05, trials)[1]);
    expect(rates[1]).toBeLessThan(band(0.1, trials)[1]);
    expect(rates[1]).toBeGreaterThan(0);
  });

  it('a task too small for alpha: at most alpha on the mixture', () => {
    const trials = 400;
    const rates = alarmRates(trials, [20, 24, 4], [0.05, 0.1], mixture);
    expect(rates[0]).toBeLessThan(band(0.05, trials)[1]);
    expect(rates[1]).toBeLessThan(band(0.1, trials)[1]);
  });

  it('shifted images are detected', () => {
    for (const counts of [
      [20, 25, 30],
      [20, 24, 4],
    ])
      expect(alarmRates(60, counts, [0.05], (random) => random.integer(3), 12)[0]).toBeGreaterThan(0.95);
  });
});
