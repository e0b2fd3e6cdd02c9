import { describe, expect, it } from 'vitest';
import { errorsOfBins, mergeBins, reliability, sumBins } from '../../src/calibration/reliability.js';
import { meanEntropyOfLogits } from '../../src/calibration/uncertainty.js';
import { UsageError } from '../../src/errors.js';
import { createRandom } from '../../src/math/random.js';
import golden from './golden.json' with { type: 'json' };
import { unpackBits, unpackFloats } from './unpack.js';

/** Probabilities and outcomes drawn with exactly those probabilities. */
function honest(n: number, seed: number) {
  const random = createRandom(seed);
  const probability = Float32Array.from({ length: n }, () => random.uniform());
  const reference = Uint8Array.from(probability, (p) => (random.chance(p) ? 1 : 0));
  return { probability, reference };
}

describe('reliability', () => {
  it.each(golden.reliability)('agrees with numpy and scikit-learn for n = $n, $bins bins', (expected) => {
    const probability = unpackFloats(expected.probability);
    const reference = unpackBits(expected.reference, expected.n);
    const found = reliability(probability, reference, { bins: expected.bins });
    expect(found.bins.map((b) => b.count)).toEqual(expected.count);
    expect(found.n).toBe(expected.n);
    for (const error of ['ece', 'ace', 'mce', 'nll', 'brier'] as const) {
      expect(found[error], error).toBeCloseTo(expected[error], 12);
    }
  });

  it('perfectly calibrated data give ECE < 0.01 at 1e5 samples', () => {
    const { probability, reference } = honest(1e5, 1);
    const { ece, bins } = reliability(probability, reference);
    expect(ece!).toBeLessThan(0.01);
    expect(bins.every((b) => Math.abs(b.foregroundShare! - b.meanProbability!) < 0.03)).toBe(true);
  });

  it('over-confident data do not', () => {
    const { probability, reference } = honest(1e5, 1);
    const sharper = probability.map((p) => p ** 3 / (p ** 3 + (1 - p) ** 3));
    expect(reliability(sharper, reference).ece!).toBeGreaterThan(0.1);
  });

  it('puts 0 into the first bin and 1 into the last', () => {
    const { bins } = reliability(Float32Array.of(0, 1), Uint8Array.of(0, 1));
    expect(bins.length).toBe(15);
    expect(bins[0]).toEqual({ count: 1, meanProbability: 0, foregroundShare: 0 });
    expect(bins[14]).toEqual({ count: 1, meanProbability: 1, foregroundShare: 1 });
    expect(bins[7]).toEqual({ count: 0, meanProbability: null, foregroundShare: null });
  });

  it('stays finite where a saturated probability is wrong', () => {
    const { nll, ece, brier } = reliability(Float32Array.of(0, 1), Uint8Array.of(1, 0));
    expect(nll).toBeCloseTo(-Math.log(1e-7), 10);
    expect([ece, brier]).toEqual([1, 1]);
  });

  it('counts only the region', () => {
    const probability = Float32Array.of(0.2, 0.9, 0.4, 0.99);
    const reference = Uint8Array.of(0, 1, 1, 0);
    const within = reliability(probability, reference, { region: Uint8Array.of(1, 0, 1, 0) });
    expect(within).toEqual(reliability(Float32Array.of(0.2, 0.4), Uint8Array.of(0, 1)));
  });

  it('has no errors where there is no voxel', () => {
    const none = reliability(Float32Array.of(0.5), Uint8Array.of(1), { region: Uint8Array.of(0) });
    expect(none).toMatchObject({ ece: null, ace: null, mce: null, nll: null, brier: null, n: 0 });
  });

  it('confidence view: the class chosen against whether it is right', () => {
    const probability = Float32Array.of(0.125, 0.875, 0.125, 0.75);
    const { bins, ece } = reliability(probability, Uint8Array.of(0, 1, 1, 1), { view: 'confidence', bins: 8 });
    expect(bins[7]).toEqual({ count: 3, meanProbability: 0.875, foregroundShare: 2 / 3 });
    expect(bins[6]).toEqual({ count: 1, meanProbability: 0.75, foregroundShare: 1 });
    expect(ece).toBeCloseTo((3 * (0.875 - 2 / 3) + 0.25) / 4, 12);
  });

  it('bins of cases add up to the bins of all their voxels', () => {
    const { probability, reference } = honest(999, 2);
    const parts = [0, 333, 666].map((s) => sumBins(probability.slice(s, s + 333), reference.slice(s, s + 333)));
    const pooled = errorsOfBins(mergeBins(parts));
    const whole = reliability(probability, reference);
    expect(pooled.bins.map((b) => b.count)).toEqual(whole.bins.map((b) => b.count));
    for (const error of ['ece', 'ace', 'mce', 'nll', 'brier'] as const) {
      expect(pooled[error], error).toBeCloseTo(whole[error]!, 12);
    }
    expect(errorsOfBins(mergeBins([])).n).toBe(0);
    expect(() => mergeBins([parts[0], sumBins(probability, reference, { bins: 3 })])).toThrow(UsageError);
  });

  it('survives JSON', () => {
    const { probability, reference } = honest(50, 3);
    const sums = sumBins(probability, reference);
    expect(JSON.parse(JSON.stringify(sums))).toEqual(sums);
  });

  it('refuses what is not a probability, and lengths that differ', () => {
    for (const bad of [Number.NaN, -0.1, 1.1]) {
      expect(() => reliability(Float32Array.of(0.5, bad), new Uint8Array(2))).toThrow(UsageError);
    }
    expect(() => reliability(new Float32Array(3), new Uint8Array(2))).toThrow(UsageError);
    expect(() => reliability(new Float32Array(2), new Uint8Array(2), { region: new Uint8Array(1) })).toThrow(
      UsageError,
    );
    expect(() => reliability(new Float32Array(2), new Uint8Array(2), { bins: 0 })).toThrow(UsageError);
  });
});

describe('mean uncertainty', () => {
  it.each(golden.reliability)('agrees with numpy for n = $n', ({ probability, entropy }) => {
    const logits = unpackFloats(probability).map((p) => Math.log(p / (1 - p)));
    expect(meanEntropyOfLogits(logits)).toBeCloseTo(entropy, 6);
  });

  it('is exact for logits of any size, as far as float64 goes', () => {
    const entropy = (z: number) => Math.log1p(Math.exp(-z)) + z / (1 + Math.exp(z));
    for (const z of [0, 1e-7, 0.3, 2, 7, 12.99, 13.01, 15, 22, 30, 43]) {
      expect(meanEntropyOfLogits(Float32Array.of(z, -z)) / entropy(Math.fround(z))).toBeCloseTo(1, 10);
    }
    const random = createRandom(3);
    // Enough unsure voxels that the product of their terms overflows many times.
    const logits = Float32Array.from({ length: 20_000 }, () => 3 * random.normal());
    const mean = logits.reduce((sum, z) => sum + entropy(Math.abs(z)), 0) / logits.length;
    expect(meanEntropyOfLogits(logits) / mean).toBeCloseTo(1, 12);
    expect(meanEntropyOfLogits(Float32Array.of(50, -1e30, Infinity, -Infinity))).toBe(0);
    expect(meanEntropyOfLogits(new Float32Array(0))).toBe(0);
    expect(meanEntropyOfLogits(Float32Array.of(1, Number.NaN, 20))).toBe(Number.POSITIVE_INFINITY);
  });
});
