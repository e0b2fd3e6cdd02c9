/** Full disks, read-only file systems and missing rights: exit code 5, nothing half-written, no work lost. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCodeOf } from '../../src/cli/exit-code.js';
import { CancelledError, OutputError } from '../../src/errors.js';
import { readImage } from '../../src/formats/image-file.node.js';
import { evaluate } from '../../src/jobs/evaluate.node.js';
import { predict } from '../../src/jobs/predict.node.js';
import { train } from '../../src/jobs/train.node.js';
import { readModel } from '../../src/model/read-model.node.js';
import type { TrainOptions } from '../../src/training/train-options.js';
import { ballName, temporaryFolder, writeBallDatasets } from '../support/ball-data.js';
import { ballTasks } from '../support/balls.js';
import { digest } from '../support/digest.js';

const folder = temporaryFolder();
const at = (...parts: string[]) => path.join(folder.path, ...parts);
const mounted: string[] = [];
afterAll(() => {
  for (const mount of mounted) execFileSync('umount', [mount]);
  folder.remove();
});

/** A file system of its own; undefined where this user may not mount one. */
function mount(name: string, options: string): string | undefined {
  const target = at(name);
  mkdirSync(target);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', target], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  mounted.push(target);
  return target;
}

const canMount = (() => {
  const target = mount('trial', 'size=64k');
  return target !== undefined;
})();
/** Root passes every check of rights, so it becomes nobody for a while. */
const isRoot = process.getuid?.() === 0;
const canLackRights = process.platform !== 'win32';
const NOBODY = 65534;
if (!canMount)
  console.warn('unwritable.test: no file system can be mounted here; full and read-only disks are skipped');
if (!canLackRights) console.warn('unwritable.test: no rights to take away here; skipped');

async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  if (!isRoot) return act();
  process.seteuid!(NOBODY);
  try {
    return await act();
  } finally {
    process.seteuid!(0);
  }
}

let datasets: string[];
const settings = (output: string, changes: Partial<TrainOptions> = {}): TrainOptions => ({
  ...{ datasets, output, preset: 'tiny', steps: 4, batch: 3, seed: 3, threads: 1 },
  ...changes,
});
const images = () => [7, 8].map((i) => path.join(datasets[0], 'imagesTr', `${ballName(ballTasks[0], i)}.nii.gz`));
const jobs = {
  train: (output: string) => train(settings(path.join(output, 'new.onnx'))),
  predict: (output: string) => predict({ model: at('m.onnx'), inputs: images(), output, threads: 1 }),
  evaluate: (output: string) => evaluate({ model: at('m.onnx'), datasets: datasets.slice(0, 1), output, threads: 1 }),
};
type Verb = keyof typeof jobs;
const verbs = Object.keys(jobs) as Verb[];

beforeAll(async () => {
  datasets = writeBallDatasets(at('data'));
  await train(settings(at('m.onnx')));
});

async function failsToWrite(job: () => Promise<unknown>, reason: RegExp, place: string): Promise<void> {
  const error = await job().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(OutputError);
  expect(exitCodeOf(error)).toBe(5);
  expect((error as Error).message).toMatch(reason);
  expect((error as Error).message).toContain(place);
}

/** What is there is whole. */
async function expectWhole(place: string): Promise<string[]> {
  const files = (readdirSync(place, { recursive: true }) as string[]).map((name) => path.join(place, name));
  for (const file of files) {
    expect(file).not.toMatch(/\.part$/);
    if (file.endsWith('.json')) JSON.parse(readFileSync(file, 'utf8'));
    if (file.endsWith('.nii.gz')) await readImage(file);
    if (file.endsWith('.html')) expect(readFileSync(file, 'utf8').trimEnd()).toMatch(/<\/html>$/);
    if (file.endsWith('.onnx')) await readModel(file);
  }
  return files;
}

