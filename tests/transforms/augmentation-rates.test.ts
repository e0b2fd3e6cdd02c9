/** How often and how strongly patches are augmented: counted over many of them, by what they look like. */
import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/math/random.js';
import type { Vec3 } from '../../src/math/vector.js';
import { presets } from '../../src/networks/architecture.js';
import { defaultAdamW } from '../../src/networks/optimiser.js';
import { createOnnxRuntime } from '../../src/runtime/onnxruntime.node.js';
import type { BatchWork } from '../../src/training/batch-source.js';
import { trainNetwork } from '../../src/training/train-network.js';
import { augmentIntensity } from '../../src/transforms/intensity.js';
import { samplePatch, type TrainingSample } from '../../src/transforms/sample-patch.js';
import { randomVoxelMatrix } from '../../src/transforms/spatial.js';
import { ballCase, ballTasks } from '../support/balls.js';
import { oneStructure } from '../support/labels.js';

const size: Vec3 = [6, 6, 6];
const VOXELS = 216;

/** Bounds of four standard deviations about the share that a probability should make of n. */
function expectShare(found: number, n: number, probability: number): void {
  const slack = 4 * Math.sqrt((probability * (1 - probability)) / n);
  expect(found / n).toBeGreaterThan(probability - slack);
  expect(found / n).toBeLessThan(probability + slack);
}

const noise = (seed: number) => {
  const random = createRandom('picture', seed);
  return Float32Array.from({ length: VOXELS }, () => random.normal());
};

describe('intensities', () => {
  const n = 4000;
  /** What a constant image becomes: of all transforms only noise and brightness act on it. */
  const flat = Array.from({ length: n }, (_, seed) => {
    const image = new Float32Array(VOXELS).fill(8);
    augmentIntensity(image, size, createRandom('flat', seed));
    const mean = image.reduce((sum, value) => sum + value, 0) / VOXELS;
    const sd = Math.sqrt(image.reduce((sum, value) => sum + (value - mean) ** 2, 0) / VOXELS);
    return { mean, sd, isNoisy: sd > 1e-5, isScaled: Math.abs(mean / 8 - 1) > 0.005 };
  });

  it('get noise in a tenth of patches, of a standard deviation up to 0.1', () => {
    const noisy = flat.filter(({ isNoisy }) => isNoisy);
    expectShare(noisy.length, n, 0.1);
    const sds = noisy.filter(({ isScaled }) => !isScaled).map(({ sd }) => sd);
    expect(Math.max(...sds)).toBeGreaterThan(0.09);
    expect(Math.max(...sds)).toBeLessThan(0.12);
    expect(sds.reduce((a, b) => a + b, 0) / sds.length).toBeCloseTo(0.05, 1);
  });

  it('are scaled in 15 % of patches, by 0.75 to 1.25', () => {
    const factors = flat.filter(({ isScaled }) => isScaled).map(({ mean }) => mean / 8);
    // A factor within half a per cent of 1, one in fifty, is not told from none.
    expectShare(factors.length, n, 0.15 * 0.98);
    expect(Math.min(...factors)).toBeLessThan(0.77);
    expect(Math.min(...factors)).toBeGreaterThan(0.74);
    expect(Math.max(...factors)).toBeGreaterThan(1.23);
    expect(Math.max(...factors)).toBeLessThan(1.26);
  });

  it('stay as they are in as many patches as eight independent transforms leave alone', () => {
    let untouched = 0;
    for (let seed = 0; seed < n; seed++) {
      const image = noise(seed);
      const before = image.slice();
      augmentIntensity(image, size, createRandom('any', seed));
      if (image.every((value, i) => value === before[i])) untouched++;
    }
    const probabilities = [0.1, 0.2, 0.15, 0.15, 0.15, 0.125, 0.1, 0.3];
    const all = probabilities.reduce((product, p) => product * (1 - p), 1);
    // Coarser by so little that the number of voxels stays is no change: a twelfth of the range from 0.5, on six voxels.
    expectShare(untouched, n, all * (1 + (0.125 / 0.875) * (1 / 6)));
  });

  it('are changed by each transform as often as nnU-Net does', () => {
    const scripted = (draws: readonly number[], seed: number): Random => {
      let i = 0;
      const random = createRandom('scripted', seed);
      // All decisions but one are no; that one is yes where its probability exceeds the draw.
      return { ...random, chance: (p) => (draws[i++] ?? 1) < p, between: (low, high) => low + 0.1 * (high - low) };
    };
    const acts = (transform: number, draw: number): boolean => {
      const draws = new Array<number>(8).fill(1);
      draws[transform] = draw;
      const image = noise(transform);
      augmentIntensity(image, size, scripted(draws, transform));
      const before = noise(transform);
      return image.some((value, i) => value !== before[i]);
    };
    // Noise, blur, brightness, contrast, bias field, low resolution, inverted gamma, gamma.
    const nnUNet = [0.1, 0.2, 0.15, 0.15, 0.15, 0.125, 0.1, 0.3];
    const measured = nnUNet.map((_, transform) => {
      let [yes, no] = [0, 1];
      for (let i = 0; i < 20; i++) {
        const middle = (yes + no) / 2;
        if (acts(transform, middle)) yes = middle;
        else no = middle;
      }
      return yes;
    });
    measured.forEach((probability, i) => {
      expect(probability, `transform ${i + 1}`).toBeCloseTo(nnUNet[i], 4);
    });
  });
});

