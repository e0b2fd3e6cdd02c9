/** A model of two tasks that is made in a second: fresh weights, judged on balls. For everything but accuracy. */

import { fitPostHoc } from '../../src/fitting/post-hoc.js';
import { openNetwork } from '../../src/inference/network.js';
import type { Model } from '../../src/model/model.js';
import type { Architecture } from '../../src/networks/architecture.js';
import { built } from '../../src/networks/network.js';
import type { Plan } from '../../src/preprocessing/plan.js';
import { createOnnxRuntime } from '../../src/runtime/onnxruntime.node.js';
import { closedFormWeights } from '../networks/closed-form.js';
import { ballPlan, ballSample, ballTasks, makeBall } from './balls.js';
import { oneStructure } from './labels.js';

/** One thread: these networks are too small for more. */
export const runtime = createOnnxRuntime({ threads: 1 });

export const architecture: Architecture = { kind: 'unet', dimensions: 3, channels: [4, 8] };

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** Five bank and four calibration images a task; every task's plan is changed by `changes`. */
export async function makeBallModel(changes: Partial<Plan> = {}): Promise<Model> {
  const weights = closedFormWeights(architecture);
  const network = await openNetwork({ network: built(architecture), weights }, runtime);
  const tasks = ballTasks.slice(0, 2).map((task) => {
    const plan = ballPlan(task, changes);
    const bank = range(0, 5).map((index) => ballSample(task, index, plan));
    const calibration = range(5, 9).map((index) => async () => makeBall(task, index));
    return { name: task.name, labels: oneStructure, plan, bank, calibration };
  });
  const postHoc = await fitPostHoc(network, tasks);
  await network.release();
  return {
    name: 'balls',
    network: built(architecture),
    weights,
    tasks: tasks.map(({ name, plan }, i) => ({
      name,
      modality: 'MR',
      labels: oneStructure,
      plan,
      cases: { train: 5, calibration: 4, test: 3 },
      calibration: postHoc.calibration[i],
    })),
    ood: postHoc.ood,
    provenance: {
      version: '0.0.0',
      engine: runtime.name,
      created: '2024-01-01T00:00:00.000Z',
      seed: 0,
      steps: 0,
      trainingSeconds: 0,
      settings: { preset: 'tiny', dropout: 0, init: null },
      datasets: tasks.map(({ name }) => ({ name, sha256: '0'.repeat(64) })),
      init: null,
    },
  };
}
