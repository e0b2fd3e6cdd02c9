import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reliability } from '../../src/calibration/reliability.js';
import { fitTemperature, logitScale } from '../../src/calibration/temperature.js';
import { UsageError } from '../../src/errors.js';
import { probabilitiesInPlace } from '../../src/labels/probability.js';
import { UNKNOWN } from '../../src/labels/reference.js';
import { createRandom } from '../../src/math/random.js';
import { oneStructure, regions, threeStructures } from '../support/labels.js';
import golden from './golden.json' with { type: 'json' };
import { unpackBits, unpackFloats } from './unpack.js';

const applyTemperature = (logits: Float32Array, temperature: number) =>
  probabilitiesInPlace(oneStructure, logits.slice(), logitScale(temperature));

/** Outcomes drawn from sigmoid(z), reported with logits temperature * z. */
function sample(n: number, temperature: number, seed: number) {
  const random = createRandom(seed);
  const logits = new Float32Array(n);
  const reference = logits.map((_, i) => {
    const z = 3 * random.normal() - 0.5;
    logits[i] = z * temperature;
    return random.chance(1 / (1 + Math.exp(-z))) ? 1 : 0;
  });
  return { logits, reference: Uint8Array.from(reference) };
}

describe('fitted temperature', () => {
  it.each(golden.temperatures)('agrees with scipy ($temperature)', ({ samples, ...expected }) => {
    const unpacked = samples.map((s) => {
      const logits = unpackFloats(s.logits);
      return { logits, reference: unpackBits(s.reference, logits.length) };
    });
    const found = fitTemperature(oneStructure, unpacked);
    expect(found.n).toBe(3);
    expect(found.temperature / expected.temperature).toBeCloseTo(1, 6);
    expect(found.nllBefore).toBeCloseTo(expected.nllBefore, 12);
    expect(found.nllAfter).toBeCloseTo(expected.nllAfter, 12);
  });

  it.each([0.2, 0.7, 1, 1.8, 4, 12])('recovers %d to a hundredth and makes probabilities honest', (temperature) => {
    const cases = [1, 2, 3].map((seed) => sample(80_000, temperature, seed));
    const fit = fitTemperature(oneStructure, cases);
    expect(Math.abs(fit.temperature / temperature - 1)).toBeLessThan(0.01);
    expect(fit.nllAfter).toBeLessThanOrEqual(fit.nllBefore);
    const { logits, reference } = cases[0];
    expect(reliability(applyTemperature(logits, fit.temperature), reference).ece!).toBeLessThan(0.01);
  });

  it('gives each case the same weight, whatever its size', () => {
    const small = sample(1000, 0.5, 1);
    const large = sample(1000, 3, 2);
    const repeated = {
      logits: Float32Array.from({ length: 20_000 }, (_, i) => large.logits[i % 1000]),
      reference: Uint8Array.from({ length: 20_000 }, (_, i) => large.reference[i % 1000]),
    };
    expect(fitTemperature(oneStructure, [small, repeated]).temperature).toBeCloseTo(
      fitTemperature(oneStructure, [small, large]).temperature,
      6,
    );
  });

  it('looks at the region only, and leaves out cases without one', () => {
    const good = sample(500, 2, 3);
    const region = new Uint8Array(1000).fill(1, 500);
    const half = { logits: new Float32Array(1000).fill(-30), reference: new Uint8Array(1000).fill(1), region };
    half.logits.set(good.logits, 500);
    half.reference.set(good.reference, 500);
    const outside = { ...half, region: new Uint8Array(1000) };
    expect(fitTemperature(oneStructure, [half, outside])).toEqual(fitTemperature(oneStructure, [good]));
    expect(() => fitTemperature(oneStructure, [outside])).toThrow(UsageError);
    expect(() => fitTemperature(oneStructure, [])).toThrow(UsageError);
  });

  it('stays within its bounds where data are separable, hopeless or say nothing, for logits of any size', () => {
    for (const scale of [1e-3, 1, 1e4, 1e30]) {
      const logits = Float32Array.of(-1, 1, -2, 2).map((z) => z * scale);
      const right = fitTemperature(oneStructure, [{ logits, reference: Uint8Array.of(0, 1, 0, 1) }]);
      const wrong = fitTemperature(oneStructure, [{ logits, reference: Uint8Array.of(1, 0, 1, 0) }]);
      for (const fit of [right, wrong]) {
        expect(fit.temperature).toBeGreaterThanOrEqual(0.05);
        expect(fit.temperature).toBeLessThanOrEqual(20);
        expect(Number.isFinite(fit.nllAfter)).toBe(true);
        expect(fit.nllAfter).toBeLessThanOrEqual(fit.nllBefore);
      }
      expect(wrong.temperature).toBeCloseTo(20, 3);
    }
    const nothing = fitTemperature(oneStructure, [
      { logits: new Float32Array(4), reference: Uint8Array.of(0, 1, 0, 1) },
    ]);
    expect(nothing.temperature).toBe(1);
  });

  it('refuses logits that are not finite, and lengths that differ', () => {
    const reference = new Uint8Array(2);
    expect(() => fitTemperature(oneStructure, [{ logits: Float32Array.of(1, Number.NaN), reference }])).toThrow(
      UsageError,
    );
    expect(() => fitTemperature(oneStructure, [{ logits: Float32Array.of(1, Infinity), reference }])).toThrow(
      UsageError,
    );
    expect(() => fitTemperature(oneStructure, [{ logits: Float32Array.of(1), reference }])).toThrow(UsageError);
  });
});

