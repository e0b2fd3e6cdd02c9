/** A model on whole images, whatever their orientation, size and content. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CancelledError, EmptyImageError, UnsupportedError, UsageError } from '../../src/errors.js';
import { type Network, openNetwork } from '../../src/inference/network.js';
import { distinctPlans } from '../../src/inference/plans.js';
import { createPredictor, type Predictor } from '../../src/inference/predictor.js';
import { runScan } from '../../src/inference/scan.js';
import { BACKGROUND_LOGIT, slidingWindow } from '../../src/inference/sliding-window.js';
import { count, type Vec3 } from '../../src/math/vector.js';
import type { Model } from '../../src/model/model.js';
import { logSpectrum } from '../../src/ood/signature.js';
import type { Plan } from '../../src/preprocessing/plan.js';
import type { Volume } from '../../src/volume/volume.js';
import { architecture, makeBallModel, runtime } from '../support/ball-model.js';
import { ballPlan, ballTasks, makeBall } from '../support/balls.js';
import { digest } from '../support/digest.js';

let model: Model;
let network: Network;
let predictor: Predictor;
beforeAll(async () => {
  model = await makeBallModel();
  network = await openNetwork(model, runtime);
  predictor = await createPredictor(model, runtime);
});
afterAll(async () => {
  await network.release();
  await predictor.release();
});

const [bright, dark] = ballTasks;
const ball = makeBall(bright, 20).volume;

/** The model with other plans; signatures stay, so verdicts mean nothing. */
const withPlans = (changes: readonly Partial<Plan>[]): Model => ({
  ...model,
  tasks: model.tasks.map((task, i) => ({ ...task, plan: { ...task.plan, ...changes[i] } })),
});

async function predictWith(other: Model, volume: Volume, options = {}) {
  const made = await createPredictor(other, runtime);
  try {
    return await made.predict(volume, options);
  } finally {
    await made.release();
  }
}

describe('runScan', () => {
  it('sums Gram matrices over exactly the plan’s windows, overlap counted twice', async () => {
    const plan = ballPlan(bright, { patch: [8, 8, 12] });
    const scan = await runScan(network, ball, plan);
    expect(scan.windows).toBe(3 * 3 * 2);
    const sums = network.layers.map(({ channels }) => new Float64Array(channels ** 2));
    const voxels = network.layers.map(() => 0);
    const { data, grid, minimum } = scan.prepared;
    const image = { data, size: grid.size, minimum };
    const logits = await slidingWindow(image, { patch: [8, 8, 12], overlap: 0.5 }, async (window) => {
      const run = await network.run(window, [8, 8, 12]);
      for (const [layer, { gram, voxels: n }] of run.grams.entries()) {
        gram.forEach((value, i) => {
          sums[layer][i] += value;
        });
        voxels[layer] += n;
      }
      return run.logits;
    });
    expect(voxels).toEqual(network.layers.map(({ stage, rowStep }) => (18 * 768) / 8 ** stage / rowStep));
    expect(scan.features!.spectra).toEqual(sums.map((sum, layer) => logSpectrum(sum, voxels[layer])));
    expect(digest(scan.logits)).toBe(digest(logits));
  });

  it('gives the same signature for an image and for twice the same image side by side', async () => {
    const plan = ballPlan(bright, { overlap: 0 });
    const twice = { ...ball, size: [16, 16, 32] as Vec3, data: new Float32Array(2 * ball.data.length) };
    twice.data.set(ball.data);
    twice.data.set(ball.data, ball.data.length);
    const [one, two] = [await runScan(network, ball, plan), await runScan(network, twice, plan)];
    expect([one.windows, two.windows]).toEqual([1, 2]);
    for (const [layer, spectrum] of two.features!.spectra.entries()) {
      for (const [i, value] of spectrum.entries()) expect(value).toBeCloseTo(one.features!.spectra[layer][i], 3);
    }
  });
});

