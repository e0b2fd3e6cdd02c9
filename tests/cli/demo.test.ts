/** The demonstration from its first line to its last, on small phantoms and few steps. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { demoText } from '../../src/cli/demo-text.js';
import type { Progress } from '../../src/job-options.js';
import { type DemoResult, demo } from '../../src/jobs/demo.node.js';
import { candor, ensureBuilt } from './run-candor.js';
import { smallPhantoms } from './small-phantoms.js';

let folder: string;
let result: DemoResult;
const stages = new Set<Progress['stage']>();

beforeAll(async () => {
  await ensureBuilt();
  folder = await mkdtemp(path.join(os.tmpdir(), 'candor-demo-'));
  result = await demo({
    output: path.join(folder, 'first'),
    phantoms: smallPhantoms,
    steps: 20,
    onProgress: ({ stage }) => stages.add(stage),
  });
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('makes data, learns, measures and meets one image of each kind', async () => {
  expect([...stages]).toEqual(['phantoms', 'check', 'prepare', 'train', 'calibrate', 'evaluate']);
  expect(result.tasks.map(({ name, cases }) => [name, cases])).toEqual([
    ['kidney', { train: 4, calibration: 3, test: 2 }],
    ['ventricle', { train: 4, calibration: 3, test: 2 }],
  ]);
  expect(Object.keys(result.summary.tasks)).toEqual(['kidney', 'ventricle']);
  expect(result.summary.ood.detectors['soft-maximum'].knee.n).toBe(2);
  expect(result.examples.map(({ set, ood }) => [set, ood])).toEqual([
    ['kidney', false],
    ['knee', true],
  ]);
  expect(result.examples[0].dice).toBeGreaterThanOrEqual(0);
  expect(result.examples[1].dice).toBeNull();
  expect(await readdir(path.join(folder, 'first'))).toEqual([
    'data',
    'model.onnx',
    'model.run',
    'predictions',
    'report',
  ]);
});

test('tells its story', () => {
  const text = demoText(result);
  expect(text).toContain('kidney (CT) and ventricle (MR), one network; never shown: knee');
  expect(text).toMatch(/20 steps in .* -> .*first\/model\.onnx\n/);
  expect(text).toMatch(/A new kidney scan: .*kidney_008\.nii\.gz\n {4}[^\n]+p = /);
  expect(text).toMatch(/Of an OOD set, a knee scan: .*knee_001\.nii\.gz\n {4}[^\n]+p = /);
  expect(text).toContain(`Report    ${result.report}`);
});

test('runs on a folder of data sets, and again where its run is finished', async () => {
  const args = ['demo', '--data', path.join(folder, 'first/data'), '-o', 'own', '--steps', '3', '--threads', '1'];
  const first = await candor(args, { cwd: folder });
  expect({ code: first.code, error: first.stderr.includes('error') }).toEqual({ code: 0, error: false });
  expect(first.stdout).toMatch(
    /^Candor learns the tasks in .*first\/data at once, .*\nEverything it makes goes to own\/\.\n\nLearned/,
  );
  expect(first.stdout).toMatch(/\nReport +own\/report\/report\.html\n/);

  const again = await candor([...args, '--quiet', '--json'], { cwd: folder });
  expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: '' });
  const { training, phantoms } = JSON.parse(again.stdout);
  expect({ steps: training.steps, phantoms }).toEqual({ steps: 3, phantoms: false });

  // Other settings: the run is begun anew.
  const other = await candor([...args, '--seed', '7', '--quiet', '--json'], { cwd: folder });
  expect(other.code).toBe(0);
});
