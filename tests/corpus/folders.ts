/** Damaged data sets and run folders. */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { createHeader } from '../../src/formats/nifti/nifti.js';
import { encodeMask } from '../../src/formats/nifti/write.js';
import { presets } from '../../src/networks/architecture.js';
import { parameterCount } from '../../src/networks/parameters.js';
import { unetParameters } from '../../src/networks/unet.js';
import { encodeCheckpoint } from '../../src/training/checkpoint.js';
import { trainSettings } from '../../src/training/train-settings.js';
import type { Corpus, Entry } from './corpus.js';
import { plain1 } from './images.js';

const affine = [2, 0, 0, -9, 0, 3, 0, 8, 0, 0, 4, 7, 0, 0, 0, 1];
const mask = (size: readonly [number, number, number]) =>
  encodeMask(new Uint8Array(size[0] * size[1] * size[2]).fill(1), createHeader({ size: [...size], affine }));
const label = mask([9, 7, 5]);

const names = ['a', 'b', 'c', 'e'];
const sound = () => ({
  name: 'heart',
  modality: { 0: 'MR' } as Record<string, unknown>,
  labels: { 0: 'background', 1: 'heart' } as Record<string, unknown>,
  training: names.map((name) => ({ image: `./imagesTr/${name}.nii`, label: `./labelsTr/${name}.nii.gz` })) as unknown[],
  split: { train: ['a', 'e'], calibration: ['b'], test: ['c'] } as Record<string, unknown>,
});

function writeDataset(folder: string, json: string): string {
  for (const part of ['imagesTr', 'labelsTr']) mkdirSync(path.join(folder, part));
  for (const name of names) {
    writeFileSync(path.join(folder, 'imagesTr', `${name}.nii`), plain1);
    writeFileSync(path.join(folder, 'labelsTr', `${name}.nii.gz`), label);
  }
  writeFileSync(path.join(folder, 'dataset.json'), json);
  return folder;
}