describe('windows in which all voxels are alike', () => {
  // A ball beside three times as much nothing: half of the windows see nothing.
  const plan = ballPlan(bright, { overlap: 0, patch: [16, 16, 8] });
  const wide = { ...ball, size: [16, 16, 64] as Vec3, data: new Float32Array(4 * ball.data.length).fill(-50) };
  wide.data.set(ball.data);

  it('leave no trace in the signature, nor in the mask, and take no time', async () => {
    const [one, four] = [await runScan(network, ball, plan), await runScan(network, wide, plan)];
    expect([one.windows, four.windows]).toEqual([2, 2]);
    for (const [layer, spectrum] of four.features!.spectra.entries()) {
      for (const [i, value] of spectrum.entries()) expect(value).toBeCloseTo(one.features!.spectra[layer][i], 1);
    }
    expect(four.logits.subarray(ball.data.length).every((z) => z === BACKGROUND_LOGIT)).toBe(true);
  });

  it('are run for models whose banks took them in', async () => {
    const old = { ...model, ood: { ...model.ood, constantWindows: 'run' as const } };
    const windows = async (m: Model) => (await predictWith(m, wide, { task: 'bright' })).windows;
    expect([await windows(model), await windows(old)]).toEqual([2, 7]);
  });
});

describe('distinctPlans', () => {
  it('groups equal plans, whatever the reasons for them', () => {
    const plan = ballPlan(bright);
    const tasks = [
      { name: 'a', plan },
      { name: 'b', plan: ballPlan(dark) },
      { name: 'c', plan: { ...plan, reasons: { spacing: 'given' } } },
    ];
    expect(distinctPlans(tasks).map((group) => group.tasks)).toEqual([['a', 'c'], ['b']]);
  });
});

