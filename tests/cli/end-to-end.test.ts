/** The verbs as a user types them one after another, on one tiny model trained on small phantoms. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { candor, ensureBuilt, type Outcome, outcomeOf, start } from './run-candor.js';
import { writeSmallPhantoms } from './small-phantoms.js';

let folder: string;
let trained: Outcome;

const run = (...args: string[]) => candor(args, { cwd: folder });
const inFolder = (...parts: string[]) => path.join(folder, ...parts);
const trainArguments = ['train', 'data/kidney', 'data/ventricle', '--preset', 'tiny', '--steps'];

beforeAll(async () => {
  await ensureBuilt();
  folder = await mkdtemp(path.join(os.tmpdir(), 'candor-end-to-end-'));
  await writeSmallPhantoms(inFolder('data'));
  trained = await run(...trainArguments, '40', '-o', 'model.onnx');
  await mkdir(inFolder('batch'));
  const knee = inFolder('data/ood/knee/knee_001.nii.gz');
  await copyFile(knee, inFolder('batch/knee_001.nii.gz'));
  await copyFile(inFolder('data/kidney/imagesTr/kidney_009.nii.gz'), inFolder('batch/kidney_009.nii.gz'));
  await writeFile(inFolder('batch/broken.nii.gz'), (await readFile(knee)).subarray(0, 2000));
  await writeFile(inFolder('file'), '');
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Numbers that depend on the machine, as #. */
const withoutNumbers = (text: string) => text.replace(/\d+\.\d+/g, '#').replace(/ {2,}/g, '  ');

describe('train', () => {
  test('prints the model, its figures and the next command; progress goes to stderr', () => {
    expect(trained.code).toBe(0);
    expect(withoutNumbers(trained.stdout).replace(/in [\dmins ]+\)/, 'in #)')).toBe(
      [
        'model.onnx  (40 steps in #)',
        '  task  calibration Dice  temperature',
        '  kidney  #  #',
        '  ventricle  #  #',
        'Next: candor predict model.onnx -i <images> -o predictions',
        '',
      ].join('\n'),
    );
    expect(trained.stderr).toMatch(/^train {6}40 steps in .+ {2}loss \d\.\d{3} {2}Dice kidney \d\.\d\d, ventricle/m);
    expect(trained.stderr).not.toContain('error');
    expect(trained.stderr).not.toContain('\u001b');
  });

  test('Ctrl-C stops after a step with 130, and --resume goes on', async () => {
    const args = [...trainArguments, '25', '-o', 'stopped.onnx'];
    const child = start(args, { cwd: folder });
    const ended = outcomeOf(child);
    while (!(await stat(inFolder('stopped.run/metrics.jsonl')).catch(() => undefined))?.size) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toContain('stopping after this step; go on later with --resume');
    const done = async () => (await readFile(inFolder('stopped.run/metrics.jsonl'), 'utf8')).trim().split('\n').length;
    expect(await done()).toBeLessThan(25);

    const again = await run(...args, '--quiet');
    expect(again).toMatchObject({ code: 3, stdout: '' });
    expect(again.stderr).toMatch(/^error: .*stopped\.run: .*--resume/);
    const resumed = await run(...args, '--resume', '--quiet', '--json');
    expect({ code: resumed.code, stderr: resumed.stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(resumed.stdout)).toMatchObject({ model: 'stopped.onnx', steps: 25 });
    expect(await done()).toBe(25);
  });

  test('an output that cannot be written is found out before the work', async () => {
    const { code, stdout, stderr } = await run(...trainArguments, '1000000', '-o', 'file/model.onnx', '--quiet');
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' });
    expect(stderr).toMatch(/^error: file.*: a file of that name is in the way|a part of the path is a file[^\n]*\n$/);
  });
});

