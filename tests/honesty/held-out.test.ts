/**
 * Which cases act on what: a case is replaced by another, and everything that it must not act on stays the same, bit for
 * bit, while what it must act on changes.
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHeader } from '../../src/formats/nifti/nifti.js';
import { encodeFloat, encodeMask } from '../../src/formats/nifti/write.js';
import { train } from '../../src/jobs/train.node.js';
import type { StoredModel } from '../../src/model/model.js';
import { readModel } from '../../src/model/read-model.node.js';
import { ensureBuilt } from '../cli/run-candor.js';
import { temporaryFolder } from '../support/ball-data.js';
import { makeBall } from '../support/balls.js';
import { digest } from '../support/digest.js';
import { optionsFor, tasks, writeTasks } from './two-tasks.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (...parts: string[]) => path.join(folder.path, ...parts);

/** Patches enough that no training case of the first task is left out by chance. */
const STEPS = 8;
type Part = 'train' | 'calibration' | 'test' | 'validation';
let splits: Record<Part, string[]>;
let plain: StoredModel;

const trainIn = async (name: string): Promise<StoredModel> => {
  const changes = { datasets: [at(name, tasks[0].name)], plans: at('plain', 'plans.json'), steps: STEPS, batch: 4 };
  await train(optionsFor(at(name), changes));
  return readModel(at(name, 'trained.onnx'));
};

/** Fingerprints of images act on plans: only what a plan leaves open may differ. */
const copyWith = (name: string, replaced: readonly string[]): void => {
  cpSync(at('plain'), at(name), { recursive: true, filter: (file) => !/trained\.(onnx|run)/.test(file) });
  for (const one of replaced) {
    const { volume, reference } = makeBall(tasks[0], 100 + Number(one.split('_')[1]));
    const write = (part: string, bytes: Uint8Array) =>
      writeFileSync(at(name, tasks[0].name, part, `${one}.nii.gz`), bytes);
    write('imagesTr', encodeFloat(volume.data, createHeader(volume)));
    write('labelsTr', encodeMask(reference.data, createHeader(reference)));
  }
};

const learned = ({ weights, tasks: [{ calibration }], ood }: StoredModel) => ({
  weights: digest(weights),
  bank: ood.tasks[0].bank.map(({ spectra }) => digest(Float32Array.from(spectra.flatMap((values) => [...values])))),
  calibration,
  distances: [...ood.detectors].map(([name, fitted]) => [name, fitted.calibration]),
});

beforeAll(async () => {
  await ensureBuilt();
  writeTasks(at('plain'));
  const json = at('plain', 'plans.json');
  const plans = JSON.parse(readFileSync(json, 'utf8'));
  delete plans.tasks[tasks[1].name];
  writeFileSync(json, JSON.stringify(plans));
  plain = await trainIn('plain');
  splits = JSON.parse(readFileSync(at('plain', 'trained.run', 'splits.json'), 'utf8'))[tasks[0].name];
}, 120_000);

describe('a case that is replaced', () => {
  it('is one of four parts', () => {
    expect(splits.validation.length).toBeGreaterThan(0);
    expect(splits.calibration.length).toBeGreaterThan(0);
    expect(splits.test.length).toBeGreaterThan(0);
  });

  it('changes the weights where it trains', async () => {
    const trains = splits.train.find((name) => !splits.validation.includes(name))!;
    copyWith('training', [trains]);
    expect(learned(await trainIn('training')).weights).not.toBe(learned(plain).weights);
  });

  it('changes no weight where it is held out, though it is in the bank', async () => {
    copyWith('held', splits.validation);
    const { weights, bank } = learned(await trainIn('held'));
    expect(weights).toBe(learned(plain).weights);
    const changed = bank.flatMap((one, i) => (one === learned(plain).bank[i] ? [] : [splits.train[i]]));
    expect(changed.sort()).toEqual([...splits.validation].sort());
  });

  it('changes neither weight nor bank where it calibrates, but temperature and distances', async () => {
    copyWith('calibrating', splits.calibration);
    const { weights, bank, calibration, distances } = learned(await trainIn('calibrating'));
    const before = learned(plain);
    expect([weights, bank]).toEqual([before.weights, before.bank]);
    expect(calibration.temperature).not.toBe(before.calibration.temperature);
    expect(distances).not.toEqual(before.distances);
  });

  it('changes nothing but the hash of the data where it is kept for the test', async () => {
    copyWith('testing', splits.test);
    const model = await trainIn('testing');
    expect(learned(model)).toEqual(learned(plain));
    expect(model.tasks).toEqual(plain.tasks);
    expect(model.provenance.datasets[0].sha256).not.toBe(plain.provenance.datasets[0].sha256);
  });
});
