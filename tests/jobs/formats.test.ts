/** Images of other formats than NIfTI through `predict`: results in the image's own format or the one asked for. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { listImages } from '../../src/datasets/list-images.node.js';
import { openDataset } from '../../src/datasets/open-dataset.node.js';
import { readImage } from '../../src/formats/image-file.node.js';
import { createHeader } from '../../src/formats/nifti/nifti.js';
import { writeMask, writeProbabilities } from '../../src/formats/write-volume.node.js';
import type { PredictOptions } from '../../src/jobs/predict.node.js';
import { predict } from '../../src/jobs/predict.node.js';
import { joinedStructure } from '../../src/labels/label-space.js';
import { encodeModelFile } from '../../src/model/model-file.js';
import type { PredictedCase } from '../../src/results/predicted-case.js';
import { ballFile, temporaryFolder } from '../support/ball-data.js';
import { makeBallModel } from '../support/ball-model.js';
import { ballTasks, makeBall } from '../support/balls.js';
import { once } from '../support/once.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (...parts: string[]) => path.join(folder.path, ...parts);
const [bright] = ballTasks;
const { volume } = makeBall(bright, 5);
const header = { ...createHeader(volume), grid: { size: volume.size, affine: volume.affine } };

beforeEach(
  once(async () => {
    mkdirSync(at('images'));
    const model = await makeBallModel();
    const tasks = model.tasks.map((task) => ({ ...task, labels: joinedStructure(['right ball', 'left ball'], null) }));
    writeFileSync(at('m.onnx'), await encodeModelFile({ ...model, tasks }));
    await writeProbabilities(at('images', 'a.nrrd'), volume.data, header);
    await writeProbabilities(at('images', 'b.mha'), volume.data, header);
    writeFileSync(at('images', 'c.nii.gz'), ballFile(bright, 5));
    const plain = gunzipSync(ballFile(bright, 5));
    const half = new Uint8Array(plain.subarray(0, 352));
    half[345] = 'i'.charCodeAt(0);
    writeFileSync(at('images', 'd.hdr'), half);
    // The voxels may begin anywhere; here they are where they were.
    writeFileSync(at('images', 'd.img'), plain);
    // What lies beside images and is none to be segmented.
    await writeMask(at('images', 'a.seg.nrrd'), new Uint8Array(volume.data.length), header);
    writeFileSync(at('images', 'notes.txt'), 'x');
  }),
);

const run = async (output: string, changes: Partial<PredictOptions> = {}) => {
  const summary = await predict({
    model: at('m.onnx'),
    inputs: [at('images')],
    output: at(output),
    threads: 1,
    ...changes,
  });
  return summary.cases as PredictedCase[];
};
const text = (...parts: string[]) => readFileSync(at(...parts), 'latin1');

describe('image formats', () => {
  it('are listed by their endings, a pair once and segmentations not', async () => {
    const names = ['a', 'b', 'c', 'd'];
    expect((await listImages([at('images')])).map((image) => image.case)).toEqual(names);
    const named = ['x.seg.nrrd', 'y.nii.gz', 'z.w.nhdr', 'u.img.gz', 'v.MHD', 't.hdr.gz'];
    expect((await listImages(named)).map((image) => image.case)).toEqual(['x', 'y', 'z.w', 'u', 'v', 't']);
  });

  it('are kept for masks and maps, with geometry and names', async () => {
    const cases = await run('own', { saveProbabilities: true });
    expect(cases.map(({ files }) => [files.mask, files.probabilities])).toEqual([
      ['a.seg.nrrd', 'a_prob.nrrd'],
      ['b.mha', 'b_prob.mha'],
      ['c.nii.gz', 'c_prob.nii.gz'],
      ['d.nii.gz', 'd_prob.nii.gz'],
    ]);
    const masks = await Promise.all(cases.map(({ files }) => readImage(at('own', files.mask!))));
    const maps = await Promise.all(cases.map(({ files }) => readImage(at('own', files.probabilities!))));
    for (const [i, mask] of masks.entries()) {
      const source = await readImage(at('images', cases[i].image));
      for (const { volume: found } of [mask, maps[i]]) {
        expect(found.size).toEqual(source.volume.size);
        for (const [i, value] of found.affine.entries()) expect(value).toBeCloseTo(source.volume.affine[i], 9);
      }
      // The same image in four formats: the same mask and probabilities.
      expect(mask.volume.data).toEqual(masks[2].volume.data);
      expect(maps[i].volume.data).toEqual(maps[2].volume.data);
      const foreground = mask.volume.data.reduce((a, b) => a + b, 0);
      expect(foreground).toBe(cases[i].foregroundVoxels);
      expect(foreground).toBeGreaterThan(0);
    }

    const slicer = text('own', 'a.seg.nrrd');
    expect(slicer).toContain('\nSegment0_Name:=right ball + left ball\n');
    expect(slicer).toContain('\nSegment0_LabelValue:=1\n');
    expect(slicer).toContain('\nSegmentation_MasterRepresentation:=Binary labelmap\n');
    expect(text('own', 'b.mha')).toContain('\nSegment0_Name = right ball + left ball\n');
    expect(text('own', 'b_prob.mha')).not.toContain('Segment0');
    for (const file of ['c.nii.gz', 'd.nii.gz']) {
      const bytes = gunzipSync(readFileSync(at('own', file)));
      expect(bytes.subarray(344, 352)).toEqual(Buffer.from('n+1\0\x01\0\0\0'));
      const [length, code] = [bytes.readInt32LE(352), bytes.readInt32LE(356)];
      expect([length % 16, code, bytes.readFloatLE(108), bytes.readInt16LE(68)]).toEqual([0, 6, 352 + length, 1002]);
      expect(bytes.length).toBe(352 + length + volume.data.length);
      const table = bytes.subarray(360, 352 + length).toString('utf8');
      expect(table).toMatch(/<Label Key="1"[^>]*><!\[CDATA\[right ball \+ left ball]]><\/Label>/);
    }
    expect(gunzipSync(readFileSync(at('own', 'c_prob.nii.gz'))).readFloatLE(108)).toBe(352);
  });

  it('give way to the one asked for; earlier results of another are not taken for it', async () => {
    await run('asked');
    const cases = await run('asked', { format: 'mha', continue: true });
    expect(cases.map(({ files }) => files.mask)).toEqual(['a.mha', 'b.mha', 'c.mha', 'd.mha']);
    for (const { files, foregroundVoxels } of cases) {
      const { volume: found } = await readImage(at('asked', files.mask!));
      expect(found.data.reduce((a, b) => a + b, 0)).toBe(foregroundVoxels);
    }
    const before = readFileSync(at('asked', 'a.json'), 'utf8');
    await run('asked', { format: 'mha', continue: true });
    expect(readFileSync(at('asked', 'a.json'), 'utf8')).toBe(before);
  });

  it('whose sides are guessed are said to be, and keep their geometry', async () => {
    mkdirSync(at('guessed'));
    const codes = gunzipSync(ballFile(bright, 5));
    codes.writeInt32LE(0, 252);
    writeFileSync(at('guessed', 'a.nii.gz'), gzipSync(codes));
    const text = [
      `NRRD0004\ntype: float\ndimension: 3\nsizes: ${volume.size.join(' ')}\nencoding: gzip\nendian: little`,
    ];
    text.push('spacings: 2000 2000 2000', 'units: "um" "um" "um"', 'axis mins: 1 2 3', '', '');
    const voxels = gzipSync(new Uint8Array(volume.data.buffer));
    writeFileSync(at('guessed', 'b.nrrd'), Buffer.concat([Buffer.from(text.join('\n')), voxels]));
    const cases = await run('guessed-out', { inputs: [at('guessed')] });
    expect(cases[0].remarks).toEqual([expect.stringContaining('neither sform nor qform, so the sides are guessed')]);
    expect(cases[1].remarks).toEqual([
      expect.stringContaining('gives no directions of its axes, so the sides are guessed'),
      expect.stringContaining('so the spacing is 2 x 2 x 2 mm'),
    ]);
    expect(JSON.parse(readFileSync(at('guessed-out', 'a.json'), 'utf8')).remarks).toEqual(cases[0].remarks);
    const geometry = (file: string) => gunzipSync(readFileSync(file)).subarray(252, 328);
    expect(geometry(at('guessed-out', 'a.nii.gz'))).toEqual(geometry(at('guessed', 'a.nii.gz')));
    const mask = readFileSync(at('guessed-out', 'b.seg.nrrd'), 'latin1');
    expect(mask).toContain('\nspacings: 2000 2000 2000\nunits: "um" "um" "um"\naxis mins: 1 2 3\n');
    expect((await readImage(at('guessed-out', 'b.seg.nrrd'))).volume.affine).toEqual(
      (await readImage(at('guessed', 'b.nrrd'))).volume.affine,
    );
    expect((await run('own-again', { inputs: [at('images', 'a.nrrd')] }))[0].remarks).toEqual([]);
  });

  it('of axes too long for NIfTI-1 are written all the same', async () => {
    const long = { size: [40000, 2, 2] as const, affine: [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1] };
    const source = { ...createHeader(long), format: 'NRRD' as const, source: null };
    for (const ending of ['nrrd', 'mha', 'nii.gz']) {
      await writeMask(at(`long.${ending}`), new Uint8Array(160000).fill(1), source);
      const found = await readImage(at(`long.${ending}`));
      expect([found.volume.size, found.volume.affine]).toEqual([long.size, long.affine]);
    }
  });

  it('leave nothing when refused', async () => {
    await run('refused', { inputs: [at('images', 'a.nrrd')] });
    const noise = { ...volume, data: volume.data.map((_, i) => ((i * 7919) % 1000) ** 2) };
    await writeProbabilities(at('noise', 'a.nrrd'), noise.data, header);
    await run('refused', { inputs: [at('noise')], onOod: 'refuse', alpha: 0.2 });
    expect(readdirSync(at('refused')).sort()).toEqual(['a.json', 'summary.json']);
  });

  it('keep strange names from breaking the files', async () => {
    const mask = new Uint8Array(volume.data.length).fill(1, 3, 4);
    const names = { 1: 'a]]>b\nSegment1_Name:=c', 2: 'Läsion "x" \\n' };
    for (const ending of ['seg.nrrd', 'mha', 'nii.gz']) {
      await writeMask(at(`odd.${ending}`), mask, header, names);
      expect((await readImage(at(`odd.${ending}`))).volume.data).toEqual(Float32Array.from(mask));
    }
    expect(text('odd.seg.nrrd')).not.toContain('\nSegment1_Name:=c');
    expect(text('odd.seg.nrrd')).toContain('\nSegment0_Extent:=3 3 0 0 0 0\n');
    expect(text('odd.seg.nrrd')).toContain('\nSegment1_Extent:=0 -1 0 -1 0 -1\n');
    const table = gunzipSync(readFileSync(at('odd.nii.gz'))).toString('utf8');
    expect(table).toContain('<![CDATA[a]]]]><![CDATA[>b Segment1_Name:=c]]>');
    await expect(writeMask(at('odd.png'), mask, header)).rejects.toThrow(/expected a result to end in/);
    await expect(writeMask(at('odd.nrrd'), mask.subarray(1), header)).rejects.toThrow(/Result: expected/);
  });

  it('are those of data sets by their file_ending', async () => {
    for (const [i, ending] of ['.nrrd', '.mha', '.nii'].entries()) {
      const dataset = at(`data${i}`);
      for (const part of ['imagesTr', 'labelsTr']) mkdirSync(path.join(dataset, part), { recursive: true });
      writeFileSync(path.join(dataset, 'imagesTr', `x_0000${ending}`), '');
      writeFileSync(path.join(dataset, 'labelsTr', `x${ending}`), '');
      const json = { channel_names: { 0: 'CT' }, labels: { background: 0, ball: 1 }, file_ending: ending };
      writeFileSync(path.join(dataset, 'dataset.json'), JSON.stringify(json));
      const { cases } = await openDataset(dataset);
      expect(cases.map(({ name, label }) => [name, label])).toEqual([
        ['x', path.join(dataset, 'labelsTr', `x${ending}`)],
      ]);
    }
  });
});
