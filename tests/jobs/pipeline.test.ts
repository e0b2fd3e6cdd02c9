/** Train, predict, evaluate: the three verbs one after another, on files alone. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { evaluate } from '../../src/jobs/evaluate.node.js';
import { predict } from '../../src/jobs/predict.node.js';
import { train } from '../../src/jobs/train.node.js';
import type { PredictedCase } from '../../src/results/predicted-case.js';
import { temporaryFolder, writeBallDatasets } from '../support/ball-data.js';
import { ballTasks } from '../support/balls.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (...parts: string[]) => path.join(folder.path, ...parts);

describe('train, predict, evaluate', () => {
  it('learn three tasks in one network, without being told which is which', async () => {
    const datasets = writeBallDatasets(at('data'));
    const model = at('balls.onnx');
    const trained = await train({
      datasets,
      output: model,
      preset: 'tiny',
      steps: 240,
      learningRate: 5e-3,
      threads: 2,
    });
    expect(trained.tasks.map(({ name }) => name)).toEqual(ballTasks.map(({ name }) => name));

    const images = datasets.flatMap((dataset) => {
      const { split } = JSON.parse(readFileSync(path.join(dataset, 'dataset.json'), 'utf8'));
      return split.test.map((name: string) => path.join(dataset, 'imagesTr', `${name}.nii.gz`));
    });
    const { cases } = await predict({ model, inputs: images, output: at('out'), alpha: 0.2 });
    expect((cases as PredictedCase[]).map((one) => [one.case, one.task])).toEqual(
      ballTasks.flatMap(({ name }) => [7, 8].map((index) => [`${name}_${index}`, name])),
    );

    const { summary } = await evaluate({ model, datasets, output: at('report'), alpha: 0.2 });
    for (const { name } of ballTasks) expect(summary.tasks[name].dice.mean, name).toBeGreaterThan(0.7);
    expect(summary.model.sha256).toBe((cases[0] as PredictedCase).model.sha256);
    expect(readdirSync(at()).sort()).toEqual(['balls.onnx', 'balls.run', 'data', 'out', 'report']);
  });
});

/** The Decathlon's hippocampi, if they lie beside the repository. */
const hippocampus = path.resolve(import.meta.dirname, '../../../shared/data/hippocampus-mr');

describe.skipIf(!existsSync(hippocampus))('on scans of hippocampi', () => {
  it('segments unseen ones, with honest probabilities, after two minutes', { timeout: 900_000 }, async () => {
    const model = at('hippocampus.onnx');
    const settings = { preset: 'tiny', batch: 2, steps: 300, learningRate: 5e-3 } as const;
    const { tasks } = await train({ datasets: [hippocampus], output: model, ...settings });
    expect(tasks[0].calibrationDice).toBeGreaterThan(0.8);
    const { summary } = await evaluate({ model, datasets: [hippocampus], output: at('hippocampus') });
    const { n, failed, dice, calibration } = summary.tasks['hippocampus-mr'];
    expect([n, failed]).toEqual([32, 0]);
    expect(dice.mean).toBeGreaterThan(0.8);
    expect(calibration.after.nllRoi.mean!).toBeLessThanOrEqual(calibration.before.nllRoi.mean! + 0.01);
    const alarms = summary.ood.falseAlarms.find(({ alpha, task }) => alpha === 0.05 && task !== 'pooled')!;
    expect(alarms.alarms).toBeLessThanOrEqual(8);
  });
});
