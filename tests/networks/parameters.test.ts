/** Weights as one vector: where they start, which decay, and how they are named. */
import { describe, expect, it } from 'vitest';
import { GraphError } from '../../src/errors.js';
import { presetNames, presets, strideOf } from '../../src/networks/architecture.js';
import { decayMask, initialWeights, joinWeights, parameterCount, splitWeights } from '../../src/networks/parameters.js';
import { featureLayers, unetParameters } from '../../src/networks/unet.js';
import { digest } from '../support/digest.js';

const small = unetParameters(presets.small.architecture);

describe('initialWeights', () => {
  it('are fixed by the seed', () => {
    const weights = digest(initialWeights(small, 3));
    expect(digest(initialWeights(small, 3))).toBe(weights);
    expect(digest(initialWeights(small, 4))).not.toBe(weights);
  });

  it('of one tensor do not depend on the others', () => {
    const alone = initialWeights(
      small.filter(({ name }) => name === 'head.weight'),
      5,
    );
    expect(splitWeights(small, initialWeights(small, 5)).get('head.weight')).toEqual(alone);
  });

  it('have mean 0 and the variance of He or Xavier; norms start as the identity, biases at 0', () => {
    const parts = splitWeights(small, initialWeights(small, 0));
    for (const { name, initial, fanIn } of small) {
      const values = parts.get(name)!;
      if (typeof initial === 'number') {
        expect(initial, name).toBe(name.endsWith('.scale') ? 1 : 0);
        expect(new Set(values), name).toEqual(new Set([initial]));
        continue;
      }
      const expected = (initial === 'he' ? 2 : 1) / fanIn;
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const variance = values.reduce((a, b) => a + b * b, 0) / values.length;
      // Five standard errors of a normal sample's mean and variance.
      expect(Math.abs(mean), name).toBeLessThan(5 * Math.sqrt(expected / values.length));
      expect(Math.abs(variance / expected - 1), name).toBeLessThan(5 * Math.sqrt(2 / values.length));
    }
  });

  it('number about 1.8 million in the small preset', () => {
    expect(parameterCount(small)).toBe(1_763_921);
  });
});

describe('the flat vector', () => {
  const specs = unetParameters({ kind: 'unet', dimensions: 3, channels: [2, 3] });
  const weights = Float32Array.from({ length: parameterCount(specs) }, (_, i) => i);

  it('is split and joined without loss', () => {
    const parts = splitWeights(specs, weights);
    expect([...parts.keys()]).toEqual(specs.map(({ name }) => name));
    expect(joinWeights(specs, parts)).toEqual(weights);
  });

  it('names a tensor that is missing or of another size', () => {
    const parts = splitWeights(specs, weights);
    expect(() => joinWeights(specs, new Map([...parts].filter(([name]) => name !== 'head.bias')))).toThrow(
      new GraphError({ file: 'Weight head.bias', expected: '1 values', found: 'none' }),
    );
    expect(() => joinWeights(specs, new Map([...parts, ['up0.bias', new Float32Array(5)]]))).toThrow(/up0.bias.*2.*5/);
    expect(() => splitWeights(specs, weights.subarray(1))).toThrow(GraphError);
  });

  it('takes no memory for weights that are not there', () => {
    const huge = unetParameters({ kind: 'unet', dimensions: 3, channels: new Array(7).fill(1024) });
    expect(parameterCount(huge)).toBeGreaterThan(5e8);
    const before = process.memoryUsage().arrayBuffers;
    expect(() => joinWeights(huge, splitWeights(specs, weights))).toThrow(GraphError);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e8);
  });

  it('decays kernels alone', () => {
    for (const [name, mask] of splitWeights(specs, decayMask(specs))) {
      expect(new Set(mask), name).toEqual(new Set([name.endsWith('.weight') ? 1 : 0]));
    }
  });
});

describe('presets', () => {
  it.each(presetNames)('%s has a patch that its stride divides well', (name) => {
    const { architecture, patchVoxels } = presets[name];
    const side = Math.round(patchVoxels ** (1 / 3));
    expect(side ** 3).toBe(patchVoxels);
    expect(side % strideOf(architecture)).toBe(0);
  });

  it('name the layers of the signature from encoder to decoder', () => {
    expect(featureLayers({ kind: 'unet', dimensions: 3, channels: [4, 8, 16] })).toEqual([
      { name: 'encoder0', channels: 4, stage: 0, rowStep: 1 },
      { name: 'encoder1', channels: 8, stage: 1, rowStep: 1 },
      { name: 'encoder2', channels: 16, stage: 2, rowStep: 1 },
      { name: 'decoder1', channels: 8, stage: 1, rowStep: 1 },
      { name: 'decoder0', channels: 4, stage: 0, rowStep: 1 },
    ]);
    // Of four stages, rows that lie as far apart as those of the deepest.
    const rowSteps = featureLayers(presets.small.architecture).map(({ rowStep }) => rowStep);
    expect(rowSteps).toEqual([8, 4, 2, 1, 2, 4, 8]);
  });
});