export function addDatasets(corpus: Corpus): void {
  const text = JSON.stringify(sound());
  const add = (kind: string, json: string, expect: Entry['expect'], more: Partial<Entry> = {}) =>
    corpus.addMade((folder) => writeDataset(folder, json), {
      reader: 'dataset',
      kind: `dataset ${kind}`,
      expect,
      ...more,
    });
  const changed = (
    kind: string,
    expect: Entry['expect'],
    set: (json: ReturnType<typeof sound> & Record<string, unknown>) => void,
  ) => {
    const json = sound();
    set(json);
    add(kind, JSON.stringify(json), expect);
  };
  add('untouched', text, 'valid');
  for (let i = 0; i < 40; i++) add('truncated', text.slice(0, Math.floor((i * text.length) / 40)), 'error');
  for (let i = 0; i < 80; i++) {
    const at = corpus.integer(text.length);
    add('characters', text.slice(0, at) + String.fromCharCode(corpus.integer(256)) + text.slice(at + 1), 'either');
  }
  const escapes = [
    '../a.nii',
    '/etc/passwd',
    'imagesTr/../../a.nii',
    '..',
    '.',
    '',
    './',
    'a\\..\\b.nii',
    'C:/a.nii',
    'a\n.nii',
    '\u0000.nii',
    './imagesTr/',
  ];
  for (const image of escapes) {
    changed('escaping path', 'error', (json) => json.training.push({ image, label: './labelsTr/a.nii.gz' }));
    if (image)
      changed('escaping path', 'error', (json) => json.training.push({ image: './imagesTr/a.nii', label: image }));
  }
  const wrong = [null, 1, -1, 1e308, true, '', 'x', [], {}, [[]], [null], { a: null }, { a: [{}] }];
  for (const key of [
    'name',
    'modality',
    'labels',
    'training',
    'split',
    'target',
    'group',
    'intensityOffset',
    'channel_names',
    'file_ending',
  ]) {
    for (const value of wrong) changed(`wrong ${key}`, 'either', (json) => Object.assign(json, { [key]: value }));
  }
  for (const name of ['__proto__', '.', '..', 'a/b', 'a\\b', 'a\nb', 'n'.repeat(201), '']) {
    changed('refused name', 'error', (json) => Object.assign(json, { name }));
  }
  for (const name of ['constructor', 'toString', 'hasOwnProperty', '心臓', '__defineGetter__']) {
    changed('odd name', 'valid', (json) => Object.assign(json, { name }));
  }
  for (const inner of ['{"polluted":1}', 'null', '[]']) {
    add('__proto__ key', text.replace('{', `{"__proto__":${inner},`), 'error');
    add('__proto__ key', text.replace('"labels":{', `"labels":{"__proto__":${inner},`), 'error');
    add('constructor key', text.replace('{', '{"constructor":{"prototype":{"polluted":1}},'), 'valid');
  }
  const weighed = { weighed: true, allowance: 2 ** 26 };
  for (const deep of [1e3, 1e5, 1e6]) {
    add('deep nesting', text.replace('{', `{"deep":${'['.repeat(deep)}${']'.repeat(deep)},`), 'either', weighed);
  }
  const many = (value: string, n: number) => `[${new Array<string>(n).fill(value).join(',')}]`;
  for (const [value, n] of [
    ['0', 200_000],
    ['[]', 4_000_000],
    ['{}', 100_000],
    ['"a"', 250_000],
  ] as const) {
    add('huge array', text.replace(/"training":\[.*?\]/, `"training":${many(value, n)}`), 'error', weighed);
    add('huge array', text.replace('"heart"}', `"heart","x":${many(value, n)}}`), 'either', weighed);
    add('huge array', text.replace('"train":["a","e"]', `"train":${many(value, n)}`), 'either', weighed);
  }
  // References on another grid; a large one behind a small file is refused by its header.
  for (const size of [
    [9, 7, 6],
    [7, 9, 5],
    [2, 2, 2],
    [5, 7, 9],
    [90, 70, 50],
  ] as const) {
    corpus.addMade(
      (folder) => {
        writeDataset(folder, text);
        writeFileSync(path.join(folder, 'labelsTr', 'b.nii.gz'), mask(size));
        return folder;
      },
      { reader: 'dataset', kind: 'label of another shape', expect: 'error' },
    );
  }
  corpus.addMade(
    (folder) => {
      writeDataset(folder, text);
      const large = new Uint8Array(2 ** 26 + 352);
      large.set(plain1.subarray(0, 352));
      const view = new DataView(large.buffer);
      view.setInt16(70, 2, true);
      [1024, 1024, 64].forEach((n, i) => void view.setInt16(42 + 2 * i, n, true));
      writeFileSync(path.join(folder, 'labelsTr', 'b.nii.gz'), gzipSync(large));
      return folder;
    },
    { reader: 'dataset', kind: 'label bomb', expect: 'error', weighed: true },
  );
  const odd: [string, (folder: string) => void][] = [
    ['image is a folder', (folder) => mkdirSync(path.join(folder, 'imagesTr', 'd.nii'))],
    ['image is a loop', (folder) => symlinkSync('d.nii', path.join(folder, 'imagesTr', 'd.nii'))],
    ['image is a device', (folder) => symlinkSync('/dev/zero', path.join(folder, 'imagesTr', 'd.nii'))],
    ['image is missing', () => undefined],
  ];
  for (const [kind, make] of odd) {
    const json = sound();
    json.training.push({ image: './imagesTr/d.nii', label: './labelsTr/a.nii.gz' });
    corpus.addMade(
      (folder) => {
        writeDataset(folder, JSON.stringify(json));
        make(folder);
        return folder;
      },
      { reader: 'dataset', kind, expect: 'error' },
    );
  }
  for (const name of ['dataset.json', 'imagesTr/a.nii', 'labelsTr/a.nii.gz']) {
    corpus.addPipe(
      (folder) => {
        writeDataset(folder, text);
        rmSync(path.join(folder, name));
        return [folder, path.join(folder, name)];
      },
      { reader: 'dataset', kind: 'pipe in a data set', expect: 'error' },
    );
  }
  for (const target of ['.', 'dataset.json', '/dev/zero', '/nowhere']) {
    corpus.addMade(
      (folder) => {
        symlinkSync(target, path.join(folder, 'dataset.json'));
        return folder;
      },
      { reader: 'dataset', kind: 'dataset.json is no file', expect: 'error' },
    );
  }
}

const settings = trainSettings(
  { datasets: [], output: '', preset: 'tiny', steps: 6 },
  { init: null, threads: 1, layers: 'plain', device: 'cpu', datasets: [], version: '0' },
);