describe('predict', () => {
  it('answers on the image’s own grid, with what belongs together agreeing', async () => {
    const { volume } = makeBall(dark, 30);
    const prediction = await predictor.predict(volume);
    const { mask, logits, probability, foregroundVoxels, temperature } = prediction;
    for (const values of [mask, logits, probability]) expect(values.length).toBe(count(volume.size));
    expect([...mask]).toEqual(Array.from(logits, (z) => (z > 0 ? 1 : 0)));
    expect([...mask]).toEqual(Array.from(probability, (p) => (p > 0.5 ? 1 : 0)));
    expect(foregroundVoxels).toBe(mask.reduce((a, b) => a + b, 0));
    expect(foregroundVoxels).toBeGreaterThan(0);
    expect(prediction.volumeMl).toBeCloseTo((foregroundVoxels * 2) / 1000, 9);
    expect(prediction.spacing).toEqual([1, 1, 2]);
    const task = model.tasks.find(({ name }) => name === prediction.task)!;
    expect(temperature).toBe(task.calibration.temperature);
    expect([prediction.passes, prediction.windows]).toEqual([2, 3]);
    expect(Object.keys(prediction.detectors)).toEqual([...model.ood.detectors.keys()]);
    expect(prediction.verdict).toBe(prediction.detectors[model.ood.detector]);
    expect(prediction.verdict.ood.nearestTask).toBe(prediction.task);
  });

  it('gives an image in another orientation the same mask, turned with it', async () => {
    const { volume } = makeBall(dark, 31);
    const [nx, ny, nz] = volume.size;
    // Stored axes are z backwards, x, y backwards.
    const from = (i: number, j: number, k: number) => j + nx * (ny - 1 - k + ny * (nz - 1 - i));
    const turn = <T extends Float32Array | Uint8Array>(values: T): T => {
      const turned = values.slice() as T;
      let at = 0;
      for (let k = 0; k < ny; k++) {
        for (let j = 0; j < nx; j++) for (let i = 0; i < nz; i++) turned[at++] = values[from(i, j, k)];
      }
      return turned;
    };
    const affine = [0, 1, 0, 0, 0, 0, -1, ny - 1, -2, 0, 0, 2 * (nz - 1), 0, 0, 0, 1];
    const stored: Volume = { data: turn(volume.data), size: [nz, nx, ny], affine };
    const [straight, turned] = [await predictor.predict(volume), await predictor.predict(stored)];
    expect(turned.mask).toEqual(turn(straight.mask));
    expect(digest(turned.logits)).toBe(digest(turn(straight.logits)));
    expect(turned.verdict).toEqual(straight.verdict);
  });

  it('runs one pass for a named task, and judges by that task alone', async () => {
    const named = await predictor.predict(ball, { task: 'dark' });
    expect(named.task).toBe('dark');
    expect(named.passes).toBe(1);
    expect(named.temperature).toBe(model.tasks[1].calibration.temperature);
    expect(Object.keys(named.verdict.ood.perTask)).toEqual(['dark']);
    const unnamed = await predictor.predict(ball);
    expect(Object.keys(unnamed.verdict.ood.perTask)).toEqual(['bright', 'dark']);
    expect(unnamed.verdict.ood.perTask.dark.score).toBe(named.verdict.ood.perTask.dark.score);
    const own = await predictor.predict(ball, { task: unnamed.task });
    expect(digest(own.logits)).toBe(digest(unnamed.logits));
  });

  it('refuses a task that the model does not know', async () => {
    await expect(predictor.predict(ball, { task: 'liver' })).rejects.toThrow(UsageError);
    await expect(predictor.predict(ball, { task: 'liver' })).rejects.toThrow(/liver.*bright, dark/);
  });

  it('runs tasks of equal plans in one pass', async () => {
    const shared = await makeBallModel({ spacing: [1, 1, 1], patch: [16, 16, 16] });
    const prediction = await predictWith(shared, ball);
    expect([prediction.passes, prediction.windows]).toEqual([1, 1]);
    const { bright: one, dark: other } = prediction.verdict.ood.perTask;
    expect(one.score).not.toBeNull();
    expect(other.score).not.toBeNull();
  });

  it('leaves out a task whose extent the image exceeds', async () => {
    const narrow = withPlans([{ patch: [8, 8, 8], maximumWindows: 26 }, {}]);
    const prediction = await predictWith(narrow, ball);
    expect([prediction.task, prediction.passes]).toEqual(['dark', 1]);
    expect(prediction.verdict.ood.perTask.bright).toMatchObject({ score: null });
    // Named, it is outside all the same.
    const named = await predictWith(narrow, ball, { task: 'bright', alpha: 0.2 });
    expect([named.task, named.windows, named.segmented]).toEqual(['bright', 0, false]);
    expect(named.verdict).toMatchObject({ verdict: 'out-of-distribution', ood: { pValue: 0.2, score: null } });
  });

  it('judges an image that exceeds all extents by its grid alone, and says why', async () => {
    const narrow = withPlans([
      { patch: [8, 8, 8], maximumWindows: 26 },
      { patch: [8, 8, 8], maximumWindows: 8, spacing: [1, 1, 2] },
    ]);
    const prediction = await predictWith(narrow, ball, { alpha: 0.2 });
    expect([prediction.task, prediction.passes, prediction.windows]).toEqual(['dark', 0, 0]);
    expect([prediction.segmented, prediction.foregroundVoxels]).toEqual([false, 0]);
    expect(prediction.remarks.length).toBe(1);
    expect(prediction.remarks[0]).toMatch(
      /16 x 16 x 16 voxels of 1 x 1 x 1 mm .* 9 windows .* dark, which allows 8: .*spacing/,
    );
    expect(prediction.verdict.verdict).toBe('out-of-distribution');
    // As small as a p-value can be, by every detector.
    for (const { ood } of Object.values(prediction.detectors)) expect(ood.pValue).toBe(1 / 5);
    expect(prediction.verdict.ood).toMatchObject({ score: null, nearestTask: null });
    expect(prediction.estimatedDice).toBeNull();
    expect(prediction.mask).toEqual(new Uint8Array(count(ball.size)));
  });

  it('leaves out a task whose spacing would make the image too large for memory', async () => {
    const fine = { spacing: [0.01, 0.01, 0.01] as [number, number, number] };
    const prediction = await predictWith(withPlans([fine, {}]), ball);
    expect(prediction.task).toBe('dark');
    expect(prediction.verdict.ood.perTask.bright.score).toBeNull();
    await expect(predictWith(withPlans([fine, fine]), ball)).rejects.toThrow(UnsupportedError);
  });

  it.each<[string, Vec3, (i: number) => number]>([
    ['an image of 2 x 2 x 2 voxels', [2, 2, 2], (i) => i],
    ['a single slice', [40, 30, 1], (i) => Math.sin(i)],
    ['an image with infinities and huge values', [8, 8, 8], (i) => [1e38, Number.POSITIVE_INFINITY, i][i % 3]],
  ])('survives %s', async (_, size, value) => {
    const data = Float32Array.from({ length: count(size) }, (_, i) => value(i));
    const { mask, probability, verdict } = await predictor.predict({ data, size, affine: ball.affine });
    expect(mask.length).toBe(count(size));
    expect(probability.every((p) => p >= 0 && p <= 1)).toBe(true);
    expect(verdict.ood.pValue).toBeGreaterThan(0);
  });

  it.each<[string, Vec3, (i: number) => number, RegExp]>([
    ['a constant image', [9, 9, 9], () => 7, /something to segment, found nothing but voxels of 7\./],
    ['an image of zeros', [20, 20, 20], () => 0, /found nothing but voxels of 0\./],
    ['an image of one voxel', [1, 1, 1], () => 1, /found nothing but voxels of 1\./],
    ['an image of nothing but NaN', [8, 8, 8], () => Number.NaN, /found no finite voxel\./],
    ['NaN and one value', [8, 8, 8], (i) => (i % 2 ? 4 : Number.NaN), /found nothing but voxels of 4\./],
  ])('says that there is nothing to segment in %s', async (_, size, value, message) => {
    const data = Float32Array.from({ length: count(size) }, (_, i) => value(i));
    const prediction = predictor.predict({ data, size, affine: ball.affine });
    await expect(prediction).rejects.toThrow(EmptyImageError);
    await expect(prediction).rejects.toThrow(message);
  });

  it('says of which plan nothing is left of an image, and goes by the others', async () => {
    const intensity = { kind: 'window', lower: 500, upper: 600, mean: 550, sd: 25 } as const;
    const both = predictWith(withPlans([{ intensity }, { intensity }]), ball);
    await expect(both).rejects.toThrow(EmptyImageError);
    await expect(both).rejects.toThrow(
      /values from [\d.]+ to [\d.]+, all alike after the intensities of .* bright, dark/,
    );
    const one = await predictWith(withPlans([{ intensity }, {}]), ball, { alpha: 0.2 });
    expect(one.task).toBe('dark');
    expect(one.verdict.ood.perTask.bright.score).toBeNull();
  });

  it('counts NaN and infinite voxels, and remarks on them', async () => {
    const data = ball.data.slice();
    data.set([Number.NaN, Number.POSITIVE_INFINITY, Number.NaN], 100);
    const { notFiniteVoxels, remarks, segmented } = await predictor.predict({ ...ball, data });
    expect([notFiniteVoxels, segmented]).toEqual([3, true]);
    expect(remarks).toEqual(['3 voxels (0.073 %) are NaN or infinite and were taken as the smallest finite value.']);
    expect((await predictor.predict(ball)).remarks).toEqual([]);
  });

  it('estimates Dice only for images in distribution', async () => {
    const familiar = await predictor.predict(makeBall(bright, 5).volume, { alpha: 0.2 });
    expect(familiar.verdict.verdict).toBe('in-distribution');
    expect(familiar.estimatedDice).toBeGreaterThan(0);
    const noise = { ...ball, data: ball.data.map((_, i) => ((i * 7919) % 1000) ** 2) };
    const strange = await predictor.predict(noise, { alpha: 0.2 });
    expect(strange.verdict.verdict).toBe('out-of-distribution');
    expect(strange.estimatedDice).toBeNull();
    // Four calibration images a task and eight in all cannot support this alpha.
    const undetermined = await predictor.predict(ball, { alpha: 0.05 });
    expect(undetermined.verdict.verdict).toBe('undetermined');
    expect(undetermined.estimatedDice).toBeNull();
  });

  it('stops where the signal fires', async () => {
    await expect(predictor.predict(ball, { signal: AbortSignal.abort() })).rejects.toThrow(CancelledError);
  });
});

describe('openNetwork', () => {
  it('gives logits and one Gram matrix per layer', async () => {
    const { logits, grams } = await network.run(new Float32Array(8 * 6 * 4), [8, 6, 4]);
    expect(logits.length).toBe(192);
    expect(grams.map(({ gram, voxels }) => [gram.length, voxels])).toEqual([
      [16, 192],
      [64, 24],
      [16, 192],
    ]);
    expect(architecture.channels).toEqual([4, 8]);
  });
});
