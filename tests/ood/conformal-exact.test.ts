/** P-values against the definition written out once more, plainly, on small calibration sets full of ties and gaps. */
import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/math/random.js';
import {
  type Calibration,
  type ImageDistances,
  isAtMost,
  minimumAlpha,
  plugInScores,
  pooledPValue,
  supportsAlpha,
  taskPValue,
} from '../../src/ood/conformal.js';
import { constantsOf, identityConstants, momentsOf, softMaximum } from '../../src/ood/standardise.js';

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const variance = (values: readonly number[]) =>
  values.reduce((sum, v) => sum + (v - mean(values)) ** 2, 0) / (values.length - 1);

/** `own[task][image][layer]` -> scores of distances under each task. */
function scorer(own: readonly (readonly ArrayLike<number>[])[], layers: number) {
  const finite = (task: number, layer: number) => own[task].map((d) => d[layer]).filter(Number.isFinite);
  const tasks = own.map((_, t) => t);
  return (distances: ArrayLike<number>, task: number): number => {
    const z = Array.from({ length: layers }, (_, l) => {
      const known = tasks.map((t) => finite(t, l));
      const means = known.filter((v) => v.length > 0).map(mean);
      const variances = known.filter((v) => v.length > 1).map(variance);
      const common = variances.length > 0 ? mean(variances) : 1;
      const m = known[task].length > 0 ? mean(known[task]) : means.length > 0 ? mean(means) : 0;
      const s2 = known[task].length > 1 ? (variance(known[task]) + common) / 2 : common;
      return (distances[l] - m) / Math.max(Math.sqrt(s2), 1e-3);
    });
    if (z.some((v) => v === Number.POSITIVE_INFINITY)) return Number.POSITIVE_INFINITY;
    return 0.5 * Math.log(mean(z.map((v) => Math.exp(2 * v))));
  };
}

const share = (scores: readonly number[], score: number) =>
  (1 + scores.filter((s) => s >= score - 1e-12).length) / (scores.length + 1);

function drawImage(random: Random, task: number, tasks: number): ImageDistances {
  return Array.from({ length: tasks }, (_, t) =>
    Float64Array.from({ length: 2 }, (_, l) =>
      t !== task && random.chance(0.3) ? Number.POSITIVE_INFINITY : random.normal() * (1 + l) + 2 * Math.abs(t - task),
    ),
  );
}

describe('p-values by the definition', () => {
  const trials = Array.from({ length: 40 }, (_, trial) => {
    const random = createRandom('exact', trial);
    const sizes = [3 + random.integer(4), 1 + random.integer(4), random.integer(3)];
    const calibration: Calibration = sizes.map((n, task) =>
      Array.from({ length: n }, () => drawImage(random, task, 3)),
    );
    return { calibration, image: drawImage(random, random.integer(3), 3) };
  });
  const ownOf = (calibration: Calibration) => calibration.map((images, t) => images.map((image) => image[t]));

  it('per task: constants with the new image among the task’s own, standardised', () => {
    for (const { calibration, image } of trials) {
      for (const task of [0, 1, 2]) {
        const own = ownOf(calibration);
        own[task] = [...own[task], image[task]];
        const score = scorer(own, 2);
        const scores = own[task].map((d) => score(d, task));
        expect(taskPValue({ standardised: true }, calibration, task, image)).toBeCloseTo(
          share(scores.slice(0, -1), scores[scores.length - 1]),
          12,
        );
      }
    }
  });

  it('pooled: the largest over the tasks that the new image may be of, standardised', () => {
    for (const { calibration, image } of trials) {
      const p = [0, 1, 2].map((task) => {
        const own = ownOf(calibration);
        own[task] = [...own[task], image[task]];
        const score = scorer(own, 2);
        const nearest = (one: ImageDistances) => Math.min(...one.map((d, t) => score(d, t)));
        return share(calibration.flat().map(nearest), nearest(image));
      });
      expect(pooledPValue({ standardised: true }, calibration, image)).toBeCloseTo(Math.max(...p), 12);
    }
  });

  it('plain scores: constants from the calibration images alone', () => {
    for (const { calibration, image } of trials) {
      const score = scorer(ownOf(calibration), 2);
      plugInScores({ standardised: true }, calibration, image).forEach((found, t) => {
        const expected = score(image[t], t);
        if (Number.isFinite(expected)) expect(found).toBeCloseTo(expected, 9);
        else expect(found).toBe(expected);
      });
    }
  });

  it('a detector that is not standardised is ranked by its distance as it is', () => {
    const calibration: Calibration = [
      [5, 7, 9].map((v) => [Float64Array.of(v), Float64Array.of(100)]),
      [1, 2].map((v) => [Float64Array.of(50), Float64Array.of(v)]),
    ];
    const image = [Float64Array.of(7), Float64Array.of(1.5)];
    const plain = { standardised: false };
    expect(plugInScores(plain, calibration, image)).toEqual([7, 1.5]);
    expect(taskPValue(plain, calibration, 0, image)).toBe(3 / 4);
    expect(taskPValue(plain, calibration, 1, image)).toBe(2 / 3);
    expect(pooledPValue(plain, calibration, image)).toBe(5 / 6);
  });
});

describe('bounds', () => {
  it('the smallest alpha of n images is one in n + 1', () => {
    expect([0, 1, 19].map(minimumAlpha)).toEqual([1, 1 / 2, 1 / 20]);
    expect(supportsAlpha(0, 1)).toBe(true);
  });

  it('rounding is forgiven, a real difference is not', () => {
    expect(isAtMost(0.05, 0.05)).toBe(true);
    expect(isAtMost(0.05 * (1 + 5e-10), 0.05)).toBe(true);
    expect(isAtMost(0.05 * (1 + 1e-8), 0.05)).toBe(false);
  });
});

describe('constants', () => {
  it('identical calibration images do not divide by zero: the deviation is at least a thousandth', () => {
    const same = momentsOf([Float64Array.of(2), Float64Array.of(2)], 1);
    expect(constantsOf([same])[0].sd[0]).toBe(1e-3);
    expect([...same.count, ...same.mean, ...same.variance]).toEqual([2, 2, 0]);
  });

  it('moments count finite values only, and are zero where there are too few', () => {
    const images = [Float64Array.of(1, Infinity, 4), Float64Array.of(3, Infinity, Infinity)];
    const { count, mean, variance } = momentsOf(images, 3);
    expect([...count]).toEqual([2, 0, 1]);
    expect([...mean]).toEqual([2, 0, 4]);
    expect([...variance].map((v) => Number(v.toFixed(12)))).toEqual([2, 0, 0]);
  });

  it('the identity changes nothing', () => {
    const { mean, sd } = identityConstants(2);
    expect([[...mean], [...sd]]).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(softMaximum(Float64Array.of(3), identityConstants(1))).toBe(3);
  });

  it('a soft maximum of a missing component is no number that passes for in distribution', () => {
    expect(softMaximum(Float64Array.of(Number.NaN), identityConstants(1))).toBe(Number.POSITIVE_INFINITY);
    expect(softMaximum(new Float64Array(0), identityConstants(0))).toBe(Number.POSITIVE_INFINITY);
  });
});
