/** The OOD map: scores of windows, on the image's own grid. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Network, openNetwork } from '../../src/inference/network.js';
import { oodMap } from '../../src/inference/ood-map.js';
import { createPredictor, type Predictor } from '../../src/inference/predictor.js';
import { runScan } from '../../src/inference/scan.js';
import { count, type Vec3 } from '../../src/math/vector.js';
import type { Model } from '../../src/model/model.js';
import type { DetectorName } from '../../src/ood/detectors.js';
import { taskScore } from '../../src/ood/scores.js';
import { logSpectrum } from '../../src/ood/signature.js';
import { judge } from '../../src/ood/verdict.js';
import type { Plan } from '../../src/preprocessing/plan.js';
import type { Volume } from '../../src/volume/volume.js';
import { makeBallModel, runtime } from '../support/ball-model.js';
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

const [bright] = ballTasks;
const ball = makeBall(bright, 20).volume;

/** The model with another plan for all tasks. */
async function predictorWith(plan: Partial<Plan>): Promise<Predictor> {
  const tasks = model.tasks.map((task) => ({ ...task, plan: { ...task.plan, ...plan } }));
  return createPredictor({ ...model, tasks }, runtime);
}

/** Two images of equal size, one above the other. */
function stack(a: Volume, b: Volume): Volume {
  const data = new Float32Array(a.data.length + b.data.length);
  data.set(a.data);
  data.set(b.data, a.data.length);
  return { ...a, size: [a.size[0], a.size[1], 2 * a.size[2]], data };
}
/** A ball with stripes that no task has. */
const striped: Volume = { ...ball, data: ball.data.map((value, i) => value + (i % 4 < 2 ? 3 : -3)) };

describe('the OOD map', () => {
  it('is the score of the task, everywhere, where one window holds the image', async () => {
    const { verdict, oodMap: map, windows } = await predictor.predict(ball, { task: 'bright', oodMap: true });
    expect(windows).toBe(1);
    const { score } = verdict.ood.perTask.bright;
    expect(new Set(map)).toEqual(new Set([Math.fround(score!)]));
    expect(map!.length).toBe(ball.data.length);
  });

  it('is each window’s score where windows do not overlap', async () => {
    const plan = ballPlan(bright, { overlap: 0 });
    const scan = await runScan(network, stack(ball, striped), plan, { oodMap: true });
    const map = await oodMap(model.ood, 'bright', scan);
    const [lower, upper] = scan.windowFeatures.map((features) => taskScore(model.ood, 'bright', features!));
    expect(new Set(map.subarray(0, 4096))).toEqual(new Set([Math.fround(lower)]));
    expect(new Set(map.subarray(4096))).toEqual(new Set([Math.fround(upper)]));
    expect(upper).toBeGreaterThan(lower);
    // Each is judged by its own signature, as a scan would be.
    const { image: data } = scan.prepared;
    for (const [i, features] of scan.windowFeatures.map((found) => found!).entries()) {
      const { grams } = await network.run(data.slice(4096 * i, 4096 * (i + 1)), [16, 16, 16]);
      expect(features.spectra).toEqual(grams.map(({ gram, voxels }) => logSpectrum(Float64Array.from(gram), voxels)));
      const { ood } = judge(model.ood, { bright: features }, { alpha: 0.2, task: 'bright' });
      expect(ood.score).toBe([lower, upper][i]);
    }
  });

  it('is larger where the image is stranger, whichever way round it is stored', async () => {
    const made = await predictorWith({ patch: [16, 16, 8] });
    const options = { task: 'bright', oodMap: true };
    const volume = stack(ball, striped);
    const flipped: Volume = {
      size: volume.size,
      data: volume.data.slice().reverse(),
      affine: [-1, 0, 0, 15, 0, -1, 0, 15, 0, 0, -1, 31, 0, 0, 0, 1],
    };
    const [{ oodMap: map }, turned] = [await made.predict(volume, options), await made.predict(flipped, options)];
    await made.release();
    expect(digest(turned.oodMap!.slice().reverse())).toBe(digest(map!));
    const mean = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(map!.subarray(5120))).toBeGreaterThan(mean(map!.subarray(0, 3072)));
    // Blended, not pasted: more values than windows.
    expect(new Set(map).size).toBeGreaterThan(7);
  });

  it('comes back on the image’s own grid', async () => {
    const made = await predictorWith({ spacing: [2, 2, 1.5], patch: [4, 4, 4] });
    const size: Vec3 = [13, 11, 9];
    const volume = { size, data: ball.data.slice(0, count(size)), affine: ball.affine };
    const { oodMap: map } = await made.predict(volume, { task: 'dark', oodMap: true });
    await made.release();
    expect(map!.length).toBe(count(size));
    expect(map!.every(Number.isFinite)).toBe(true);
  });

  it('is made only where it is asked for, and changes nothing else', async () => {
    const [without, withMap] = [await predictor.predict(ball), await predictor.predict(ball, { oodMap: true })];
    expect(without.oodMap).toBeNull();
    const { oodMap: map, ...rest } = withMap;
    expect(map).not.toBeNull();
    // The function that gives probabilities is each prediction's own.
    expect({ ...rest, oodMap: null, probabilityOf: without.probabilityOf }).toEqual(without);
    expect((await runScan(network, ball, ballPlan(bright))).windowFeatures).toEqual([]);
  });

  it.each<DetectorName>(['paper-signature', 'intensity-histogram', 'entropy'])('can be of %s', async (detector) => {
    const ood = { ...model.ood, detector };
    const scan = await runScan(network, stack(ball, striped), ballPlan(bright, { overlap: 0 }), { oodMap: true });
    const map = await oodMap(ood, 'bright', scan);
    const expected = scan.windowFeatures
      .map((found) => found!)
      .map((features) => judge(ood, { bright: features }, { alpha: 0.2, task: 'bright' }));
    expect([map[0], map[4096]]).toEqual(expected.map(({ ood: { score } }) => Math.fround(score!)));
    expect(map[0]).not.toBe(map[4096]);
  });

  it('draws an overflow as stranger than all else, and finite', async () => {
    const scan = await runScan(network, stack(ball, striped), ballPlan(bright, { overlap: 0.5 }), { oodMap: true });
    expect(scan.windowFeatures.length).toBe(3);
    const windowFeatures = scan.windowFeatures
      .map((found) => found!)
      .map((features, i) =>
        i === 2
          ? { ...features, spectra: features.spectra.map((spectrum) => spectrum.map(() => Number.POSITIVE_INFINITY)) }
          : features,
      );
    const map = await oodMap(model.ood, 'bright', { ...scan, windowFeatures });
    expect(map.every(Number.isFinite)).toBe(true);
    expect(map.at(-1)).toBe(1e6);
    expect(map[0]).toBeLessThan(1000);
  });
});
