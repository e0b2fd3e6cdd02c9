/** Three structures from training to prediction: a shell, its core, and a block beside them. */
import { beforeAll, describe, expect, it } from 'vitest';
import { fitPostHoc } from '../../src/fitting/post-hoc.js';
import { openNetwork } from '../../src/inference/network.js';
import { createPredictor } from '../../src/inference/predictor.js';
import { slidingWindow } from '../../src/inference/sliding-window.js';
import { structureMask } from '../../src/labels/reference.js';
import { createRandom } from '../../src/math/random.js';
import { count, type Vec3 } from '../../src/math/vector.js';
import { dice } from '../../src/metrics/overlap.js';
import type { Model } from '../../src/model/model.js';
import { decodeModelFile, encodeModelFile } from '../../src/model/model-file.js';
import type { Architecture } from '../../src/networks/architecture.js';
import { built } from '../../src/networks/network.js';
import { defaultAdamW } from '../../src/networks/optimiser.js';
import type { Plan } from '../../src/preprocessing/plan.js';
import { prepareImage } from '../../src/preprocessing/preprocess.js';
import { trainNetwork } from '../../src/training/train-network.js';
import { validate } from '../../src/training/validation.js';
import type { TrainingSample } from '../../src/transforms/sample-patch.js';
import type { Mask, Volume } from '../../src/volume/volume.js';
import { makeBallModel, runtime } from '../support/ball-model.js';
import { ballPlan, ballTasks, makeBall } from '../support/balls.js';
import { oneStructure, threeStructures } from '../support/labels.js';

const architecture: Architecture = { kind: 'unet', dimensions: 3, channels: [8, 16], heads: 3 };
const size: Vec3 = [12, 12, 12];
const [bright, dark] = ballTasks;
const plan = ballPlan(bright, { patch: [12, 12, 12] });
const darkPlan = ballPlan(dark, { patch: [12, 12, 12] });

/** The core is half as bright as the shell, the block twice. */
function makeScene(index: number): { volume: Volume; reference: Mask } {
  const random = createRandom('scene', index);
  const centre = [0, 1, 2].map(() => random.between(4, 5));
  const from = [0, 1, 2].map(() => 8 + random.integer(2));
  const data = new Float32Array(count(size));
  const label = new Uint8Array(count(size));
  for (let i = 0; i < data.length; i++) {
    const position = [i % 12, Math.floor(i / 12) % 12, Math.floor(i / 144)];
    const distance = Math.hypot(...position.map((p, axis) => p - centre[axis]));
    const inBlock = position.every((p, axis) => p >= from[axis] && p < from[axis] + 3);
    label[i] = distance < 2.2 ? 2 : distance < 4 ? 1 : inBlock ? 3 : 0;
    data[i] = 10 + [0, 5, 2.5, 10][label[i]] + 0.4 * random.normal();
  }
  const { affine } = makeBall(bright, 0).volume;
  return { volume: { data, size, affine }, reference: { data: label, size, affine } };
}

const caseOf = ({ volume, reference }: { volume: Volume; reference: Mask }, taskPlan: Plan): TrainingSample => {
  const { image, minimum, grid } = prepareImage(volume, taskPlan);
  const foreground = Uint32Array.from(reference.data.keys()).filter((i) => reference.data[i] > 0);
  return { image, labels: reference.data, annotated: null, grid, spacing: taskPlan.spacing, minimum, foreground };
};
const sceneCase = (index: number) => caseOf(makeScene(index), plan);
const darkCase = (index: number) => caseOf(makeBall(dark, index), darkPlan);

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
let model: Model;
let weights: Float32Array;
let validated: Record<string, number>;

beforeAll(async () => {
  // A task of three structures and one of one: the second leaves two logits alone.
  const tasks = [
    { name: 'scene', labels: threeStructures, patch: size, cases: range(0, 4).map(sceneCase) },
    { name: 'dark', labels: oneStructure, patch: size, cases: range(0, 3).map(darkCase) },
  ];
  const { average } = await trainNetwork({
    ...{ runtime, architecture, tasks, seed: 1, batch: 2, shares: [1, 1] },
    ...{ duration: { steps: 260 }, loss: 'ce+dice', dropout: 0, learningRate: 8e-3, optimiser: defaultAdamW },
  });
  weights = average;
  const held = (task: (typeof tasks)[number], cases: (typeof tasks)[number]['cases']) => ({ ...task, plan, cases });
  validated = await validate([held(tasks[0], range(10, 12).map(sceneCase)), held(tasks[1], [darkCase(10)])], weights, {
    architecture,
    runtime,
  });
  const network = await openNetwork({ network: built(architecture), weights }, runtime);
  const readers = (indices: number[]) => indices.map((index) => async () => makeScene(index));
  const balls = (indices: number[]) => indices.map((index) => async () => makeBall(dark, index));
  const postHoc = await fitPostHoc(network, [
    {
      name: 'scene',
      labels: threeStructures,
      plan,
      bank: range(0, 4).map(sceneCase),
      calibration: readers(range(4, 8)),
    },
    { name: 'dark', labels: oneStructure, plan: darkPlan, bank: range(0, 3).map(darkCase), calibration: balls([3, 4]) },
  ]);
  await network.release();
  const template = await makeBallModel();
  model = {
    ...template,
    network: built(architecture),
    weights,
    tasks: [threeStructures, oneStructure].map((labels, i) => ({
      ...template.tasks[i],
      ...{ name: ['scene', 'dark'][i], labels, plan: i === 0 ? plan : darkPlan },
      calibration: postHoc.calibration[i],
    })),
    ood: postHoc.ood,
  };
}, 240_000);

