/** Train, predict, evaluate: the three verbs one after another, on files alone. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../src/datasets/open-dataset.node.js';
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
  it('segments unseen ones, with honest probabilities, after half a minute', { timeout: 900_000 }, async () => {
    const whole = await openDataset(hippocampus);
    const { train: training, calibration: own, test } = whole.split;
    const split = { train: training.slice(0, 16), calibration: own.slice(0, 20), test: test.slice(0, 12) };
    const dataset = { ...whole, split };
    const model = at('hippocampus.onnx');
    const settings = { preset: 'tiny', batch: 2, steps: 120, learningRate: 5e-3, validationCases: 0 } as const;
    const { tasks } = await train({ datasets: [dataset], output: model, cache: false, ...settings });
    expect(tasks[0].calibrationDice).toBeGreaterThan(0.7);
    const { summary } = await evaluate({ model, datasets: [dataset], output: at('hippocampus') });
    const { n, failed, dice, calibration } = summary.tasks['hippocampus-mr'];
    expect([n, failed]).toEqual([12, 0]);
    expect(dice.mean).toBeGreaterThan(0.7);
    expect(calibration.after.nllRoi.mean!).toBeLessThanOrEqual(calibration.before.nllRoi.mean! + 0.01);
    const alarms = summary.ood.falseAlarms.find(({ alpha, task }) => alpha === 0.05 && task !== 'pooled')!;
    // The beta-binomial range of 12 images against 20 ends below.
    expect(alarms.alarms).toBeLessThanOrEqual(5);
  });
});
