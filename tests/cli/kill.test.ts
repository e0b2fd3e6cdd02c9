/** `kill -9` at any moment, also while a checkpoint is being written: resumed, the run ends as if nothing had happened. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readModel } from '../../src/model/read-model.node.js';
import { temporaryFolder, writeBallDatasets } from '../support/ball-data.js';
import { digest } from '../support/digest.js';
import { candor, ensureBuilt, outcomeOf, start } from './run-candor.js';

const STEPS = 60;
const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (...parts: string[]) => path.join(folder.path, ...parts);

let settings: string[];
beforeAll(async () => {
  await ensureBuilt();
  const options = [
    '--preset',
    'tiny',
    '--steps',
    STEPS,
    '--checkpoint-every',
    1,
    '--batch',
    3,
    '--validation-cases',
    1,
  ];
  settings = ['train', ...writeBallDatasets(at('data')), ...options.map(String), '--threads', '1', '--quiet'];
}, 120_000);

const names = (run: string) => (existsSync(at(run)) ? readdirSync(at(run)) : []);
const lines = (run: string) =>
  names(run).includes('metrics.jsonl') ? readFileSync(at(run, 'metrics.jsonl'), 'utf8').split('\n') : [];
const isWriting = () => names('killed.run').some((name) => /^\.checkpoint\.bin\..*\.part$/.test(name));

/** Start or go on, wait for progress and then for the moment, and kill. */
async function killWhen(moment: () => Promise<void>): Promise<void> {
  const before = lines('killed.run').length;
  const again = names('killed.run').includes('checkpoint.bin') ? ['--resume'] : [];
  const child = start([...settings, '-o', at('killed.onnx'), ...again]);
  const ended = outcomeOf(child);
  const deadline = Date.now() + 30_000;
  while (lines('killed.run').length < before + 3 && Date.now() < deadline && child.exitCode === null) await sleep(2);
  await moment();
  child.kill('SIGKILL');
  const { code, stderr } = await ended;
  expect({ code, stderr }).toEqual({ code: null, stderr: '' });
}

test('killed at several moments and resumed, a run ends with the weights and the log of an undisturbed one', async () => {
  const undisturbed = await candor([...settings, '-o', at('whole.onnx')]);
  expect(undisturbed).toMatchObject({ code: 0, stderr: '' });
  const writing = async () => {
    const deadline = Date.now() + 5000;
    while (!isWriting() && Date.now() < deadline);
    expect(isWriting()).toBe(true);
  };
  const delays = [Math.random(), Math.random()].map((share) => Math.round(200 * share));
  for (const moment of [writing, () => sleep(delays[0]), writing, () => sleep(delays[1])]) await killWhen(moment);
  // A part that no process will ever finish.
  writeFileSync(at('killed.run', '.checkpoint.bin.0123456789ab.part'), 'half');
  const resumed = await candor([...settings, '-o', at('killed.onnx'), '--resume']);
  expect(resumed, `killed after ${delays.join(' and ')} ms`).toMatchObject({ code: 0, stderr: '' });

  const [whole, killed] = await Promise.all(['whole.onnx', 'killed.onnx'].map((name) => readModel(at(name))));
  expect(digest(killed.weights)).toBe(digest(whole.weights));
  expect(killed.provenance.settings).toEqual(whole.provenance.settings);
  expect(killed.provenance.settings.validationDice).not.toBeNull();
  const records = (run: string) =>
    lines(run)
      .filter(Boolean)
      .map((line) => JSON.parse(line))
      .map(({ seconds: _, trainingSeconds: _t, elapsedSeconds: _e, ...record }) => record);
  expect(records('killed.run')).toEqual(records('whole.run'));
  expect(records('killed.run').filter(({ loss }) => loss !== undefined).length).toBe(STEPS);
  expect(names('killed.run').sort()).toEqual(names('whole.run').sort());
}, 120_000);
