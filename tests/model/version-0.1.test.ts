/** Model files of version 0.1 stay what they were: a file and images of that version, and what it said of them then. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readImage } from '../../src/formats/image-file.node.js';
import { predict } from '../../src/jobs/predict.node.js';
import { readModel } from '../../src/model/read-model.node.js';

interface Expected {
  readonly task: string;
  readonly temperature: number;
  readonly foregroundVoxels: number;
  readonly ood: {
    readonly score: number;
    readonly pValue: number;
    readonly nearestTask: string;
    readonly guarantee: object;
    readonly perTask: Readonly<Record<string, { readonly score: number; readonly pValue: number }>>;
  };
  /** SHA-256 of the mask's bytes. */
  readonly mask: string;
  readonly meanProbability: number;
}

const fixture = (name: string) => new URL(`version-0.1/${name}`, import.meta.url);
const expected: Record<string, Record<'usual' | 'task' | 'dropout', Expected>> = JSON.parse(
  readFileSync(fixture('expected.json'), 'utf8'),
);
const folder = mkdtempSync(path.join(tmpdir(), 'candor-old-'));
const model = path.join(folder, 'model.onnx');
beforeAll(() => writeFileSync(model, gunzipSync(readFileSync(fixture('model.onnx.gz')))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a model file of version 0.1', () => {
  it('is read, and runs constant windows as it was calibrated', async () => {
    const { network, tasks, ood } = await readModel(model);
    expect(network).toEqual({ kind: 'built', architecture: { kind: 'unet', dimensions: 3, channels: [8, 16] } });
    expect(tasks.map(({ name, labels }) => [name, labels.structures.length])).toEqual([
      ['bright', 1],
      ['dark', 1],
    ]);
    expect(ood.constantWindows).toBe('run');
  });

  it.each([
    ['usual', {}],
    ['task', { task: 'dark' }],
    ['dropout', { mc: 2, seed: 5 }],
  ] as const)('gives the masks and p-values that it gave then: %s', async (run, options) => {
    const output = path.join(folder, run);
    const inputs = [new URL('version-0.1/images', import.meta.url).pathname];
    const { cases } = await predict({ ...options, model, inputs, output, saveProbabilities: true, threads: 1 });
    expect(cases.map((one) => one.case).sort()).toEqual(Object.keys(expected).sort());
    for (const one of cases) {
      if (!('ood' in one)) throw new Error(`${one.case} failed`);
      const then = expected[one.case][run];
      const { score, perTask, ...verdict } = one.ood;
      const { score: scoreThen, perTask: perTaskThen, ...verdictThen } = then.ood;
      expect(verdict, one.case).toEqual(verdictThen);
      for (const [task, { score: taskScore, ...others }] of Object.entries(perTaskThen)) {
        const { score: found, ...rest } = perTask[task];
        expect(rest, one.case).toEqual(others);
        expect(found! / taskScore, one.case).toBeCloseTo(1, 4);
      }
      expect(score! / scoreThen, one.case).toBeCloseTo(1, 4);
      const { task, temperature, foregroundVoxels } = then;
      expect(one, one.case).toMatchObject({ task, temperature, foregroundVoxels });
      const mask = gunzipSync(readFileSync(path.join(output, `${one.case}.nii.gz`))).subarray(352);
      expect(createHash('sha256').update(mask).digest('hex'), one.case).toBe(then.mask);
      const { data } = (await readImage(path.join(output, `${one.case}_prob.nii.gz`))).volume;
      expect(data.reduce((sum, p) => sum + p, 0) / data.length).toBeCloseTo(then.meanProbability, 5);
    }
  });
});
