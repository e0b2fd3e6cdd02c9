/** `candor check` on phantoms and on copies of them with faults of every kind. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CheckReport, checkReportSchema } from '../../src/datasets/check-report.js';
import { candor, ensureBuilt, outcomeOf, root, start } from './run-candor.js';
import { writeSmallPhantoms } from './small-phantoms.js';

let folder: string;
let sound: string[];
let damaged: string;
const case_ = (n: number) => `kidney_00${n}`;

beforeAll(async () => {
  await ensureBuilt();
  folder = await mkdtemp(path.join(os.tmpdir(), 'candor-check-'));
  sound = [...(await writeSmallPhantoms(path.join(folder, 'sound'))).datasets];
  damaged = path.join(folder, 'damaged');
  const kidney = sound.find((set) => path.basename(set) === 'kidney')!;
  await cp(kidney, damaged, { recursive: true });
  const at = (part: string, n: number) => path.join(damaged, part, `${case_(n)}.nii.gz`);
  // Cases 1 to 4 are for training, 5 to 7 for calibration, 8 and 9 for testing.
  for (const part of ['imagesTr', 'labelsTr']) await cp(at(part, 1), at(part, 9));
  const whole = await readFile(at('imagesTr', 2));
  await writeFile(at('imagesTr', 2), whole.subarray(0, whole.length - 200));
  await rm(at('labelsTr', 3));
  for (const n of [4, 5, 6, 7]) await cp(at('imagesTr', n), at('labelsTr', n));
  await writeFile(at('imagesTr', 8), 'no image');
  const json = JSON.parse(await readFile(path.join(damaged, 'dataset.json'), 'utf8'));
  json.split.test.push('kidney_099');
  await writeFile(path.join(damaged, 'dataset.json'), JSON.stringify(json));
}, 180_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const report = (stdout: string): CheckReport => checkReportSchema.parse(JSON.parse(stdout));
const kindsOf = ({ datasets: [{ findings }] }: CheckReport) => findings.map((f) => `${f.severity} ${f.kind} ${f.case}`);
const headerErrors = [
  'error unknown-case-in-split kidney_099',
  'error missing-label kidney_003',
  'error unreadable-image kidney_008',
];

test('sound data sets: nothing on stderr, a verdict, and 0', async () => {
  const { code, stdout, stderr } = await candor(['check', ...sound, '--quiet']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const set of sound) expect(stdout).toContain(`${path.basename(set)}  (9 cases)\n`);
  expect(stdout).toContain(`${sound.length} data sets, ${9 * sound.length} cases: 0 errors, 0 warnings and`);
  expect(stdout).toMatch(/\nFit for training\.\n$/);
});

describe('a damaged data set', () => {
  test('--json: every finding of headers and voxels, the same for any number of threads, and 3', async () => {
    const [one, four] = await Promise.all(
      ['1', '4'].map((threads) => candor(['check', damaged, '--json', '--quiet', '--threads', threads])),
    );
    expect({ ...one, stdout: '' }).toEqual({ code: 3, stdout: '', stderr: '' });
    expect(four).toEqual(one);
    const found = report(one.stdout);
    expect(kindsOf(found).filter((line) => !line.startsWith('note'))).toEqual([
      ...headerErrors,
      'error unreadable-image kidney_002',
      'error duplicate-image kidney_009',
      ...[4, 5, 6, 7].map((n) => `error unknown-label-value kidney_00${n}`),
    ]);
    expect(found).toMatchObject({ verdict: 'errors', quick: false, counts: { errors: 9, warnings: 0 } });
    expect(found.datasets[0].counts).toEqual(found.counts);
  });

  test('as text: repeated findings are summarised, each kind has an advice', async () => {
    const { code, stdout } = await candor(['check', damaged, '--quiet']);
    expect(code).toBe(3);
    expect(stdout).toContain(
      '  error unknown-label-value: 4 of 9 cases\n    labelsTr/kidney_004.nii.gz: label values ',
    );
    expect(stdout).toContain('    ... and 1 more (--json lists all)\n    -> Name them there or mend the label.\n');
    expect(stdout).not.toContain('kidney_007');
    expect(stdout).toMatch(/: 9 errors, 0 warnings and \d notes?\.\nNot fit for training: mend the errors first\.\n$/);
  });

  test('--quick: headers only', async () => {
    const { code, stdout } = await candor(['check', damaged, '--quick', '--json']);
    expect(code).toBe(3);
    expect(kindsOf(report(stdout)).filter((line) => !line.startsWith('note'))).toEqual(headerErrors);
    const text = await candor(['check', sound[0], '--quick']);
    expect(text.stdout).toContain('Fit for training. As far as headers tell;');
  });

  test('stops train before any work, with a line for every error, even if quiet', async () => {
    const output = path.join(folder, 'm.onnx');
    const { code, stdout, stderr } = await candor(['train', damaged, '-o', output, '--steps', '1', '--quiet']);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    const lines = stderr.trimEnd().split('\n');
    expect(lines.length).toBe(headerErrors.length);
    for (const line of lines) expect(line).toMatch(/^error: .+damaged.+\.$/);
    await expect(readFile(path.join(folder, 'm.run', 'run.json'))).rejects.toThrow('ENOENT');
  });
});

test('a folder that is no data set does not keep the others from being checked', async () => {
  const absent = path.join(folder, 'absent');
  const { code, stdout } = await candor(['check', absent, sound[0], sound[0], '--json', '--quiet', '--quick']);
  expect(code).toBe(3);
  const { datasets } = report(stdout);
  expect(datasets.map(({ cases, counts }) => [cases, counts.errors])).toEqual([
    [0, 1],
    [9, 0],
    [9, 1],
  ]);
  expect(datasets[0].findings[0]).toMatchObject({
    kind: 'unusable-dataset',
    message: expect.stringContaining('no such file or folder'),
  });
  expect(datasets[2].findings[0].kind).toBe('dataset-name-twice');
});

test('warnings alone end with 0', async () => {
  const set = path.join(folder, 'warned');
  await cp(sound[0], set, { recursive: true });
  await cp(
    path.join(set, 'labelsTr', `${path.basename(sound[0])}_001.nii.gz`),
    path.join(set, 'labelsTr/other.nii.gz'),
  );
  const { code, stdout } = await candor(['check', set, '--quiet']);
  expect(code).toBe(0);
  expect(stdout).toContain('warning label-without-image\n    labelsTr/other.nii.gz: the file belongs to no case');
  expect(stdout).toMatch(/1 warning and .*\nFit for training, if the warnings are meant to be\.\n$/);
});

describe('the pool of processes as built', () => {
  type Pool = typeof import('../../src/datasets/scan-pool.node.js');
  const load = async (): Promise<Pool> => import(path.join(root, 'dist/datasets/scan-pool.node.js'));
  const jobs = (repeat: number) =>
    Array.from({ length: repeat }, () => sound)
      .flat()
      .flatMap((set) =>
        Array.from({ length: 9 }, (_, i) => {
          const name = `${path.basename(set)}_00${i + 1}`;
          const [image, label] = ['imagesTr', 'labelsTr'].map((part) => path.join(set, part, `${name}.nii.gz`));
          return { case: { name, group: name, image, label, annotated: null }, bytes: 1000 };
        }),
      );

  test('gives in order what one process gives', async () => {
    const { scanCases } = await load();
    const [one, many] = await Promise.all([1, 3].map((processes) => scanCases(jobs(1), { processes })));
    expect(many).toEqual(one);
    expect(one.map(({ label }) => label && 'values' in label && label.values)).toEqual(one.map(() => [0, 1]));
  });

  test('is cancelled between cases', async () => {
    const { scanCases } = await load();
    const controller = new AbortController();
    let scanned = 0;
    const onScan = () => {
      if (++scanned === 2) controller.abort();
    };
    const run = scanCases(jobs(20), { processes: 2, signal: controller.signal, onScan });
    await expect(run).rejects.toMatchObject({ tag: 'CancelledError' });
    expect(scanned).toBeLessThan(50);
  });
});

test('Ctrl-C ends with 130 and no report', async () => {
  const child = start(['check', ...sound, '--json']);
  const outcome = outcomeOf(child);
  // The first sign of life: handlers stand before data sets are opened.
  const timer = setInterval(() => child.kill('SIGINT'), 150);
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal })),
  );
  clearInterval(timer);
  const { stdout } = await outcome;
  // On a fast machine the check may be over first; a stopped one leaves nothing on stdout.
  if (code === 0) report(stdout);
  else expect({ stopped: code === 130 || signal === 'SIGINT', stdout }).toEqual({ stopped: true, stdout: '' });
});
