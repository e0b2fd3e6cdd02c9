/**
 * Makes what lies in this folder by a build of Candor 0.1.0 (commit ea649a6): a small model file, images, and what that
 * build said of them. Run as `node tests/model/version-0.1/make.mjs FOLDER`, FOLDER being a built checkout of it.
 *
 * Later versions set intensities apart from the background by a robust level, fill what a window has beyond the image
 * with a percentile instead of the minimum, and skip constant windows. The images are noise everywhere and, on every
 * task's grid, no smaller than its patch: there neither changes anything, and old and new must agree.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

/** How near a probability may come to 0.5: another processor's last bits decide nothing. */
const MARGIN = 2e-6;
const here = import.meta.dirname;
const base = path.resolve(process.argv[2]);
const from = (name) => import(pathToFileURL(path.join(base, 'dist', name)));
const { train, predict } = await from('index.node.js');
const { createRandom } = await from('math/random.js');
const { createHeader } = await from('volume/nifti.js');
const { encodeMask } = await from('volume/nifti-write.js');
const { presets } = await from('networks/architecture.js');

const tasks = [
  { name: 'bright', contrast: 40, spacing: [1, 1, 1], size: [20, 20, 20] },
  { name: 'dark', contrast: -40, spacing: [1, 1, 1.25], size: [20, 20, 16] },
];

/** A ball in noise, stored as bytes. */
function makeBall({ name, contrast, spacing }, index, size) {
  const random = createRandom('version 0.1', name, index);
  const radius = random.between(4, 6);
  const centre = size.map((n, axis) => random.between(radius, (n - 1) * spacing[axis] - radius));
  const data = new Uint8Array(size[0] * size[1] * size[2]);
  const label = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const at = [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))];
    label[i] = Math.hypot(...at.map((n, axis) => n * spacing[axis] - centre[axis])) < radius ? 1 : 0;
    data[i] = Math.max(0, Math.min(255, Math.round(120 + contrast * label[i] + 8 * random.normal())));
  }
  const affine = [spacing[0], 0, 0, 0, 0, spacing[1], 0, 0, 0, 0, spacing[2], 0, 0, 0, 0, 1];
  const file = (values) => encodeMask(values, createHeader({ size, affine }));
  return { image: file(data), label: file(label) };
}

function writeDataset(folder, task) {
  const dataset = path.join(folder, task.name);
  for (const part of ['imagesTr', 'labelsTr']) mkdirSync(path.join(dataset, part), { recursive: true });
  const names = Array.from({ length: 15 }, (_, index) => `${task.name}_${index}`);
  names.forEach((name, index) => {
    const { image, label } = makeBall(task, index, task.size);
    writeFileSync(path.join(dataset, 'imagesTr', `${name}.nii.gz`), image);
    writeFileSync(path.join(dataset, 'labelsTr', `${name}.nii.gz`), label);
  });
  const json = {
    name: task.name,
    modality: { 0: 'MR' },
    labels: { 0: 'background', 1: 'ball' },
    training: names.map((name) => ({ image: `./imagesTr/${name}.nii.gz`, label: `./labelsTr/${name}.nii.gz` })),
    split: { train: names.slice(0, 5), calibration: names.slice(5), test: [] },
  };
  writeFileSync(path.join(dataset, 'dataset.json'), JSON.stringify(json));
  return dataset;
}

const floats = (file) => {
  const bytes = gunzipSync(readFileSync(file));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset + 352));
};

const folder = mkdtempSync(path.join(tmpdir(), 'candor-old-'));
// A network small enough to be checked in.
presets.tiny.architecture = { ...presets.tiny.architecture, channels: [8, 16] };
const model = path.join(folder, 'model.onnx');
await train({
  ...{ datasets: tasks.map((task) => writeDataset(folder, task)), output: model, preset: 'tiny', steps: 60 },
  ...{ batch: 1, dropout: 0.1, validationCases: 0, threads: 1, cache: false },
});

const images = path.join(here, 'images');
rmSync(images, { recursive: true, force: true });
mkdirSync(images);
const runs = { usual: {}, task: { task: 'dark' }, dropout: { mc: 2, seed: 5 } };
const expected = {};
for (const task of tasks) {
  let kept = 0;
  for (let index = 100; kept < 2; index++) {
    const name = `${task.name}_${index}`;
    // Of one window, as in training, and one of several.
    const size = kept < 1 ? task.size : task.size.map((n) => n + 6);
    const file = path.join(folder, `${name}.nii.gz`);
    const { image } = makeBall(task, index, size);
    writeFileSync(file, image);
    const found = {};
    let clear = true;
    for (const [run, options] of Object.entries(runs)) {
      const output = path.join(folder, run);
      const summary = await predict({
        ...{ model, inputs: [file], output, saveProbabilities: true, threads: 1, ...options },
      });
      const [{ ood: verdict, task: used, temperature, foregroundVoxels }] = summary.cases;
      const values = floats(path.join(output, `${name}_prob.nii.gz`));
      clear &&= values.every((p) => Math.abs(p - 0.5) > MARGIN);
      if (!clear) break;
      const mask = gunzipSync(readFileSync(path.join(output, `${name}.nii.gz`))).subarray(352);
      found[run] = {
        ...{ task: used, temperature, foregroundVoxels, ood: verdict },
        mask: createHash('sha256').update(mask).digest('hex'),
        meanProbability: values.reduce((sum, p) => sum + p, 0) / values.length,
      };
    }
    if (!clear) continue;
    writeFileSync(path.join(images, `${name}.nii.gz`), image);
    expected[name] = found;
    kept++;
  }
}
writeFileSync(path.join(here, 'expected.json'), `${JSON.stringify(expected, null, 1)}\n`);
writeFileSync(path.join(here, 'model.onnx.gz'), gzipSync(readFileSync(model), { level: 9 }));
rmSync(folder, { recursive: true, force: true });
