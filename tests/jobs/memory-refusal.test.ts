/** A machine too small for a run is found out before the work: nothing is trained, nothing predicted. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { predict } from '../../src/jobs/predict.node.js';
import { train } from '../../src/jobs/train.node.js';
import { encodeModelFile } from '../../src/model/model-file.js';
import { ballFile, temporaryFolder, writeBallDataset } from '../support/ball-data.js';
import { makeBallModel } from '../support/ball-model.js';
import { ballTasks } from '../support/balls.js';
import { once } from '../support/once.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (...parts: string[]) => path.join(folder.path, ...parts);

let dataset: string;
beforeEach(
  once(async () => {
    dataset = writeBallDataset(at('data'), ballTasks[0]);
    writeFileSync(at('ball.nii.gz'), ballFile(ballTasks[0], 0));
    writeFileSync(at('balls.onnx'), await encodeModelFile(await makeBallModel()));
  }),
);
afterEach(() => vi.restoreAllMocks());

/** As in a container that may have so many bytes. */
const allow = (bytes: number) => vi.spyOn(process, 'constrainedMemory').mockReturnValue(bytes);

describe('with the memory of a small container', () => {
  it('training is refused, with what it needs and what there is, before a case is prepared', async () => {
    allow(100 * 2 ** 20);
    const stages = new Set<string>();
    const run = train({
      ...{ datasets: [dataset], output: at('m.onnx'), preset: 'tiny', steps: 2, threads: 1, cache: false },
      onProgress: ({ stage }) => stages.add(stage),
    });
    await expect(run).rejects.toThrow(UsageError);
    await expect(run).rejects.toThrow(/would need about [\d.]+ GiB of memory .*found 0\.10 GiB/);
    expect([...stages]).toEqual(['check']);
    expect(existsSync(at('m.onnx'))).toBe(false);
    expect(readFileSync(at('m.run', 'metrics.jsonl'), 'utf8')).toBe('');
    expect(readdirSync(at('m.run'))).not.toContain('checkpoint.bin');
  });

  it('an image is refused by name, and the others are not stopped', async () => {
    allow(1000);
    const { cases } = await predict({ model: at('balls.onnx'), inputs: [at('ball.nii.gz')], output: at('out') });
    expect(cases[0]).toMatchObject({ case: 'ball', error: { tag: 'UnsupportedError' } });
    expect('error' in cases[0] && cases[0].error.message).toMatch(/ball\.nii\.gz: .*16 x 16 x 16 voxels need about/);
    expect(readdirSync(at('out'))).toEqual(['summary.json']);
  });
});