export async function addRuns(corpus: Corpus): Promise<void> {
  const weights = new Float32Array(parameterCount(unetParameters(presets.tiny.architecture))).fill(0.5);
  const progress = { step: 4, steps: 6, seconds: 1, validationSeconds: 0, validatedStep: 0, best: null };
  const state = { ...progress, weights, firstMoment: weights, secondMoment: weights, average: weights };
  const checkpoint = await encodeCheckpoint(state);
  const text = JSON.stringify(settings);
  const run = (
    kind: string,
    expect: Entry['expect'],
    files: Record<string, Uint8Array | string>,
    make?: (folder: string) => void,
  ) =>
    corpus.addMade(
      (folder) => {
        const whole = { 'run.json': text, 'checkpoint.bin': checkpoint, 'metrics.jsonl': '{"step":1}\n', ...files };
        for (const [name, bytes] of Object.entries(whole)) {
          if (!make || name !== 'checkpoint.bin') writeFileSync(path.join(folder, name), bytes);
        }
        make?.(folder);
        return folder;
      },
      { reader: 'run', kind: `run ${kind}`, expect, settings },
    );
  run('untouched', 'valid', {});
  for (const cut of corpus.truncations(checkpoint.subarray(0, 4096), 15))
    run('checkpoint truncated', 'error', { 'checkpoint.bin': cut });
  const body = checkpoint.indexOf(10) + 1;
  for (let i = 0; i < 40; i++) {
    run('checkpoint header bits', 'error', { 'checkpoint.bin': corpus.flipped(checkpoint, 0, body - 1, 1) });
  }
  for (let i = 0; i < 10; i++) {
    run('checkpoint body bits', 'error', { 'checkpoint.bin': corpus.flipped(checkpoint, body, checkpoint.length, 1) });
  }
  run('garbage after the checkpoint', 'error', { 'checkpoint.bin': Buffer.concat([checkpoint, new Uint8Array(4)]) });
  for (const length of [1, weights.length - 1, weights.length + 1, 2 ** 31, 2 ** 53 - 1]) {
    const header = JSON.parse(Buffer.from(checkpoint.subarray(0, body)).toString());
    const text = Buffer.from(`${JSON.stringify({ ...header, length })}\n`);
    const signed = Buffer.concat([text, checkpoint.subarray(body, -64)]);
    for (const whole of [signed, signed.subarray(0, -3)]) {
      const hash = createHash('sha256').update(whole).digest('hex');
      run('checkpoint of a false length', 'error', { 'checkpoint.bin': Buffer.concat([whole, Buffer.from(hash)]) });
    }
  }
  for (const n of [1, 7, weights.length - 1, 2 * weights.length]) {
    const other = new Float32Array(n);
    const moved = { ...state, weights: other, firstMoment: other, secondMoment: other, average: other };
    run('checkpoint of another network', 'error', { 'checkpoint.bin': await encodeCheckpoint(moved) });
  }
  for (const change of [{ steps: null }, { steps: 7 }, { step: 9 }, { step: -1 }, { seconds: -1 }]) {
    run('checkpoint that contradicts the run', 'error', {
      'checkpoint.bin': await encodeCheckpoint({ ...state, ...change }),
    });
  }
  for (const bad of [
    '',
    '{',
    'null',
    '[]',
    '1',
    '{}',
    '['.repeat(1e5),
    '{"__proto__":{"polluted":1}}',
    text.replace('"seed":0', '"seed":4'),
  ]) {
    run('damaged run.json', 'error', { 'run.json': bad });
  }
  for (const log of [
    '',
    'null\n',
    '{\n{"step":1}',
    '['.repeat(1e5),
    '\u0000\n',
    '{"step":"x"}\n',
    `${'{"step":1}\n'.repeat(1e4)}`,
  ]) {
    run('damaged log', 'valid', { 'metrics.jsonl': log });
  }
  run('checkpoint is a folder', 'error', {}, (folder) => mkdirSync(path.join(folder, 'checkpoint.bin')));
  run('checkpoint is a loop', 'error', {}, (folder) =>
    symlinkSync('checkpoint.bin', path.join(folder, 'checkpoint.bin')),
  );
  run('checkpoint is a device', 'error', {}, (folder) => symlinkSync('/dev/zero', path.join(folder, 'checkpoint.bin')));
  corpus.addMade((folder) => folder, { reader: 'run', kind: 'run folder that is empty', expect: 'error', settings });
}
