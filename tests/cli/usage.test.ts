/** What the command line says before any work is done: help, wrong usage and bad paths, with exact exit codes. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { candor, ensureBuilt, root } from './run-candor.js';

let folder: string;

beforeAll(async () => {
  await ensureBuilt();
  folder = await mkdtemp(path.join(os.tmpdir(), 'candor-usage-'));
}, 180_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs in a folder of its own and must end with nothing on stdout and exactly one line of error. */
async function errorOf(...args: string[]): Promise<{ code: number | null; error: string }> {
  const { code, stdout, stderr } = await candor(args, { cwd: folder });
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^error: [^\n]+\n$/);
  return { code, error: stderr.slice('error: '.length, -1) };
}

describe('help', () => {
  test('names every verb and exit code', async () => {
    const { code, stdout, stderr } = await candor(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatchInlineSnapshot(`
      "Usage: candor [options] [command]

      Segmentation of medical images that says how sure it is, and whether it should
      be believed at all.

      Options:
        --version                                print the version
        -h, --help                               show help

      Commands:
        check [options] <dataset...>             find what is wrong with data sets
        train [options] <dataset...>             train one model on one or several data sets
        predict [options] <model> [others...]    segment images and say whether to believe the masks
        evaluate [options] <model> <dataset...>  measure accuracy, calibration and out-of-distribution detection
        inspect [options] <model>                show a model card
        demo [options]                           see it all in a few minutes, on digital phantoms

      Exit codes:
        0 done; 1 internal error; 2 wrong usage; 3 bad input, also if only a part of it was bad;
        4 refused as out of distribution (--on-ood refuse); 5 output cannot be written; 130 cancelled
      "
    `);
  });

  test.each([
    [
      'train',
      '--output --preset --steps --minutes --seed --batch --patch --spacing --plans --plan-only --balance --structures --absent --loss --dropout --learning-rate --validation-cases --checkpoint-every --init --run --resume --cache --no-cache --cache-size --threads --device --json --quiet --help',
    ],
    [
      'predict',
      '--input --output --task --alpha --format --save-probabilities --save-ood-map --on-ood --keep-largest --no-keep-largest --continue --num-parts --part-id --intensity-offset --mc --seed --threads --device --json --quiet --help',
    ],
    ['evaluate', '--output --ood --alpha --seed --threads --device --json --quiet --help'],
    ['inspect', '--json --help'],
    ['check', '--quick --seed --threads --json --quiet --help'],
    ['demo', '--output --data --steps --seed --threads --device --json --quiet --help'],
  ])('of %s lists its flags, each explained', async (verb, flags) => {
    const { code, stdout, stderr } = await candor([verb, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const explained = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)(?: <[^>]+>)? {2,}\S/gm)].map(([, flag]) => flag);
    expect(explained).toEqual(flags.split(' '));
  });

  test('lists each verb as its own help does', async () => {
    const { stdout } = await candor(['--help']);
    const listed = [...stdout.matchAll(/^ {2}(\w+ \[options\].*?) {2,}\S/gm)].map(([, usage]) => usage);
    expect(listed.length).toBeGreaterThanOrEqual(5);
    for (const usage of listed) {
      const own = await candor([usage.split(' ')[0], '--help']);
      expect(own.stdout.split('\n')[0]).toBe(`Usage: candor ${usage}`);
    }
  });

  test('of the program loads no verb and no library but commander', async () => {
    // Node names every module that it looks for.
    const { stderr } = await candor(['--help'], { env: { NODE_DEBUG: 'esm' } });
    const loaded = [...stderr.matchAll(/file:\/\/\S*?\/node_modules\/((?:@[\w-]+\/)?[\w-]+)\//g)].map(
      ([, name]) => name,
    );
    expect(new Set(loaded)).toEqual(new Set(['commander']));
    expect(stderr).not.toMatch(/cli\/(?:train|predict|arguments)\.node\.js/);
  });

  test('does not load the engine', async () => {
    const asUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
    const hook = asUrl(`export function resolve(name, context, next) {
      if (name.startsWith('onnxruntime')) throw new Error(name);
      return next(name, context);
    }`);
    const register = asUrl(`import { register } from 'node:module'; register(${JSON.stringify(hook)});`);
    const nodeFlags = ['--import', register];
    expect((await candor(['train', '--help'], { nodeFlags })).code).toBe(0);
    const used = await candor(['predict', 'model.onnx', '-i', 'a.nii', '-o', 'out'], { cwd: folder, nodeFlags });
    expect(used.stderr).toContain('error: onnxruntime-node');
  });

  test('the version is that of the package', async () => {
    const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
    expect(await candor(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('wrong usage ends with 2', () => {
  test('no verb at all: the help, on stderr', async () => {
    const { code, stdout, stderr } = await candor([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: candor /);
  });

  const train = ['train', 'data', '-o', 'm.onnx'];
  const predict = ['predict', 'm.onnx', '-i', 'a.nii', '-o', 'out'];
  // Each waits for a process of its own.
  test.concurrent.each<[string[], string]>([
    [['trian'], "unknown command 'trian' (Did you mean train?)"],
    [[...train, '--stepz', '3'], "unknown option '--stepz' (Did you mean --steps?)"],
    [['train', '-o', 'm.onnx'], "missing required argument 'dataset'"],
    [['train', 'data'], "required option '-o, --output <file>' not specified"],
    [['predict', 'm.onnx', '-o', 'out'], "required option '-i, --input <path...>' not specified"],
    [['inspect', 'a', 'b'], "too many arguments for 'inspect'. Expected 1 argument but got 2."],
    [[...train, '--steps', '1x'], '--steps: expected a whole number of at least 1, found "1x".'],
    [[...train, '--steps', '0'], '--steps: expected a whole number of at least 1, found "0".'],
    [[...train, '--steps', '2.5'], '--steps: expected a whole number of at least 1, found "2.5".'],
    [[...train, '--minutes', '-1'], '--minutes: expected a number of minutes above 0, found "-1".'],
    [[...train, '--steps', '5', '--minutes', '1'], '--steps and --minutes: expected one of the two, found both.'],
    [[...train, '--seed', 'abc'], '--seed: expected a whole number of at least 0, found "abc".'],
    [[...train, '--threads', '0'], '--threads: expected a whole number from 1 to 1024, found "0".'],
    [[...train, '--device', 'tpu'], '--device: expected cpu, webgpu or cuda, found "tpu".'],
    [[...train, '--preset', 'huge'], '--preset: expected tiny, small or base, found "huge".'],
    [[...train, '--loss', 'mse'], '--loss: expected ce+dice, ce or dice, found "mse".'],
    [[...train, '--balance', 'x'], '--balance: expected tasks or cases, found "x".'],
    [[...train, '--patch', '32,32'], '--patch: expected three whole numbers above 0, such as 48,48,32, found "32,32".'],
    [
      [...train, '--spacing', '1,0,1'],
      '--spacing: expected common, per-task, or three numbers above 0 in mm, such as 1,1,2.5, found "1,0,1".',
    ],
    [[...train, '--cache-size', '20'], '--cache-size: expected a size such as 500MB or 20GB, found "20".'],
    [[...train, '--dropout', '0.95'], '--dropout: expected a number from 0 to 0.9, found "0.95".'],
    [[...train, '--learning-rate', 'NaN'], '--learning-rate: expected a number above 0, found "NaN".'],
    [[...predict, '--alpha', '1'], '--alpha: expected a number between 0 and 1, found "1".'],
    [[...predict, '--on-ood', 'panic'], '--on-ood: expected warn or refuse, found "panic".'],
    [[...predict, '--intensity-offset', '1e999'], '--intensity-offset: expected a number, found "1e999".'],
    [[...predict, '--mc', '0'], '--mc: expected a whole number from 1 to 1000, found "0".'],
    [[...predict, '--num-parts', '2'], '--num-parts and --part-id: expected both or neither.'],
    [[...predict, '--num-parts', '2', '--part-id', '2'], '--part-id: expected a part from 0 to 1, found 2.'],
  ])('candor %j', async (args, error) => {
    expect(await errorOf(...args)).toEqual({ code: 2, error });
  });
});

describe('bad input ends with 3', () => {
  test('a model that is not there', async () => {
    expect(await errorOf('inspect', 'absent.onnx')).toEqual({
      code: 3,
      error: 'absent.onnx: expected a model file, but no such file or folder.',
    });
  });

  test('a file that is no model', async () => {
    await writeFile(path.join(folder, 'text.onnx'), 'not a model\n');
    const { code, error } = await errorOf('inspect', 'text.onnx');
    expect(code).toBe(3);
    expect(error).toMatch(/^text\.onnx: expected an ONNX model, found /);
  });

  test('a data set that is not there', async () => {
    const { code, error } = await errorOf('train', 'absent', '-o', 'm.onnx');
    expect(code).toBe(3);
    expect(error).toMatch(/absent\/dataset\.json: cannot be read .*expected a folder with dataset\.json/);
  });

  test('a line break in a file name stays on one line', async () => {
    const { code, error } = await errorOf('inspect', 'two\nlines\u001b[2J.onnx');
    expect(code).toBe(3);
    expect(error).toMatch(/^two lines\?\[2J\.onnx: /);
  });

  test('a folder for the demonstration without data sets', async () => {
    const { code, stdout, stderr } = await candor(['demo', '--data', folder, '--quiet'], { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^error: .*expected sub-folders with a dataset\.json, one for each task, found none/);
  });
});

test('the stack is shown only when it is asked for', async () => {
  const { code, stderr } = await candor(['inspect', 'absent.onnx'], { cwd: folder, env: { CANDOR_DEBUG: '1' } });
  expect(code).toBe(3);
  expect(stderr).toMatch(/^error: absent\.onnx.*\nModelFormatError: .*\n {4}at /);
  expect(stderr).toContain('caused by Error: ENOENT');
});
