/** Job arrays, changed settings, and images of unusual sizes: nothing lost, nothing mixed, refusals in words. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { casesText } from '../../src/cli/verdict-text.js';
import { UnsupportedError, UsageError } from '../../src/errors.js';
import { readImage } from '../../src/formats/image-file.node.js';
import { createHeader } from '../../src/formats/nifti/nifti.js';
import { encodeFloat } from '../../src/formats/nifti/write.js';
import { estimateMemory } from '../../src/inference/memory.js';
import { checkImageMemory } from '../../src/inference/memory-watch.node.js';
import type { PredictOptions } from '../../src/jobs/predict.node.js';
import { predict } from '../../src/jobs/predict.node.js';
import { count, type Vec3 } from '../../src/math/vector.js';
import { encodeModelFile } from '../../src/model/model-file.js';
import type { FailedImage, PredictedCase, PredictSummary } from '../../src/results/predicted-case.js';
import { ballFile, ballName, temporaryFolder } from '../support/ball-data.js';
import { makeBallModel } from '../support/ball-model.js';
import { ballTasks } from '../support/balls.js';
import { once } from '../support/once.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (...parts: string[]) => path.join(folder.path, ...parts);
const [bright, dark] = ballTasks;
const model = await makeBallModel();

/** A ball as the parts that files of several formats are made of. */
const plain = gunzipSync(ballFile(bright, 5));
const [header, voxels] = [plain.subarray(0, 352), plain.subarray(352)];
const pairHeader = Buffer.from(header).fill('ni1\0', 344, 348);
pairHeader.writeFloatLE(0, 108);
const metaHeader = Buffer.from(
  `ObjectType = Image\nNDims = 3\nDimSize = ${[1, 2, 3].map((i) => plain.readInt16LE(40 + 2 * i)).join(' ')}\n` +
    'ElementSpacing = 1 1 1\nElementType = MET_FLOAT\nElementByteOrderMSB = False\nElementDataFile = x.raw\n',
);
const sha256 = (parts: readonly Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest('hex');

beforeEach(
  once(async () => {
    writeFileSync(at('m.onnx'), await encodeModelFile(model));
    mkdirSync(at('images'));
    for (const index of [5, 6, 7]) {
      for (const task of [bright, dark]) {
        writeFileSync(at('images', `${ballName(task, index)}.nii.gz`), ballFile(task, index));
      }
    }
  }),
);

const run = (output: string, changes: Partial<PredictOptions> = {}): Promise<PredictSummary> =>
  predict({ model: at('m.onnx'), inputs: [at('images')], output: at(output), alpha: 0.2, threads: 1, ...changes });
const readJson = (...parts: string[]) => JSON.parse(readFileSync(at(...parts), 'utf8'));
const withoutSeconds = ({ cases }: PredictSummary) => cases.map((one) => ({ ...one, seconds: 0 }));

describe('parts of a job array', () => {
  it('at work at once in one folder lose nothing: the last to end puts the summaries together', async () => {
    const whole = await run('whole');
    const numParts = 4;
    const ids = [2, 0, 3, 1];
    await Promise.all(ids.map((partId) => run('parts', { numParts, partId })));
    expect(withoutSeconds(readJson('parts', 'summary.json'))).toEqual(
      withoutSeconds(readJson('whole', 'summary.json')),
    );
    expect(readdirSync(at('parts')).sort()).toEqual(
      [...readdirSync(at('whole')), ...ids.map((id) => `summary-part-${id}-of-4.json`)].sort(),
    );
    expect(readJson('parts', 'summary.json').part).toBeUndefined();
    // A call without parts does no work again and says the same.
    const notes: string[] = [];
    const joined = await run('parts', { continue: true, onNote: (note) => notes.push(note) });
    expect(joined.cases).toEqual(readJson('parts', 'summary.json').cases);
    expect(notes).toEqual([]);
    expect(withoutSeconds(joined)).toEqual(withoutSeconds(whole));
  });

  it('of another run are not mixed in', async () => {
    await run('mixed', { numParts: 2, partId: 0 });
    await run('mixed', { numParts: 2, partId: 1, keepLargest: true });
    expect(readdirSync(at('mixed'))).not.toContain('summary.json');
    await run('mixed', { numParts: 2, partId: 0, keepLargest: true });
    expect(readJson('mixed', 'summary.json').cases.length).toBe(6);
  });

  it('more than images are empty', async () => {
    for (let partId = 0; partId < 7; partId++) await run('many', { numParts: 7, partId, task: 'dark' });
    expect(readJson('many', 'summary-part-6-of-7.json').cases).toEqual([]);
    expect(readJson('many', 'summary.json').cases.length).toBe(6);
  });
});

describe('--continue', () => {
  it.each<[string, Partial<PredictOptions>]>([
    ['--task', { task: 'dark' }],
    ['--alpha', { alpha: 0.3 }],
    ['--keep-largest', { keepLargest: true }],
    ['--intensity-offset', { intensityOffset: 5 }],
  ])('does images again after a change of %s, and says so', async (flag, changes) => {
    const inputs = [at('images', 'bright_5.nii.gz')];
    await run(`continue${flag}`, { inputs });
    const notes: string[] = [];
    const { cases } = await run(`continue${flag}`, {
      inputs,
      continue: true,
      onNote: (note) => notes.push(note),
      ...changes,
    });
    expect(notes).toEqual([`images whose results an earlier call made with another ${flag} are done again.`]);
    expect((cases[0] as PredictedCase).settings).toMatchObject(changes);
    const again = await run(`continue${flag}`, { inputs, continue: true, ...changes });
    expect(again.cases).toEqual(cases);
  });

  it('says once for all images that the model is another', async () => {
    writeFileSync(at('other.onnx'), await encodeModelFile({ ...model, name: 'other' }));
    await run('models');
    const notes: string[] = [];
    await run('models', { model: at('other.onnx'), continue: true, onNote: (note) => notes.push(note) });
    expect(notes).toEqual(['images whose results an earlier call made with another model are done again.']);
  });

  it.each([
    ['in one file', { 'x.nii': [header, voxels] }, 'x.nii'],
    ['in a pair of files', { 'x.hdr': [pairHeader], 'x.img': [voxels] }, 'x.img'],
    ['in a header and a file of voxels', { 'x.mhd': [metaHeader], 'x.raw': [voxels] }, 'x.raw'],
  ])(
    'does an image %s again whose contents have changed, be name, size and time the same',
    async (kind, files, changed) => {
      const images = at(`changing ${kind}`);
      mkdirSync(images);
      for (const [name, parts] of Object.entries(files)) writeFileSync(path.join(images, name), Buffer.concat(parts));
      writeFileSync(path.join(images, 'same.nii.gz'), ballFile(dark, 5));
      const again = async (notes: string[] = []) => {
        const { cases } = await run(`changed ${kind}`, {
          ...{ inputs: [images], continue: true, onNote: (note) => notes.push(note) },
        });
        return Object.fromEntries((cases as PredictedCase[]).map((one) => [one.case, one]));
      };
      const first = await again();
      expect(first.x.imageSha256).toBe(sha256(Object.values(files).flat()));
      expect(await again()).toEqual(first);

      const file = path.join(images, changed);
      const { atime, mtime } = statSync(file);
      const bytes = readFileSync(file);
      bytes[bytes.length - 1] ^= 1;
      writeFileSync(file, bytes);
      utimesSync(file, atime, mtime);
      const notes: string[] = [];
      const second = await again(notes);
      expect(notes).toEqual(['images whose contents have changed since an earlier call are done again.']);
      expect(second.x.imageSha256).not.toBe(first.x.imageSha256);
      expect(second.same).toEqual(first.same);
      expect(await again()).toEqual(second);
    },
  );
});

it('two images of one name in different folders are refused before any work', async () => {
  for (const name of ['a', 'b']) {
    mkdirSync(at(name));
    writeFileSync(at(name, 'x.nii.gz'), ballFile(bright, 5));
  }
  const twice = run('twice', { inputs: [at('a'), at('b', 'x.nii.gz')] });
  await expect(twice).rejects.toThrow(UsageError);
  await expect(twice).rejects.toThrow(/a\/x\.nii\.gz and .*b\/x\.nii\.gz: results of both would be called x/);
  expect(readdirSync(folder.path)).not.toContain('twice');
});

describe('an image', () => {
  const affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  const predictOne = async (name: string, size: Vec3, value: (i: number) => number, spacing = 1) => {
    const grid = { size, affine: affine.map((entry, i) => (i < 12 && i % 5 === 0 ? entry * spacing : entry)) };
    const data = Float32Array.from({ length: count(size) }, (_, i) => value(i));
    writeFileSync(at(`${name}.nii.gz`), encodeFloat(data, createHeader(grid)));
    const { cases } = await run(`out-${name}`, { inputs: [at(`${name}.nii.gz`)], saveProbabilities: true });
    return cases[0];
  };

  it.each<[string, Vec3, (i: number) => number]>([['of two wide slices', [2, 40, 40], (i) => i % 97]])(
    '%s gets a mask on its own grid, probabilities from 0 to 1 and a verdict',
    async (name, size, value) => {
      const result = (await predictOne(name, size, value)) as PredictedCase;
      expect(['in-distribution', 'out-of-distribution']).toContain(result.verdict);
      const [mask, probability] = await Promise.all(
        [result.files.mask!, result.files.probabilities!].map((file) => readImage(at(`out-${name}`, file))),
      );
      expect(mask.volume.size).toEqual(size);
      expect(mask.volume.data.every((v) => v === 0 || v === 1)).toBe(true);
      expect(probability.volume.data.every((p) => p >= 0 && p <= 1)).toBe(true);
    },
  );

  it.each<[string, (i: number) => number, string]>([
    ['that is constant', () => 3, 'nothing but voxels of 3'],
    ['that is all zero', () => 0, 'nothing but voxels of 0'],
    ['without a finite voxel', () => Number.NaN, 'no finite voxel'],
  ])('%s is refused in words, and no mask is written of it', async (name, value, found) => {
    const { error } = (await predictOne(name, [20, 20, 20], value)) as FailedImage;
    expect(error.tag).toBe('EmptyImageError');
    expect(error.message).toContain(`${name}.nii.gz: expected an image with something to segment, found ${found}.`);
    expect(readdirSync(at(`out-${name}`))).toEqual(['summary.json']);
  });

  it('with NaN inside is predicted, with a remark on them', async () => {
    const result = (await predictOne('hole', [16, 16, 16], (i) => (i % 40 ? i % 97 : Number.NaN))) as PredictedCase;
    expect([result.notFiniteVoxels, result.files.mask]).toEqual([103, 'hole.nii.gz']);
    expect(result.remarks).toEqual([expect.stringMatching(/^103 voxels \(2\.5 %\) are NaN/)]);
    expect(readJson('out-hole', 'hole.json')).toMatchObject({ notFiniteVoxels: 103, remarks: result.remarks });
  });

  it('of ten times its spacing is judged without being run, with the spacing named, and not again with --continue', async () => {
    const result = (await predictOne('tenfold', [20, 20, 20], (i) => i % 97, 10)) as PredictedCase;
    expect(result.verdict).toBe('out-of-distribution');
    expect([result.foregroundVoxels, result.volumeMl, result.estimatedDice]).toEqual([null, null, null]);
    expect(result.files).toEqual({ mask: null, probabilities: null, oodMap: null });
    expect(result.ood).toMatchObject({ score: null, nearestTask: null, pValue: 1 / 5 });
    expect(result.remarks[0]).toMatch(/20 x 20 x 20 voxels of 10 x 10 x 10 mm would take \d+ windows/);
    expect(casesText([result])).toContain('tenfold: Not run: ');
    const inputs = [at('tenfold.nii.gz')];
    const again = await run('out-tenfold', { inputs, saveProbabilities: true, continue: true });
    expect(again.cases).toEqual([result]);
    const named = await run('named-tenfold', { inputs, task: 'bright' });
    expect(named.cases[0]).toMatchObject({ verdict: 'out-of-distribution', task: 'bright', foregroundVoxels: null });
  });

  it.each<[string, Vec3, string]>([
    ['one voxel', [1, 1, 1], '1D'],
    ['one slice', [40, 30, 1], '2D'],
  ])('of %s is refused as what it is', async (name, size, found) => {
    const bytes = gunzipSync(encodeFloat(new Float32Array(80 * 30), createHeader({ size: [40, 30, 2], affine })));
    for (const [axis, n] of size.entries()) bytes.writeInt16LE(n, 42 + 2 * axis);
    writeFileSync(at(`${name}.nii`), bytes);
    const { cases } = await run(`out-${name}`, { inputs: [at(`${name}.nii`)] });
    const { error } = cases[0] as FailedImage;
    expect(error.tag).toBe('UnsupportedError');
    expect(error.message).toContain(`${name}.nii: expected a 3D image, found ${found} (${size.join(' x ')})`);
  });

  it('that would be huge on the grid of every plan is refused with both sizes', async () => {
    const { error } = (await predictOne('huge', [30, 30, 30], () => 1, 100)) as FailedImage;
    expect(error.tag).toBe('UnsupportedError');
    expect(error.message).toMatch(/30 x 30 x 30 voxels of 100 x 100 x 100 mm would become 3000 x 3000 x/);
  });

  it('that needs more memory than there is is refused with both figures', () => {
    const grid = { size: [512, 512, 400] as const, affine };
    const tasks = model.tasks.map((task) => ({ ...task, plan: { ...task.plan, maximumWindows: 1e6 } }));
    const large = { ...model, tasks };
    const needed = estimateMemory([large], grid, { task: 'bright' });
    // Image, prepared image, logits, mask and region at the least.
    expect(needed).toBeGreaterThan(4 * 4 * count(grid.size));
    expect(needed).toBeLessThan(3e9);
    expect(estimateMemory([large], grid, { task: 'bright', maps: 9 })).toBeGreaterThan(needed);
    // Beyond every plan it is not run, and takes little more than itself.
    expect(estimateMemory([model], grid, { task: 'bright' })).toBeLessThan(needed / 1.5);
    expect(() => checkImageMemory('scan.nii.gz', grid, needed, needed)).not.toThrow();
    const refused = () => checkImageMemory('scan.nii.gz', grid, 2.6e9, 1.1e9);
    expect(refused).toThrow(UnsupportedError);
    expect(refused).toThrow(
      /^scan\.nii\.gz: its 512 x 512 x 400 voxels need about 2\.42 GiB of memory, found 1\.02 GiB\. Use/,
    );
  });
});
