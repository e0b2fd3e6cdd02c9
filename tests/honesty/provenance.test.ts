/** Where a model file says it comes from: seed, steps, data, plans, the weights chosen and why. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeSplit } from '../../src/datasets/split.js';
import { decodeModel } from '../../src/graph/onnx/decode.js';
import type { StoredModel } from '../../src/model/model.js';
import { readModel } from '../../src/model/read-model.node.js';
import { prepareMask } from '../../src/preprocessing/preprocess.js';
import { decodeCheckpoint } from '../../src/training/checkpoint.js';
import { ballName } from '../support/ball-data.js';
import { digest } from '../support/digest.js';
import { casesOf, runCases, splitsOf } from './cases-of.js';
import { diceOf, mean } from './recompute.js';
import { CASES, givenPlans, HELD_OUT, type HonestRun, honestRun, SEED, STEPS, tasks } from './two-tasks.js';

let run: HonestRun;
let models: Record<'trained' | 'chosen', StoredModel>;
beforeAll(async () => {
  run = await honestRun();
  models = { trained: await readModel(run.trained), chosen: await readModel(run.chosen) };
}, 300_000);
const readJson = (...parts: string[]) => JSON.parse(readFileSync(path.join(run.folder, ...parts), 'utf8'));
const logOf = (name: string) =>
  readFileSync(path.join(run.folder, `${name}.run`, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('the split of a run that was given none', () => {
  it('parts all cases by the seed and the names alone, and is what the file counts', () => {
    for (const [i, { name }] of tasks.entries()) {
      const { train, calibration, test, validation } = splitsOf(run)[name];
      const names = Array.from({ length: CASES }, (_, index) => ballName(tasks[i], index));
      expect([...train, ...calibration, ...test].sort()).toEqual([...names].sort());
      expect({ train, calibration, test }).toEqual(
        makeSplit(
          names.map((one) => ({ name: one, group: one })),
          SEED,
        ),
      );
      expect(validation.length).toBe(HELD_OUT);
      expect(train).toEqual(expect.arrayContaining(validation));
      const counts = { train: train.length, calibration: calibration.length, test: test.length };
      expect(models.trained.tasks[i].cases).toEqual(counts);
      expect(models.trained.ood.tasks[i].bank.length).toBe(train.length);
    }
  });

  it('is another with another seed', () => {
    const cases = Array.from({ length: CASES }, (_, index) => ballName(tasks[0], index));
    const other = makeSplit(
      cases.map((name) => ({ name, group: name })),
      0,
    );
    expect(other).not.toEqual(expect.objectContaining({ test: splitsOf(run).bright.test }));
  });
});

describe('the provenance in the file', () => {
  it('is the seed, the steps and the settings of the run folder', () => {
    const { provenance } = models.trained;
    const settings = readJson('trained.run', 'run.json');
    expect(provenance).toMatchObject({ seed: SEED, steps: STEPS, init: null });
    expect(settings).toMatchObject({ seed: SEED, steps: STEPS, batch: 3, learningRate: 5e-3 });
    expect(provenance.settings).toMatchObject({ preset: 'tiny', batch: 3, learningRate: 5e-3, weightsOfStep: STEPS });
    expect(provenance.datasets).toEqual(settings.datasets);
    expect(provenance.version).toBe(readJson('trained.run', 'run.json').version);
    const steps = logOf('trained').filter((record) => 'loss' in record);
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
    const seconds = steps.reduce((sum, record) => sum + record.seconds, 0);
    expect(provenance.trainingSeconds).toBeCloseTo(seconds, 6);
  });

  it('holds the plans of the run folder, which are those that were given', () => {
    const written = readJson('trained.run', 'plans.json').tasks;
    for (const { name, plan } of models.trained.tasks) {
      const { reasons: _reasons, ...values } = plan;
      for (const [key, value] of Object.entries(values)) expect(written[name][key].value, key).toEqual(value);
      expect(values).toMatchObject(givenPlans[name]);
    }
  });

  it('has hashes of the weights that any ONNX reader finds in it', () => {
    const onnx = decodeModel(new Uint8Array(readFileSync(run.trained)), run.trained);
    const { tensors } = JSON.parse(onnx.metadata.get('candor')!);
    expect(Object.keys(tensors).length).toBeGreaterThan(10);
    for (const [name, hash] of Object.entries(tensors)) {
      const { data } = onnx.weights.get(name)!;
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      expect(createHash('sha256').update(bytes).digest('hex'), name).toBe(hash);
    }
  });

  it.each(['trained', 'chosen'] as const)(
    'says of which step the weights are, and they are those (%s)',
    async (name) => {
      const file = path.join(run.folder, `${name}.run`, 'checkpoint.bin');
      const { best } = await decodeCheckpoint(new Uint8Array(readFileSync(file)), file);
      expect(models[name].provenance.settings.weightsOfStep).toBe(best!.step);
      expect(models[name].provenance.settings.validationDice).toBe(best!.score);
      expect(digest(models[name].weights)).toBe(digest(best!.weights));
    },
  );

  it('gives the Dice of those weights on the cases held out, under their plans', async () => {
    const { model, dices } = { model: models.trained, dices: {} as Record<string, number> };
    for (const { name, plan } of model.tasks) {
      const cases = await casesOf(run, name, 'validation');
      const runs = await runCases({ path: run.trained, model }, cases, plan);
      dices[name] = mean(
        cases.map(({ volume, reference }, i) => {
          const { data } = prepareMask({ ...volume, data: reference }, plan);
          return diceOf(
            Uint8Array.from(runs[i].planned.logits, (z) => (z > 0 ? 1 : 0)),
            data,
          );
        }),
      );
    }
    const [{ validation }, ...others] = logOf('trained').filter((record) => 'validation' in record);
    expect(others).toEqual([]);
    for (const [name, value] of Object.entries(dices)) expect(validation.dice[name]).toBeCloseTo(value, 3);
    expect(model.provenance.settings.validationDice).toBeCloseTo(mean(Object.values(dices)), 3);
    expect(validation.mean).toBe(model.provenance.settings.validationDice);
  });

  it('leaves in the run folder what a run is resumed from, and nothing half-written', () => {
    const parts = readdirSync(run.folder, { recursive: true }).filter((name) => String(name).endsWith('.part'));
    expect(parts).toEqual([]);
  });
});