describe('shapes', () => {
  const random = createRandom('labels');
  const voxels = 12 ** 3;
  const label = Uint8Array.from({ length: voxels }, () => random.integer(2));
  const source: TrainingSample = {
    image: Float32Array.from(label),
    labels: label,
    grid: { size: [12, 12, 12], affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] },
    spacing: [1, 1, 1],
    minimum: 0,
    annotated: null,
    foreground: Uint32Array.from(label.keys()).filter((i) => label[i] === 1),
  };

  it('of 40 % of patches are rotated and scaled', () => {
    const n = 1500;
    let plain = 0;
    for (let seed = 0; seed < n; seed++) {
      // As large as the image: unrotated it is the image itself, whatever happens to intensities.
      const patch = samplePatch(source, source.grid.size, createRandom('shape', seed), { augment: true });
      if (patch.label.every((value, i) => value === label[i])) plain++;
    }
    expectShare(plain, n, 0.6);
  });

  it('turn by up to 15 degrees about each axis and scale by 1 / 1.6 to 1.6, evenly in their logarithms', () => {
    const n = 4000;
    const scales: number[] = [];
    const angles: number[][] = [[], [], []];
    for (let seed = 0; seed < n; seed++) {
      const m = randomVoxelMatrix([1, 1, 1], createRandom('matrix', seed));
      const scale = Math.hypot(m[0], m[3], m[6]);
      scales.push(Math.log(scale) / Math.log(1.6));
      angles[0].push(Math.atan2(m[7], m[8]));
      angles[1].push(Math.asin(-m[6] / scale));
      angles[2].push(Math.atan2(m[3], m[0]));
    }
    const spans = [scales, ...angles.map((values) => values.map((a) => (a * 180) / Math.PI / 15))];
    for (const values of spans) {
      // Uniform over [-1, 1], in units of the bound.
      expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(1 + 1e-6);
      for (const q of [-0.8, -0.4, 0, 0.4, 0.8]) {
        expectShare(values.filter((value) => value < q).length, n, (q + 1) / 2);
      }
    }
  });
});

describe('training', () => {
  it('augments the patches of every step', async () => {
    const works: BatchWork[] = [];
    const cases = [0, 1].map((index) => ballCase(ballTasks[0], index));
    const { architecture } = presets.tiny;
    const stopped = trainNetwork({
      ...{ runtime: createOnnxRuntime({ threads: 1 }), architecture, seed: 1, duration: { steps: 1 }, batch: 1 },
      ...{ shares: [1], loss: 'ce+dice', dropout: 0, learningRate: 1e-3, optimiser: defaultAdamW },
      tasks: [{ name: 'bright', labels: oneStructure, patch: [8, 8, 8], cases }],
      openBatches(work) {
        works.push(work);
        throw new Error('seen enough');
      },
    });
    await expect(stopped).rejects.toThrow('seen enough');
    expect(works.map(({ augment }) => augment)).toEqual([true]);
  });
});