describe('applied temperature', () => {
  it('never changes the mask: above 0.5 exactly where the logit is above 0', () => {
    const logit = fc.float({ noNaN: true });
    const temperature = fc.double({ min: 0.05, max: 20, noNaN: true });
    fc.assert(
      fc.property(fc.array(logit, { maxLength: 50 }), temperature, (values, t) => {
        const logits = Float32Array.from(values);
        for (const [i, p] of applyTemperature(logits, t).entries()) {
          expect(p > 0.5).toBe(logits[i] > 0);
          expect(p >= 0 && p <= 1).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
    expect(applyTemperature(Float32Array.of(1e-40), 20)[0]).toBeGreaterThan(0.5);
  });

  it('is the sigmoid of the scaled logit', () => {
    const found = applyTemperature(Float32Array.of(-4, 0, 2, 1000, -1000), 2);
    for (const [i, p] of [1 / (1 + Math.E ** 2), 0.5, 1 / (1 + 1 / Math.E), 1, 0].entries()) {
      expect(found[i]).toBeCloseTo(p, 7);
    }
  });

  it('refuses a temperature that is not positive', () => {
    for (const t of [0, -1, Number.NaN, Infinity])
      expect(() => applyTemperature(new Float32Array(1), t)).toThrow(UsageError);
  });
});

describe('the temperature of several structures', () => {
  const random = createRandom('several');
  const voxels = 30_000;
  /** Logits whose classes are drawn from their softmax, or independently from their sigmoids, at a temperature. */
  const drawn = (overlapping: boolean) => {
    const logits = Float32Array.from({ length: 3 * voxels }, () => 2 * random.normal());
    const reference = new Uint8Array(voxels);
    for (let i = 0; i < voxels; i++) {
      const z = [0, 1, 2].map((s) => logits[s * voxels + i] / 1.7);
      if (overlapping) {
        // Of nested regions a voxel's value is its depth: drawn so that each boundary is a coin of its own.
        let depth = 0;
        for (const one of z) if (depth === z.indexOf(one) && random.chance(1 / (1 + Math.exp(-one)))) depth++;
        reference[i] = depth;
      } else {
        let u = random.uniform() * (1 + z.reduce((sum, one) => sum + Math.exp(one), 0)) - 1;
        let chosen = 0;
        for (let s = 0; s < 3 && u > 0; s++) {
          chosen = s + 1;
          u -= Math.exp(z[s]);
        }
        reference[i] = chosen;
      }
    }
    return { logits, reference };
  };

  it('is recovered from a softmax, its likelihood that of plain loops', () => {
    const cases = [drawn(false), drawn(false)];
    const fit = fitTemperature(threeStructures, cases);
    expect(Math.abs(fit.temperature / 1.7 - 1)).toBeLessThan(0.03);
    const nllAt = (t: number) => {
      let sum = 0;
      for (const { logits, reference } of cases) {
        for (let i = 0; i < voxels; i++) {
          const z = [0, ...[0, 1, 2].map((s) => logits[s * voxels + i] / t)];
          sum += Math.log(z.reduce((total, one) => total + Math.exp(one), 0)) - z[reference[i]];
        }
      }
      return sum / (2 * voxels);
    };
    expect(fit.nllBefore).toBeCloseTo(nllAt(1), 5);
    expect(fit.nllAfter).toBeCloseTo(nllAt(fit.temperature), 5);
    for (const t of [0.97, 1.03]) expect(nllAt(t * fit.temperature)).toBeGreaterThan(fit.nllAfter);
  });

  it('of regions is fitted to a sigmoid each, voxels to ignore and voxels outside left out', () => {
    const one = drawn(true);
    const fit = fitTemperature(regions, [one]);
    const unknown = { ...one, reference: one.reference.map((value, i) => (i % 2 === 0 ? UNKNOWN : value)) };
    const region = Uint8Array.from(one.reference, (_, i) => i % 2);
    expect(fitTemperature(regions, [unknown])).toEqual(fitTemperature(regions, [{ ...one, region }]));
    let nll = 0;
    for (let i = 0; i < voxels; i++) {
      for (let s = 0; s < 3; s++) {
        const z = one.logits[s * voxels + i];
        // Value d is of the first d regions, as `regions` nests them.
        const inside = regions.structures[s].values!.includes(one.reference[i]);
        nll += Math.log1p(Math.exp(inside ? -z : z)) / (3 * voxels);
      }
    }
    expect(fit.nllBefore).toBeCloseTo(nll, 5);
    expect(fit.nllAfter).toBeLessThanOrEqual(fit.nllBefore);
  });

  it('wants a reference of as many voxels as a structure has logits, all finite', () => {
    const { logits, reference } = drawn(false);
    const short = { logits, reference: reference.subarray(1) };
    expect(() => fitTemperature(threeStructures, [short])).toThrow(/logits of a structure \(30000\)/);
    const broken = { logits: logits.with(voxels + 5, Number.NaN), reference };
    expect(() => fitTemperature(threeStructures, [broken])).toThrow(/logit 30005/);
  });
});
