/** Masks and verdicts on disk: what is written, what is left alone, and that one bad file stops nothing. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { CancelledError, ImageFormatError, ModelFormatError, OutputError, UsageError } from '../../src/errors.js';
import { readImage } from '../../src/formats/image-file.node.js';
import { createHeader } from '../../src/formats/nifti/nifti.js';
import { encodeFloat } from '../../src/formats/nifti/write.js';
import type { PredictOptions } from '../../src/jobs/predict.node.js';
import { predict } from '../../src/jobs/predict.node.js';
import { encodeModelFile } from '../../src/model/model-file.js';
import type { PredictedCase, PredictSummary } from '../../src/results/predicted-case.js';
import { largestComponent } from '../../src/volume/components.js';
import { ballFile, ballName, temporaryFolder } from '../support/ball-data.js';
import { makeBallModel } from '../support/ball-model.js';
import { ballTasks, makeBall } from '../support/balls.js';
import { once } from '../support/once.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (...parts: string[]) => path.join(folder.path, ...parts);
const [bright, dark] = ballTasks;
/** The model has eight calibration images in all: enough for this alpha. */
const alpha = 0.2;

beforeEach(
  once(async () => {
    for (const name of ['images', 'strange', 'mixed']) mkdirSync(at(name));
    writeFileSync(at('m.onnx'), await encodeModelFile(await makeBallModel()));
    for (const index of [5, 6]) {
      for (const task of [bright, dark]) {
        writeFileSync(at('images', `${ballName(task, index)}.nii.gz`), ballFile(task, index));
      }
    }
    const { volume } = makeBall(bright, 0);
    const noise = volume.data.map((_, i) => ((i * 7919) % 1000) ** 2);
    writeFileSync(at('strange', 'noise.nii.gz'), encodeFloat(noise, createHeader(volume)));
  }),
);

const run = (output: string, changes: Partial<PredictOptions> = {}): Promise<PredictSummary> =>
  predict({ model: at('m.onnx'), inputs: [at('images')], output: at(output), alpha, threads: 1, ...changes });
const readJson = (...parts: string[]) => JSON.parse(readFileSync(at(...parts), 'utf8'));
const namesOf = ({ cases }: PredictSummary) => cases.map((one) => one.case);
const only = ({ cases }: PredictSummary) => cases[0] as PredictedCase;

