/** Ensembles, dropout passes and OOD maps on disk: what is written, recorded, continued and refused. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ModelFormatError, UsageError } from '../../src/errors.js';
import { readImage } from '../../src/formats/image-file.node.js';
import { createHeader } from '../../src/formats/nifti/nifti.js';
import { encodeFloat } from '../../src/formats/nifti/write.js';
import { openModel } from '../../src/inference/open-model.node.js';
import type { PredictOptions } from '../../src/jobs/predict.node.js';
import { predict } from '../../src/jobs/predict.node.js';
import type { Model } from '../../src/model/model.js';
import { encodeModelFile } from '../../src/model/model-file.js';
import type { PredictedCase } from '../../src/results/predicted-case.js';
import { ballFile, temporaryFolder } from '../support/ball-data.js';
import { makeBallModel } from '../support/ball-model.js';
import { ballTasks, makeBall } from '../support/balls.js';
import { digest } from '../support/digest.js';
import { once } from '../support/once.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (...parts: string[]) => path.join(folder.path, ...parts);
const [bright] = ballTasks;
const ball = at('images', 'ball.nii.gz');
const noise = at('images', 'noise.nii.gz');

beforeEach(
  once(async () => {
    mkdirSync(at('images'));
    const model = await makeBallModel();
    const save = async (name: string, changes: Partial<Model>) =>
      writeFileSync(at(`${name}.onnx`), await encodeModelFile({ ...model, name, ...changes }));
    const renamed = (name: string) => (name === 'dark' ? 'spleen' : name);
    const rename = <T extends { readonly name: string }>(tasks: readonly T[]): T[] =>
      tasks.map((task) => ({ ...task, name: renamed(task.name) }));
    const { provenance, ood, tasks } = model;
    const dropout = { ...provenance, settings: { ...provenance.settings, dropout: 0.3 } };
    await save('first', {});
    await save('second', { weights: model.weights.map((w, i) => w * (1 + 0.3 * Math.sin(i))) });
    await save('dropped', { provenance: dropout });
    await save('foreign', { tasks: rename(tasks), ood: { ...ood, tasks: rename(ood.tasks) } });
    writeFileSync(ball, ballFile(bright, 5));
    const { volume } = makeBall(bright, 0);
    const data = volume.data.map((_, i) => ((i * 7919) % 1000) ** 2);
    writeFileSync(noise, encodeFloat(data, createHeader(volume)));
  }),
);

/** The model has eight calibration images in all: enough for this alpha. */
const run = async (output: string, changes: Partial<PredictOptions> = {}) => {
  const summary = await predict({
    ...{ model: at('first.onnx'), inputs: [ball], output: at(output), alpha: 0.2, threads: 1 },
    ...changes,
  });
  return { summary, only: summary.cases[0] as PredictedCase };
};
const valuesOf = async (...parts: string[]) => (await readImage(at(...parts))).volume.data;
const ensemble = { others: [at('second.onnx')] };