describe('three structures', () => {
  it('are learned, beside a task of one', () => {
    expect(validated.scene).toBeGreaterThan(0.7);
    expect(validated.dark).toBeGreaterThan(0.7);
    const [{ calibration }, other] = model.tasks;
    expect(calibration.meanDice).toBeGreaterThan(0.7);
    expect(calibration.nllAfter!).toBeLessThanOrEqual(calibration.nllBefore!);
    expect(other.calibration.meanDice).toBeGreaterThan(0.7);
  });

  it('are predicted by name, from a model file, each with a probability and a mask of its own', async () => {
    const stored = await decodeModelFile(await encodeModelFile(model), 'three.onnx');
    expect(stored.tasks.map(({ labels }) => labels)).toEqual([threeStructures, oneStructure]);
    const predictor = await createPredictor(stored, runtime);
    try {
      const { volume, reference } = makeScene(20);
      const voxels = count(size);
      const found = await predictor.predict(volume, { alpha: 0.2 });
      expect(found.task).toBe('scene');
      expect(found.labels).toEqual(threeStructures);
      expect([found.logits.length, found.probability.length, found.mask.length]).toEqual([
        3 * voxels,
        3 * voxels,
        voxels,
      ]);
      for (const s of [0, 1, 2]) {
        const [mask, truth] = [found.mask, reference.data].map((map) => structureMask(threeStructures, map, s));
        expect(dice(mask, truth)).toBeGreaterThan(0.6);
      }
      for (let i = 0; i < voxels; i += 7) {
        const p = [0, 1, 2].map((s) => found.probability[s * voxels + i]);
        const sum = p[0] + p[1] + p[2];
        expect(sum).toBeLessThanOrEqual(1 + 1e-6);
        const likeliest = Math.max(...p) > 1 - sum ? 1 + p.indexOf(Math.max(...p)) : 0;
        if (!found.keepLargest) expect(found.mask[i]).toBe(likeliest);
      }
      expect(found.foregroundVoxels).toBe(found.mask.reduce((n, value) => n + Number(value > 0), 0));
      const named = await predictor.predict(makeBall(dark, 20).volume, { task: 'dark' });
      expect(named.probability.length).toBe(count(dark.size));
      expect(dice(named.mask, makeBall(dark, 20).reference.data)).toBeGreaterThan(0.6);
    } finally {
      await predictor.release();
    }
  });

  it('are no part of a model whose network has fewer logits', async () => {
    const small = await makeBallModel();
    const tasks = small.tasks.map((task) => ({ ...task, labels: threeStructures }));
    const bytes = await encodeModelFile({ ...small, tasks });
    await expect(decodeModelFile(bytes, 'small.onnx')).rejects.toThrow(
      /small.onnx.*bright has 3 structures.*network's 1/,
    );
  });
});

describe('slidingWindow with several channels', () => {
  it('blends each as it would alone', async () => {
    const random = createRandom('channels');
    const image = {
      image: Float32Array.from({ length: 9 * 7 * 11 }, () => random.normal()),
      grid: { size: [9, 7, 11] as Vec3, affine: makeBall(bright, 0).volume.affine },
      minimum: 0,
    };
    const options = { patch: [4, 4, 6] as Vec3, overlap: 0.5 };
    const of = [(x: number) => x, (x: number) => x * x, (x: number) => 1 - x];
    const joint = await slidingWindow(image, { ...options, channels: 3 }, async (window) =>
      Float32Array.from(of.flatMap((f) => Array.from(window, f))),
    );
    for (const [channel, f] of of.entries()) {
      const alone = await slidingWindow(image, options, async (window) => window.map(f));
      expect(joint.subarray(channel * alone.length, (channel + 1) * alone.length)).toEqual(alone);
    }
  });
});