describe('predict', () => {
  it('writes mask and verdict of every image, and a summary of all', async () => {
    const summary = await run('out');
    const names = ['bright_5', 'bright_6', 'dark_5', 'dark_6'];
    expect(namesOf(summary)).toEqual(names);
    expect(readdirSync(at('out')).sort()).toEqual(
      [...names.flatMap((name) => [`${name}.json`, `${name}.nii.gz`]), 'summary.json'].sort(),
    );
    expect(readJson('out', 'summary.json')).toEqual(JSON.parse(JSON.stringify(summary)));
    expect(summary.alpha).toBe(alpha);
    for (const one of summary.cases as PredictedCase[]) {
      expect(readJson('out', `${one.case}.json`)).toEqual(JSON.parse(JSON.stringify(one)));
      expect(Object.keys(one)).toEqual([
        ...[
          'case',
          'image',
          'imageSha256',
          'model',
          'settings',
          'verdict',
          'ood',
          'task',
          'temperature',
          'keepLargest',
          'foregroundVoxels',
          'volumeMl',
        ],
        ...['estimatedDice', 'spacing', 'device', 'files', 'notFiniteVoxels', 'remarks', 'seconds'],
      ]);
      expect(one.files).toEqual({ mask: `${one.case}.nii.gz`, probabilities: null, oodMap: null });
      const { volume } = await readImage(at('out', `${one.case}.nii.gz`));
      expect(volume.data.reduce((a, b) => a + b, 0)).toBe(one.foregroundVoxels);
      expect(one.image).toBe(`${one.case}.nii.gz`);
    }
  });

  it('keeps the geometry of the image, byte for byte', async () => {
    await run('geometry', { saveProbabilities: true });
    const header = (file: string) => gunzipSync(readFileSync(file)).subarray(0, 348);
    for (const name of ['bright_5', 'dark_6']) {
      const source = header(at('images', `${name}.nii.gz`));
      for (const ending of ['', '_prob']) {
        const found = header(at('geometry', `${name}${ending}.nii.gz`));
        // dim, pixdim, xyzt_units, then all of qform and sform.
        for (const [from, to] of [
          [40, 56],
          [76, 108],
          [123, 124],
          [252, 328],
        ]) {
          expect(found.subarray(from, to).equals(source.subarray(from, to)), `${name}${ending} ${from}`).toBe(true);
        }
      }
      const mask = header(at('geometry', `${name}.nii.gz`));
      expect([mask.readInt16LE(68), mask.readInt16LE(70)]).toEqual([1002, 2]);
    }
  });

  it('saves probabilities that agree with the mask', async () => {
    const summary = await run('probabilities', { saveProbabilities: true });
    const { files } = only(summary);
    const [mask, probability] = await Promise.all(
      [files.mask!, files.probabilities!].map(async (file) => (await readImage(at('probabilities', file))).volume.data),
    );
    expect(Array.from(probability, (p) => (p > 0.5 ? 1 : 0))).toEqual([...mask]);
  });

  it('keeps the largest component where told to, in the files and in the figures', async () => {
    const all = await run('all', { keepLargest: false });
    const largest = await run('largest', { keepLargest: true });
    for (const [i, one] of (all.cases as PredictedCase[]).entries()) {
      const { volume } = await readImage(at('all', one.files.mask!));
      const kept = largestComponent(Uint8Array.from(volume.data), volume.size);
      const other = largest.cases[i] as PredictedCase;
      expect((await readImage(at('largest', other.files.mask!))).volume.data).toEqual(Float32Array.from(kept));
      expect(other.foregroundVoxels).toBe(kept.reduce((a, b) => a + b, 0));
      expect([one.keepLargest, other.keepLargest]).toEqual([false, true]);
    }
  });

  it('runs a named task', async () => {
    const summary = await run('named', { task: 'dark' });
    expect((summary.cases as PredictedCase[]).map(({ task }) => task)).toEqual(['dark', 'dark', 'dark', 'dark']);
    await expect(run('named', { task: 'liver' })).rejects.toThrow(UsageError);
  });

  it('goes on past images that cannot be read, and names them', async () => {
    const good = readFileSync(at('images', 'bright_5.nii.gz'));
    const flat = makeBall(bright, 0).volume;
    const nowhere = encodeFloat(flat.data, createHeader(flat));
    const header = gunzipSync(nowhere);
    // No voxel size along x, in sform, qform and pixdim alike.
    header.fill(0, 280, 296);
    header.writeInt16LE(0, 252);
    header.writeFloatLE(0, 80);
    const files: Record<string, Uint8Array | string> = {
      'a_cut.nii.gz': good.subarray(0, 2000),
      'b_empty.nii.gz': '',
      'c_good.nii.gz': good,
      'd_text.nii': 'not an image',
      'e_flat.nii': header,
      'f_good.nii.gz': good,
    };
    for (const [name, content] of Object.entries(files)) writeFileSync(at('mixed', name), content);
    const summary = await run('mixed-out', { inputs: [at('mixed')] });
    const outcomes = summary.cases.map((one) => ('error' in one ? one.error.tag : one.verdict));
    expect(namesOf(summary)).toEqual(['a_cut', 'b_empty', 'c_good', 'd_text', 'e_flat', 'f_good']);
    expect([outcomes[0], outcomes[1], outcomes[3]]).toEqual(new Array(3).fill('ImageFormatError'));
    expect(outcomes[4]).toMatch(/GeometryError|ImageFormatError/);
    expect([outcomes[2], outcomes[5]]).toEqual(['in-distribution', 'in-distribution']);
    for (const one of summary.cases) if ('error' in one) expect(one.error.message).toContain(one.image);
    expect(readJson('mixed-out', 'summary.json').cases.length).toBe(6);
    expect(readdirSync(at('mixed-out')).filter((name) => name.endsWith('.nii.gz'))).toEqual([
      'c_good.nii.gz',
      'f_good.nii.gz',
    ]);
  });

  it('writes no mask of an image that it refuses, and removes one that an earlier call wrote', async () => {
    const strange = { inputs: [at('strange')] };
    expect(only(await run('refused', strange)).files.mask).toBe('noise.nii.gz');
    const { verdict, files } = only(await run('refused', { ...strange, onOod: 'refuse', saveProbabilities: true }));
    expect(verdict).toBe('out-of-distribution');
    expect(files).toEqual({ mask: null, probabilities: null, oodMap: null });
    expect(readdirSync(at('refused')).sort()).toEqual(['noise.json', 'summary.json']);
    const familiar = await run('kept', { onOod: 'refuse' });
    const masks = (familiar.cases as PredictedCase[]).map((one) => [one.verdict, one.files.mask !== null]);
    expect(masks.every(([kind, written]) => written === (kind !== 'out-of-distribution'))).toBe(true);
    expect(masks.some(([, written]) => written)).toBe(true);
  });

  it('continues where an earlier call stopped, and does again what was asked for otherwise', async () => {
    const controller = new AbortController();
    const stopped = run('continued', { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(stopped).rejects.toThrow(CancelledError);
    const first = statSync(at('continued', 'bright_5.nii.gz')).mtimeMs;
    expect(readdirSync(at('continued')).sort()).toEqual(['bright_5.json', 'bright_5.nii.gz']);
    const summary = await run('continued', { continue: true });
    expect(namesOf(summary)).toEqual(['bright_5', 'bright_6', 'dark_5', 'dark_6']);
    expect(statSync(at('continued', 'bright_5.nii.gz')).mtimeMs).toBe(first);
    // Nothing is run when all is there; a damaged verdict, other wishes and another model are.
    const again = await run('continued', { continue: true });
    expect(again).toEqual(summary);
    writeFileSync(at('continued', 'dark_5.json'), 'null');
    expect(namesOf(await run('continued', { continue: true }))).toEqual(namesOf(summary));
    expect(readJson('continued', 'dark_5.json').case).toBe('dark_5');
    const wanted = await run('continued', { continue: true, saveProbabilities: true });
    expect(only(wanted).files.probabilities).toBe('bright_5_prob.nii.gz');
    const other = await run('continued', { continue: true, alpha: 0.3 });
    expect(only(other).ood.alpha).toBe(0.3);
  });

  it('splits cases over parts: every case in exactly one', async () => {
    for (const numParts of [2, 3, 5]) {
      const names: string[] = [];
      for (let partId = 0; partId < numParts; partId++) {
        const part = await run(`parts-${numParts}`, { numParts, partId });
        names.push(...namesOf(part));
        expect(readJson(`parts-${numParts}`, `summary-part-${partId}-of-${numParts}.json`).cases.length).toBe(
          part.cases.length,
        );
      }
      expect(names.sort()).toEqual(['bright_5', 'bright_6', 'dark_5', 'dark_6']);
    }
    await expect(run('parts', { numParts: 2, partId: 2 })).rejects.toThrow(UsageError);
  });

  it('takes files and folders alike', async () => {
    const inputs = [at('images', 'dark_5.nii.gz'), at('nothing.nii.gz'), at('strange')];
    const { cases } = await run('files', { inputs });
    expect(cases.map((one) => [one.case, 'error' in one ? one.error.tag : null])).toEqual([
      ['dark_5', null],
      ['nothing', 'ImageFormatError'],
      ['noise', null],
    ]);
  });
});

describe('predict refuses', () => {
  it('to write into a folder of its images', async () => {
    const before = readFileSync(at('images', 'bright_5.nii.gz'));
    symlinkSync(at('images'), at('alias'));
    for (const output of ['images', 'alias', 'images/../images']) {
      await expect(run(output)).rejects.toThrow(UsageError);
      await expect(run(output)).rejects.toThrow(/mask could replace/);
    }
    expect(readFileSync(at('images', 'bright_5.nii.gz')).equals(before)).toBe(true);
    expect(readdirSync(at('images')).length).toBe(4);
  });

  it('a model that does not exist, a folder without images, and two images of one name', async () => {
    await expect(run('x', { model: at('nothing.onnx') })).rejects.toThrow(ModelFormatError);
    mkdirSync(at('empty'));
    await expect(run('x', { inputs: [at('empty')] })).rejects.toThrow(ImageFormatError);
    const twice = [at('images', 'dark_5.nii.gz'), at('images')];
    await expect(run('x', { inputs: twice })).rejects.toThrow(/both would be called dark_5/);
  });

  it('an output that is a file', async () => {
    writeFileSync(at('file'), '');
    await expect(run('file')).rejects.toThrow(OutputError);
    rmSync(at('file'));
  });
});