describe('an ensemble', () => {
  it('is named in every result, the model that judges first', async () => {
    const { summary, only } = await run('ensemble', ensemble);
    const { only: first } = await run('first');
    expect(only.model).toEqual(first.model);
    expect(only.members?.map(({ name }) => name)).toEqual(['first', 'second']);
    expect(only.members?.[0]).toEqual(only.model);
    expect([summary.model, summary.members]).toEqual([only.model, only.members]);
    expect([only.verdict, only.ood]).toEqual([first.verdict, first.ood]);
    expect(only.estimatedDice).not.toBe(first.estimatedDice);
    expect(JSON.parse(readFileSync(at('ensemble', 'ball.json'), 'utf8')).members).toEqual(only.members);
    for (const key of ['members', 'mcDropout']) expect(first).not.toHaveProperty(key);
  });

  it('writes the mean of its members’ probabilities', async () => {
    const save = { saveProbabilities: true, task: 'dark', inputs: [noise], keepLargest: false };
    await run('joint', { ...ensemble, ...save });
    await run('one', save);
    await run('two', { ...save, model: at('second.onnx') });
    const [joint, one, two] = [
      await valuesOf('joint', 'noise_prob.nii.gz'),
      await valuesOf('one', 'noise_prob.nii.gz'),
      await valuesOf('two', 'noise_prob.nii.gz'),
    ];
    expect(digest(one)).not.toBe(digest(two));
    for (const [i, p] of joint.entries()) expect(p).toBeCloseTo((one[i] + two[i]) / 2, 6);
    expect(Array.from(await valuesOf('joint', 'noise.nii.gz'))).toEqual(Array.from(joint, (p) => (p > 0.5 ? 1 : 0)));
  });

  it('is opened as a library just so', async () => {
    const opened = await openModel(at('first.onnx'), { ...ensemble, threads: 1 });
    const { mask } = await opened.predict((await readImage(ball)).volume);
    await opened.release();
    await run('library', ensemble);
    expect(Array.from(await valuesOf('library', 'ball.nii.gz'))).toEqual([...mask]);
  });

  it('needs members of the same tasks', async () => {
    const foreign = { others: [at('second.onnx'), at('foreign.onnx')] };
    await expect(run('x', foreign)).rejects.toThrow(UsageError);
    await expect(run('x', foreign)).rejects.toThrow(
      `${at('foreign.onnx')}: expected a model of the same tasks as ${at('first.onnx')}; it lacks dark and has spleen besides.`,
    );
    await expect(run('x', { others: [at('nothing.onnx')] })).rejects.toThrow(ModelFormatError);
    expect(existsSync(at('x'))).toBe(false);
  });
});

describe('dropout passes', () => {
  const mc = { model: at('dropped.onnx'), mc: 2, saveProbabilities: true };

  it('are recorded, and repeatable by their seed', async () => {
    const { summary, only } = await run('mc', mc);
    expect(only.mcDropout).toEqual({ passes: 2, seed: 0 });
    expect(summary.mcDropout).toEqual(only.mcDropout);
    await run('again', mc);
    expect((await run('seed', { ...mc, seed: 7 })).only.mcDropout).toEqual({ passes: 2, seed: 7 });
    const bytes = (output: string) => readFileSync(at(output, 'ball_prob.nii.gz'));
    expect(bytes('again').equals(bytes('mc'))).toBe(true);
    expect(bytes('seed').equals(bytes('mc'))).toBe(false);
  });

  it('need models that were trained with dropout', async () => {
    const message = /model first was trained without dropout/;
    for (const changes of [{ mc: 2 }, { ...mc, others: [at('first.onnx')] }]) {
      await expect(run('dry', changes)).rejects.toThrow(UsageError);
      await expect(run('dry', changes)).rejects.toThrow(message);
    }
    expect(existsSync(at('dry'))).toBe(false);
  });
});

describe('an OOD map', () => {
  it('is a float32 file on the image’s grid that the verdict names', async () => {
    const { only } = await run('map', { saveOodMap: true, saveProbabilities: true });
    expect(only.files).toEqual({
      mask: 'ball.nii.gz',
      probabilities: 'ball_prob.nii.gz',
      oodMap: 'ball_ood.nii.gz',
    });
    const header = (file: string) => gunzipSync(readFileSync(file)).subarray(0, 348);
    const [map, image] = [header(at('map', 'ball_ood.nii.gz')), header(ball)];
    expect([map.readInt16LE(68), map.readInt16LE(70)]).toEqual([0, 16]);
    for (const [from, to] of [
      [40, 56],
      [76, 108],
      [252, 328],
    ]) {
      expect(map.subarray(from, to).equals(image.subarray(from, to))).toBe(true);
    }
    // One window holds the image: its score under the task, everywhere.
    const score = Math.fround(only.ood.perTask[only.task].score!);
    expect(new Set(await valuesOf('map', 'ball_ood.nii.gz'))).toEqual(new Set([score]));
  });

  it('is not written for a refused image; an earlier one is removed', async () => {
    const { only } = await run('refused', { inputs: [noise], saveOodMap: true, saveProbabilities: true });
    expect(only.verdict).toBe('out-of-distribution');
    expect(readdirSync(at('refused')).filter((name) => name.startsWith('noise_'))).toEqual([
      'noise_ood.nii.gz',
      'noise_prob.nii.gz',
    ]);
    const again = await run('refused', { inputs: [noise], saveOodMap: true, onOod: 'refuse' });
    expect(again.only.files).toEqual({ mask: null, probabilities: null, oodMap: null });
    expect(readdirSync(at('refused')).sort()).toEqual(['noise.json', 'summary.json']);
  });
});

