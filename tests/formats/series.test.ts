/** Probabilities of several structures: one file with a fourth axis, of which only one map is held at a time. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, inflateSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { createHeader } from '../../src/formats/nifti/create.js';
import { writeStructureProbabilities } from '../../src/formats/write-volume.node.js';
import type { Vec3 } from '../../src/math/vector.js';

const folder = mkdtempSync(join(tmpdir(), 'candor-series-'));
afterAll(() => rmSync(folder, { recursive: true }));

const size: Vec3 = [3, 2, 4];
const header = createHeader({ size, affine: [2, 0, 0, -7, 0, 3, 0, 5, 0, 0, 4, 1, 0, 0, 0, 1] });
const names = ['left ventricle', 'myocardium', 'right ventricle'];

/** The same array each time, as predictions give it. */
function series(length: number) {
  const shared = new Float32Array(length);
  const mapAt = (s: number) => {
    for (let i = 0; i < shared.length; i++) shared[i] = s / 4 + i / 128 + 1e-6;
    return shared;
  };
  return { names, mapAt };
}
const expected = names.flatMap((_, s) => Array.from({ length: 24 }, (__, i) => s / 4 + i / 128));
const floats = (bytes: Uint8Array) => Array.from(new Float32Array(bytes.slice().buffer));

it('NIfTI: four dimensions, the geometry of the image', async () => {
  const file = join(folder, 'prob.nii.gz');
  await writeStructureProbabilities(file, series(24), header);
  const bytes = new Uint8Array(gunzipSync(readFileSync(file)));
  const view = new DataView(bytes.buffer);
  expect([0, 1, 2, 3, 4, 5].map((i) => view.getInt16(40 + 2 * i, true))).toEqual([4, 3, 2, 4, 3, 1]);
  expect([0, 1, 2].map((i) => view.getFloat32(80 + 4 * i, true))).toEqual([2, 3, 4]);
  expect(new TextDecoder().decode(bytes.subarray(148, 228))).toContain(names.join(', '));
  expect(floats(bytes.subarray(352))).toEqual(expected);
});

it('NRRD: a list axis that holds no space', async () => {
  const file = join(folder, 'prob.nrrd');
  await writeStructureProbabilities(file, series(24), header);
  const bytes = readFileSync(file);
  const end = bytes.indexOf('\n\n') + 2;
  const text = bytes.subarray(0, end).toString();
  expect(text).toContain('dimension: 4\nsizes: 3 2 4 3\n');
  expect(text).toMatch(/space directions: \(.*\) \(.*\) \(.*\) none\nkinds: domain domain domain list\n/);
  expect(floats(new Uint8Array(gunzipSync(bytes.subarray(end))))).toEqual(expected);
});

it('MetaImage: a fourth axis that stands for itself', async () => {
  const file = join(folder, 'prob.mha');
  await writeStructureProbabilities(file, series(24), header);
  const bytes = readFileSync(file);
  const end = bytes.indexOf('LOCAL\n') + 6;
  const text = bytes.subarray(0, end).toString();
  for (const line of ['NDims = 4', 'DimSize = 3 2 4 3', 'ElementSpacing = 2 3 4 1', 'Offset = 7 -5 1 0'])
    expect(text).toContain(`${line}\n`);
  expect(text.match(/TransformMatrix = (.*)\n/)![1].split(' ').length).toBe(16);
  expect(floats(new Uint8Array(inflateSync(bytes.subarray(end))))).toEqual(expected);
});

it('refuses maps that are not of the grid, and leaves no file', async () => {
  await expect(writeStructureProbabilities(join(folder, 'bad.nii.gz'), series(23), header)).rejects.toThrow(
    /24 voxels.*23/s,
  );
  expect(() => readFileSync(join(folder, 'bad.nii.gz'))).toThrow('ENOENT');
});