/** Take all room but so many bytes. */
function fill(place: string, left: number): string {
  const { bavail, bsize } = statfsSync(place);
  const filler = path.join(place, 'filler');
  writeFileSync(filler, new Uint8Array(Math.max(0, bavail * bsize - left)));
  return filler;
}

describe.skipIf(!canMount)('a full disk', () => {
  it.each(verbs)('ends %s with nothing half-written, wherever it is met', async (verb) => {
    for (const pages of verb === 'train' ? [0, 4] : [0, 1, 2, 3]) {
      const place = mount(`full-${verb}-${pages}`, 'size=64k')!;
      const filler = fill(place, 4096 * pages);
      await failsToWrite(() => jobs[verb](place), /no space left/, place);
      rmSync(filler);
      await expectWhole(place);
    }
  });

  it('in the middle of training costs no more than the steps since the last checkpoint', async () => {
    const place = mount('run', 'size=8m')!;
    const controller = new AbortController();
    const run = path.join(place, 'run');
    const options = settings(at('resumed.onnx'), { run });
    const stopped = train({
      ...options,
      signal: controller.signal,
      onProgress: ({ stage, done }) => {
        if (stage === 'train' && done === 2) controller.abort();
      },
    });
    await expect(stopped).rejects.toThrow(CancelledError);
    const checkpoint = readFileSync(path.join(run, 'checkpoint.bin'));
    let filler = '';
    const filling = train({
      ...options,
      resume: true,
      onProgress: ({ stage, done }) => {
        if (stage === 'train' && done === 3) filler = fill(place, 0);
      },
    });
    await failsToWrite(() => filling, /no space left/, run);
    expect(readFileSync(path.join(run, 'checkpoint.bin')).equals(checkpoint)).toBe(true);
    expect(existsSync(at('resumed.onnx'))).toBe(false);
    expect(readdirSync(run).filter((name) => name.endsWith('.part'))).toEqual([]);
    rmSync(filler);
    await train({ ...options, resume: true });
    const [resumed, undisturbed] = [await readModel(at('resumed.onnx')), await readModel(at('m.onnx'))];
    expect(digest(resumed.weights)).toBe(digest(undisturbed.weights));
  });
});

describe.skipIf(!canMount)('a read-only file system', () => {
  it.each(verbs)('ends %s', async (verb) => {
    const place = mount(`read-only-${verb}`, 'size=64k,ro')!;
    await failsToWrite(() => jobs[verb](place), /read-only/, place);
    await failsToWrite(() => jobs[verb](path.join(place, 'new')), /read-only/, place);
  });
});

describe.skipIf(!canLackRights)('missing rights', () => {
  it.each(verbs)('end %s', async (verb) => {
    chmodSync(folder.path, 0o755);
    const place = at(`locked-${verb}`);
    mkdirSync(place);
    chmodSync(place, 0o555);
    await asNobody(() => failsToWrite(() => jobs[verb](place), /permission denied/, place));
    await asNobody(() => failsToWrite(() => jobs[verb](path.join(place, 'new')), /permission denied/, place));
    expect(readdirSync(place)).toEqual([]);
  });

  it('to read are bad input, by name', async () => {
    const locked = at('unreadable');
    mkdirSync(locked);
    writeFileSync(path.join(locked, 'scan.nii.gz'), readFileSync(images()[0]));
    mkdirSync(at('open'));
    chmodSync(at('open'), 0o777);
    chmodSync(locked, 0o000);
    const wanted = { model: at('m.onnx'), output: at('open'), threads: 1 };
    const job = asNobody(() => predict({ ...wanted, inputs: [locked] }));
    await expect(job).rejects.toThrow(/unreadable: cannot be listed: permission denied/);
    chmodSync(at('m.onnx'), 0o000);
    const unreadable = asNobody(() => predict({ ...wanted, inputs: images() }));
    await expect(unreadable).rejects.toThrow(/m\.onnx: expected a model file, but permission denied/);
    chmodSync(at('m.onnx'), 0o644);
    chmodSync(locked, 0o755);
  });
});