describe('predict --continue', () => {
  const inputs = [ball, noise];
  const writtenAt = (output: string) => statSync(at(output, 'ball.json')).mtimeMs;
  /** Whether a second call with other wishes does the image again. */
  async function isDoneAgain(output: string, changes: Partial<PredictOptions>): Promise<boolean> {
    const before = writtenAt(output);
    await run(output, { inputs, continue: true, ...changes });
    return writtenAt(output) !== before;
  }

  it.each(['saveOodMap', 'saveProbabilities'] as const)('notices what %s asks for and is not there', async (wish) => {
    const ending = { saveOodMap: '_ood', saveProbabilities: '_prob' }[wish];
    await run(wish, { inputs });
    expect(await isDoneAgain(wish, {})).toBe(false);
    expect(await isDoneAgain(wish, { [wish]: true })).toBe(true);
    expect(readdirSync(at(wish)).filter((name) => name.includes(ending)).length).toBe(2);
    expect(await isDoneAgain(wish, { [wish]: true })).toBe(false);
    // No longer asked for, it is left alone; gone and asked for, it is made again.
    expect(await isDoneAgain(wish, {})).toBe(false);
    rmSync(at(wish, `ball${ending}.nii.gz`));
    expect(await isDoneAgain(wish, {})).toBe(false);
    expect(await isDoneAgain(wish, { [wish]: true })).toBe(true);
  });

  it('does not ask a refused image for its map', async () => {
    const refuse = { inputs: [noise], onOod: 'refuse', saveOodMap: true } as const;
    const { only } = await run('still', refuse);
    expect((await run('still', { ...refuse, continue: true })).only).toEqual(only);
    // Now wanted after all.
    const { files } = (await run('still', { inputs: [noise], continue: true, saveOodMap: true })).only;
    expect(files.oodMap).toBe('noise_ood.nii.gz');
  });

  it('refuses an image whose mask is there', async () => {
    const { only } = await run('late', { inputs: [noise], saveOodMap: true });
    expect(only.verdict).toBe('out-of-distribution');
    const { files } = (await run('late', { inputs: [noise], continue: true, onOod: 'refuse' })).only;
    expect(files).toEqual({ mask: null, probabilities: null, oodMap: null });
    expect(readdirSync(at('late')).sort()).toEqual(['noise.json', 'summary.json']);
  });

  it('notices other members and other passes', async () => {
    await run('members', { inputs });
    expect(await isDoneAgain('members', ensemble)).toBe(true);
    expect(await isDoneAgain('members', ensemble)).toBe(false);
    expect(await isDoneAgain('members', {})).toBe(true);
    const mc = { model: at('dropped.onnx'), mc: 1 };
    await run('passes', { inputs, ...mc });
    expect(await isDoneAgain('passes', mc)).toBe(false);
    expect(await isDoneAgain('passes', { ...mc, mc: 2 })).toBe(true);
    expect(await isDoneAgain('passes', { ...mc, mc: 2, seed: 1 })).toBe(true);
    expect(await isDoneAgain('passes', { model: at('dropped.onnx') })).toBe(true);
  });
});