describe('predict', () => {
  test('one bad image in a batch does not stop the others, and the exit code says so', async () => {
    const { code, stdout, stderr } = await run('predict', 'model.onnx', '-i', 'batch', '-o', 'out', '--alpha', '0.25');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error: batch\/broken\.nii\.gz: [^\n]+\n$/m);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^case +verdict +p +nearest task +volume +est\. Dice +mask$/);
    expect(lines[1]).toMatch(/^kidney_009 .* ml .* kidney_009\.nii\.gz$/);
    expect(lines[2]).toMatch(/^knee_001 .* ml .* knee_001\.nii\.gz$/);
    expect(lines.slice(3)).toEqual([
      '',
      expect.stringMatching(/^3 images: .*, 1 could not be done\. Results are in out\.$/),
      '',
    ]);
    expect((await readdir(inFolder('out'))).sort()).toEqual([
      'kidney_009.json',
      'kidney_009.nii.gz',
      'knee_001.json',
      'knee_001.nii.gz',
      'summary.json',
    ]);
  });

  test('--json prints summary.json and nothing else', async () => {
    const { code, stdout, stderr } = await run(
      ...['predict', 'model.onnx', '-i', 'data/ood/knee', '-o', 'json', '--json', '--quiet', '--save-probabilities'],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const summary = JSON.parse(stdout);
    expect(summary).toEqual(JSON.parse(await readFile(inFolder('json/summary.json'), 'utf8')));
    expect(summary.cases.map((c: { case: string }) => c.case)).toEqual(['knee_001', 'knee_002']);
    expect(summary.cases[0].files.probabilities).toBe('knee_001_prob.nii.gz');
    // Six calibration images support no alpha of 0.05.
    expect(summary.cases[0].verdict).toBe('undetermined');
  });

  test('an image that is not there is a case that failed', async () => {
    const { code, stdout, stderr } = await run('predict', 'model.onnx', '-i', 'absent.nii.gz', '-o', 'x', '--quiet');
    expect(code).toBe(3);
    expect(stdout).toMatch(/1 image: 1 could not be done/);
    expect(stderr).toMatch(/^error: absent\.nii\.gz: [^\n]*no such file[^\n]*\n$/);
  });

  test('a refused image has no mask and ends with 4', async () => {
    const args = ['predict', 'model.onnx', '-i', 'batch/knee_001.nii.gz', '-o', 'refused', '--alpha', '0.25'];
    const { code, stdout } = await run(...args, '--on-ood', 'refuse', '--quiet');
    expect(stdout).toMatch(/knee_001 +OUT OF DISTRIBUTION +0\.250 .* - +not written\n/);
    expect(code).toBe(4);
    expect(await readdir(inFolder('refused'))).not.toContain('knee_001.nii.gz');
    // Bad input wins.
    expect((await run('predict', 'model.onnx', '-i', 'batch', ...args.slice(4), '--on-ood', 'refuse')).code).toBe(3);
  });

  test.each([
    [
      'a task that the model does not know',
      ['-i', 'batch', '-o', 'x', '--task', 'spleen'],
      2,
      /spleen.*kidney, ventricle/,
    ],
    ['an empty folder', ['-i', 'data/kidney', '-o', 'x'], 3, /data\/kidney: expected images \(\.nii, \.nii\.gz/],
    ['an output under a file', ['-i', 'batch', '-o', 'file/out'], 5, /file\/out: .*a part of the path is a file/],
  ])('%s', async (_, args, expected, message) => {
    const { code, stdout, stderr } = await run('predict', 'model.onnx', ...args, '--quiet');
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });
});

describe('inspect', () => {
  test('prints the card', async () => {
    const { code, stdout, stderr } = await run('inspect', 'model.onnx');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^model: 3D U-Net, 8-16-32 channels, [\d,]+ weights\nsha256 [0-9a-f]{64}\n/);
    const card = withoutNumbers(stdout);
    expect(card).toContain('  kidney  CT  kidney  4 / 3 / 2\n');
    expect(card).toContain('  ventricle  MR  lateral ventricles  4 / 3 / 2\n');
    expect(stdout).toMatch(/^ {2}kidney +4 +3 +0\.250$/m);
    expect(stdout).toMatch(/^ {2}all together +8 +6 +0\.143$/m);
    expect(stdout).toMatch(/^ {2}40 steps in .*, seed 0$/m);
  });

  test('a reader that goes away is no error', async () => {
    const child = start(['inspect', 'model.onnx', '--json'], { cwd: folder });
    child.stdout!.destroy();
    const { code, stderr } = await outcomeOf(child);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ['with changed weights', (bytes: Buffer) => bytes.fill(0x3c, bytes.length >> 1, (bytes.length >> 1) + 64)],
    ['empty', () => Buffer.alloc(0)],
  ])('a model file %s is refused with 3', async (_, damage) => {
    await writeFile(inFolder('damaged.onnx'), damage(await readFile(inFolder('model.onnx'))));
    const { code, stdout, stderr } = await run('inspect', 'damaged.onnx');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^error: damaged\.onnx: expected [^\n]+\n$/);
  });
});

describe('evaluate', () => {
  test('prints the tables and writes the report', async () => {
    const { code, stdout } = await run(
      ...['evaluate', 'model.onnx', 'data/kidney', 'data/ventricle', '--ood', 'data/ood/knee', '-o', 'report'],
      ...['--alpha', '0.25', '--quiet'],
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^task +n +Dice \(95 % interval\) +ECE near the organ +temperature\nkidney +2 +\d\.\d{3}/);
    expect(stdout).toMatch(/^Spectral signature, all layers +\d\.\d{3}.* [012] of 2$/m);
    expect(stdout).toMatch(/^Voxel entropy +\d\.\d{3}/m);
    expect(stdout).toMatch(/^all tasks +[0-4] of 4 +\d to \d$/m);
    expect(stdout).toMatch(/\nReport: report\/report\.html\n$/);
    expect((await readdir(inFolder('report'))).sort()).toEqual(['cases.csv', 'report.html', 'summary.json']);
  });

  test('a data set that the model was not trained on', async () => {
    await mkdir(inFolder('other'));
    const json = JSON.parse(await readFile(inFolder('data/kidney/dataset.json'), 'utf8'));
    await writeFile(inFolder('other/dataset.json'), JSON.stringify({ ...json, name: 'spleen' }));
    const { code, stderr } = await run('evaluate', 'model.onnx', 'other', '-o', 'report', '--quiet');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error: .*other: expected a task of the model \(kidney, ventricle\), found spleen\.\n$/);
  });
});
