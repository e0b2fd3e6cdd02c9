/** Several models on one image: all segment, the first judges. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { estimatedDice } from '../../src/calibration/estimated-dice.js';
import { createPredictor, type Predictor } from '../../src/inference/predictor.js';
import type { Model } from '../../src/model/model.js';
import type { Plan } from '../../src/preprocessing/plan.js';
import { closedFormWeights } from '../networks/closed-form.js';
import { architecture, makeBallModel, runtime } from '../support/ball-model.js';
import { ballTasks, makeBall } from '../support/balls.js';
import { digest } from '../support/digest.js';
import { oneStructure } from '../support/labels.js';

/** The model with other weights, plans and temperatures, and its tasks in another order. */
function makeOther(model: Model, strength: number, temperature: number, plan: Partial<Plan>): Model {
  return {
    ...model,
    name: `other ${strength}`,
    weights: closedFormWeights(architecture).map((w, i) => w * (1 + strength * Math.sin(i))),
    tasks: [...model.tasks].reverse().map((task) => ({
      ...task,
      plan: { ...task.plan, ...plan },
      calibration: { ...task.calibration, temperature },
    })),
    ood: { ...model.ood, tasks: [...model.ood.tasks].reverse() },
  };
}

let models: [Model, Model, Model];
let alone: Predictor[];
let ensemble: Predictor;
beforeAll(async () => {
  const model = await makeBallModel();
  models = [
    model,
    makeOther(model, 0.3, 0.5, { spacing: [1.5, 1.5, 2], patch: [8, 8, 8] }),
    makeOther(model, -0.4, 3, {}),
  ];
  alone = [];
  for (const one of models) alone.push(await createPredictor(one, runtime));
  ensemble = await createPredictor(models[0], runtime, models.slice(1));
});
afterAll(async () => {
  for (const predictor of [...alone, ensemble]) await predictor.release();
});

const images = ballTasks.slice(0, 2).map((task) => makeBall(task, 20).volume);

describe('an ensemble', () => {
  it.each([0, 1])('averages probabilities, each under its own plan and temperature (image %#)', async (image) => {
    const volume = images[image];
    const joint = await ensemble.predict(volume, { keepLargest: false });
    const options = { task: joint.task, keepLargest: false };
    const single = await Promise.all(alone.map((one) => one.predict(volume, options)));
    expect(new Set(single.map(({ temperature }) => temperature)).size).toBe(3);
    const mean = joint.probability.map((_, i) => single.reduce((sum, { probability }) => sum + probability[i] / 3, 0));
    for (const [i, p] of joint.probability.entries()) expect(p).toBeCloseTo(mean[i], 6);
    expect([...joint.mask]).toEqual(Array.from(joint.probability, (p) => (p > 0.5 ? 1 : 0)));
    expect(joint.foregroundVoxels).toBe(joint.mask.reduce((a, b) => a + b, 0));
    for (const { mask } of single)
      expect(digest(Float32Array.from(mask))).not.toBe(digest(Float32Array.from(joint.mask)));
  });

  it('judges by the first model alone', async () => {
    for (const volume of images) {
      const [joint, first] = [
        await ensemble.predict(volume, { alpha: 0.2 }),
        await alone[0].predict(volume, { alpha: 0.2 }),
      ];
      expect(joint.detectors).toEqual(first.detectors);
      expect([joint.task, joint.temperature]).toEqual([first.task, first.temperature]);
      expect(digest(joint.logits)).toBe(digest(first.logits));
    }
    expect(ensemble.model).toBe(models[0]);
  });

  it('expects the Dice that the averaged probabilities promise', async () => {
    const joint = await ensemble.predict(images[0], { alpha: 0.2 });
    expect(joint.verdict.verdict).toBe('in-distribution');
    expect(joint.estimatedDice).toBe(estimatedDice(oneStructure, joint.probability, joint.mask, images[0].size));
  });

  it('counts the passes and windows of all', async () => {
    const joint = await ensemble.predict(images[0], { task: 'bright' });
    const single = await Promise.all(alone.map((one) => one.predict(images[0], { task: 'bright' })));
    expect(joint.passes).toBe(3);
    expect(joint.windows).toBe(single.reduce((sum, { windows }) => sum + windows, 0));
  });

  it('of one model three times is that model, bit for bit', async () => {
    const thrice = await createPredictor(models[0], runtime, [models[0], models[0]]);
    const [joint, first] = [await thrice.predict(images[1]), await alone[0].predict(images[1])];
    await thrice.release();
    expect(digest(joint.probability)).toBe(digest(first.probability));
    expect(joint.mask).toEqual(first.mask);
  });
});
