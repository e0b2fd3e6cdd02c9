/** Bank, distances and p-values: from the file's own weights on the cases that the run's list names. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { predict } from '../../src/jobs/predict.node.js';
import type { StoredModel } from '../../src/model/model.js';
import { readModel } from '../../src/model/read-model.node.js';
import type { PredictedCase } from '../../src/results/predicted-case.js';
import { temporaryFolder } from '../support/ball-data.js';
import { casesOf, type HonestCase, runCases } from './cases-of.js';
import { type Distances, logDistances, mean, pooledPValue, type Run, scoresOf, taskPValue } from './recompute.js';
import { type HonestRun, honestRun } from './two-tasks.js';

/** Of log distances: float32 of the engine's sums, through eigenvalues near the floor and an inverse. */
const TOLERANCE = 0.02;
const folder = temporaryFolder();
afterAll(() => folder.remove());

const euclidean = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((value, i) => value - b[i]));
const signature = ({ spectra }: Run) => {
  const last = spectra[spectra.length - 1];
  return last.map((value) => value / Math.hypot(...last));
};
const entropy = ({ planned: { logits } }: Run) =>
  mean(
    Array.from(logits, (z) => {
      const p = 1 / (1 + Math.exp(-z));
      return -p * Math.log(p) - (1 - p) * Math.log(1 - p);
    }),
  );

function largestDifference(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

describe('what is familiar to a model', () => {
  let run: HonestRun;
  let model: StoredModel;
  /** Of training cases, by task. */
  let bank: Run[][];
  /** Of calibration cases: by task, by case, under the plan of each task. */
  let calibration: Run[][][];
  beforeAll(async () => {
    run = await honestRun();
    model = await readModel(run.chosen);
    [bank, calibration] = [[], []];
    for (const { name, plan } of model.tasks) {
      bank.push(await runCases(file(), await casesOf(run, name, 'train'), plan));
      calibration.push(await underEachPlan(await casesOf(run, name, 'calibration')));
    }
  }, 300_000);
  const file = () => ({ path: run.chosen, model });
  const underEachPlan = async (cases: readonly HonestCase[]): Promise<Run[][]> => {
    const byPlan: Run[][] = [];
    for (const { plan } of model.tasks) byPlan.push(await runCases(file(), cases, plan));
    return cases.map((_, i) => byPlan.map((runs) => runs[i]));
  };
  const distancesOf = (runs: readonly Run[]) =>
    runs.map(({ spectra }, against) =>
      logDistances(
        spectra,
        bank[against].map((one) => one.spectra),
      ),
    );
  const stored = (detector: 'soft-maximum' | 'paper-signature' | 'intensity-histogram' | 'entropy'): Distances =>
    model.ood.detectors.get(detector)!.calibration.map((images) => images.map((one) => one.map((d) => [...d])));

  it('is the spectra and histograms of all training cases and of no others', () => {
    model.ood.tasks.forEach((task, t) => {
      expect(task.bank.length).toBe(bank[t].length);
      task.bank.forEach(({ spectra, histogram }, i) => {
        spectra.forEach((values, layer) => {
          expect(largestDifference([...values], bank[t][i].spectra[layer])).toBeLessThan(5e-3);
        });
        expect(largestDifference([...histogram], bank[t][i].histogram)).toBeLessThan(1e-6);
      });
    });
  });

  it('is measured by the distances of calibration cases, each under every plan', () => {
    const distances = stored('soft-maximum');
    calibration.forEach((cases, own) => {
      expect(distances[own].length).toBe(cases.length);
      cases.forEach((runs, i) => {
        distancesOf(runs).forEach((expected, against) => {
          expect(largestDifference(distances[own][i][against], expected)).toBeLessThan(TOLERANCE);
        });
      });
    });
  });

  it("is measured as well by the paper's signature, histograms and entropy", () => {
    calibration.forEach((cases, own) => {
      cases.forEach((runs, i) => {
        runs.forEach((one, against) => {
          const others = bank[against];
          const expected = {
            'paper-signature': Math.min(...others.map((other) => euclidean(signature(one), signature(other)))),
            'intensity-histogram': Math.min(...others.map((other) => euclidean(one.histogram, other.histogram))),
            entropy: entropy(one),
          };
          for (const [detector, value] of Object.entries(expected)) {
            const [found] = stored(detector as keyof typeof expected)[own][i][against];
            expect(Math.abs(found - value), `${detector} ${i}`).toBeLessThan(1e-3);
          }
        });
      });
    });
  });

  it('gives new images their scores and conformal p-values', async () => {
    const cases = [...(await casesOf(run, 'bright', 'test')), ...(await casesOf(run, 'dark', 'test'))];
    const output = path.join(folder.path, 'predicted');
    const summary = await predict({ model: run.chosen, inputs: cases.map(({ file }) => file), output, threads: 1 });
    const runs = await underEachPlan(cases);
    const distances = stored('soft-maximum');
    for (const [i, { name }] of cases.entries()) {
      const found = (summary.cases as PredictedCase[])[i];
      expect(found.case).toBe(name);
      const image = distancesOf(runs[i]);
      const scores = scoresOf(
        image,
        distances.map((images, t) => images.map((one) => one[t])),
      );
      model.tasks.forEach(({ name: task }, t) => {
        const { score, pValue, n } = found.ood.perTask[task];
        expect(n).toBe(distances[t].length);
        expect(Math.abs(score! - scores[t]) / (1 + Math.abs(scores[t]))).toBeLessThan(TOLERANCE);
        expect(pValue).toBeCloseTo(taskPValue(image, distances, t), 9);
      });
      const nearest = model.tasks[scores.indexOf(Math.min(...scores))];
      expect([found.ood.nearestTask, found.task]).toEqual([nearest.name, nearest.name]);
      expect(found.temperature).toBe(nearest.calibration.temperature);
      // Three calibration cases a task cannot support 0.05, and six together neither.
      expect([found.verdict, found.ood.guarantee.kind, found.ood.guarantee.n]).toEqual(['undetermined', 'pooled', 6]);
      expect(found.ood.pValue).toBeCloseTo(pooledPValue(image, distances), 9);
    }
  });
});
