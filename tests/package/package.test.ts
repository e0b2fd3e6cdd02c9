/**
 * The package as its users get it: packed, installed into an empty folder, and used there by command line, by import and
 * by TypeScript, under every promised Node that is at hand. Skipped, in words, where npm can fetch the dependencies
 * neither from its cache nor from a registry.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ensureBuilt, type Outcome, root } from '../cli/run-candor.js';
import { writeSmallPhantoms } from '../cli/small-phantoms.js';
import { readBlocks } from '../docs/blocks.js';
import { asNodeOfPath, listNodes } from './nodes.js';
import { canWatch, witness } from './quiet.js';

let folder: string;
let user: string;
let packed: readonly string[];
/** Why the package could not be installed; null where it was. */
let notInstalled: string | null = null;

function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env, maxBuffer: 64 * 2 ** 20 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** What the npm that runs the tests was told must not reach the user's. */
const userEnvironment = () =>
  Object.fromEntries(
    Object.entries({
      ...process.env,
      NPM_CONFIG_USERCONFIG: path.join(folder, 'npmrc'),
      NO_UPDATE_NOTIFIER: '1',
    }).filter(([name]) => !/^npm_/.test(name) && !['NODE_OPTIONS', 'CANDOR_DEBUG'].includes(name)),
  );

beforeAll(async () => {
  await ensureBuilt();
  folder = await mkdtemp(path.join(os.tmpdir(), 'candor-package-'));
  user = path.join(folder, 'user');
  await mkdir(user);
  await writeFile(path.join(folder, 'npmrc'), 'update-notifier=false\n');
  const { code, stdout, stderr } = await run(
    'npm',
    ['pack', '--json', '--pack-destination', folder],
    root,
    process.env,
  );
  expect(code, stderr).toBe(0);
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  packed = files.map((file) => file.path);
  await writeFile(path.join(user, 'package.json'), '{ "private": true, "type": "module" }\n');
  const args = ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=0'];
  const installed = await run('npm', [...args, path.join(folder, filename)], user, process.env);
  if (installed.code !== 0) {
    expect(installed.stderr).toMatch(/ENOTCACHED|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|network/i);
    notInstalled = 'npm reaches no registry and has not all dependencies in its cache';
  } else await writeSmallPhantoms(path.join(user, 'data'));
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('holds what runs, and nothing else', async () => {
  const unexpected = packed.filter(
    (file) => !/^dist\/.+\.(js|d\.ts)$/.test(file) && !['package.json', 'README.md', 'LICENSE'].includes(file),
  );
  expect(unexpected).toEqual([]);
  // Every source is there, worker and child-process entries included; they are started by path, not imported.
  const sources = (await readdir(path.join(root, 'src'), { recursive: true })).filter((name) => name.endsWith('.ts'));
  const compiled = sources.map((name) =>
    path.posix.join('dist', name.replaceAll(path.sep, '/').replace(/\.ts$/, '.js')),
  );
  expect(compiled.filter((file) => !packed.includes(file))).toEqual([]);
  const mapped = await Promise.all(
    packed.map(async (file) => (await readFile(path.join(root, file), 'utf8')).includes('//# sourceMappingURL=')),
  );
  expect(packed.filter((_, i) => mapped[i])).toEqual([]);
});

const nodes = await listNodes();

describe.each(nodes)('installed into an empty folder, under Node $major', ({ major, executable }) => {
  let environment: NodeJS.ProcessEnv;
  const asUser = (command: string, ...args: string[]) => run(command, args, user, environment);
  /** By npx as the README says; under another Node than npm's own, what npx would start. */
  const candor = (line: string) =>
    executable === process.execPath
      ? asUser('npx', 'candor', ...line.split(' '))
      : asUser(path.join(user, 'node_modules/.bin/candor'), ...line.split(' '));

  beforeAll(async () => {
    environment = userEnvironment();
    if (executable === null) return;
    const first = await asNodeOfPath(executable, path.join(folder, `node${major}`));
    environment.PATH = `${first}${path.delimiter}${environment.PATH}`;
  });
  beforeEach((context) => {
    context.skip(notInstalled !== null, notInstalled ?? '');
    context.skip(executable === null, `no Node ${major} at hand: CANDOR_NODES names none, no node${major} on the path`);
  });

  test('--version and --help', async () => {
    expect((await asUser('node', '--version')).stdout).toMatch(`v${major}.`);
    const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
    expect(await candor('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    const reference = await readBlocks(path.join(root, 'docs/reference/cli.md'));
    expect(await candor('--help')).toEqual({ code: 0, stdout: reference[0].text, stderr: '' });
  });

  test('check, train, inspect and predict', async () => {
    // Child processes read the voxels.
    const checked = await candor('check data/kidney data/ventricle --threads 2 --quiet');
    expect({ ...checked, stdout: '' }).toEqual({ code: 0, stdout: '', stderr: '' });

    const train = 'train data/kidney data/ventricle --preset tiny --steps 3 -o model.onnx --quiet --no-cache';
    const trained = await candor(train);
    expect({ ...trained, stdout: '' }).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(trained.stdout).toMatch(/^model\.onnx {2}\(3 steps in [^\n]+\)\n/);

    const inspected = await candor('inspect model.onnx --json');
    expect({ ...inspected, stdout: '' }).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(JSON.parse(inspected.stdout).tasks.map(({ name }: { name: string }) => name)).toEqual([
      'kidney',
      'ventricle',
    ]);

    // NRRD is written by WebAssembly in a worker thread.
    for (const format of ['nii.gz', 'nrrd']) {
      const predicted = await candor(`predict model.onnx -i data/ood/knee -o out --format ${format} --quiet`);
      expect({ ...predicted, stdout: '' }).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(predicted.stdout).toMatch(/\n2 images: 2 undetermined\. Results are in out\.\n$/);
    }
  }, 120_000);

  test('import', async () => {
    const script = `import { openModel, readImage, version, writeMask } from 'candor';
const model = await openModel('model.onnx');
const image = await readImage('data/ood/knee/knee_001.nii.gz');
const { mask, verdict } = await model.predict(image.volume);
await writeMask('mask.nii.gz', mask, image.header);
await model.release();
console.log(version, mask.length === image.volume.data.length, verdict.verdict);
`;
    await writeFile(path.join(user, 'use.js'), script);
    const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
    expect(await asUser('node', 'use.js')).toEqual({
      code: 0,
      stdout: `${version} true undetermined\n`,
      stderr: '',
    });
    expect(await readdir(user)).toContain('mask.nii.gz');
  });

  afterAll(async () => {
    // What one Node made must not stand in for what another fails to make.
    for (const made of ['model.onnx', 'model.run', 'out', 'mask.nii.gz']) {
      await rm(path.join(user, made), { recursive: true, force: true });
    }
  });
});

describe('nothing leaves the machine, and nothing stays behind but what is documented', () => {
  const command = (...args: string[]) => [
    process.execPath,
    path.join(user, 'node_modules/candor/dist/cli/main.node.js'),
    ...args,
  ];
  const seen = (...whole: string[]) => witness(whole, { cwd: user, env: userEnvironment(), scratch: folder });
  /** A cache of prepared cases in the home folder is Candor's own, see the command line's reference. */
  const isCache = (file: string) => /^home\/(\.cache|Library\/Caches)\/candor\//.test(file);

  beforeEach((context) => {
    context.skip(notInstalled !== null, notInstalled ?? '');
    context.skip(process.platform === 'win32', 'the engine reports from Linux and macOS alone');
  });

  async function expectQuiet(command: readonly string[]): Promise<void> {
    const { code, stderr, left, asked } = await seen(...command);
    expect(code, stderr).toBe(0);
    expect(left.filter((file) => !isCache(file))).toEqual([]);
    // Where nothing can watch, what is left behind still tells.
    if (canWatch) expect(asked).toEqual([]);
  }

  test("the command line: train, predict in both libraries' formats, evaluate", async () => {
    const data = ['data/kidney', 'data/ventricle'];
    await expectQuiet(command('train', ...data, '--preset', 'tiny', '--steps', '2', '-o', 'quiet.onnx', '--quiet'));
    for (const format of ['nii.gz', 'nrrd']) {
      const predict = [
        'predict',
        'quiet.onnx',
        '-i',
        'data/ood/knee',
        '-o',
        'quiet-out',
        '--format',
        format,
        '--quiet',
      ];
      await expectQuiet(command(...predict));
    }
    await expectQuiet(command('evaluate', 'quiet.onnx', ...data, '-o', 'quiet-report', '--quiet'));
  }, 300_000);

  test('the library, in the main thread and in a worker; a worker where it could not be helped is told', async () => {
    const predict = `import { openModel, readImage } from 'candor';
const model = await openModel('quiet.onnx');
await model.predict((await readImage('data/ood/knee/knee_001.nii.gz')).volume);
await model.release();
`;
    await writeFile(path.join(user, 'quiet.js'), predict);
    await expectQuiet([process.execPath, 'quiet.js']);

    const worker = (options: string, more = '') => `import { SHARE_ENV, Worker } from 'node:worker_threads';
${more}
new Worker(new URL('quiet.js', import.meta.url), ${options}).on('error', (error) => {
  console.error(error.message);
  process.exitCode = 3;
});
void SHARE_ENV;
`;
    for (const text of [worker('{ env: SHARE_ENV }'), worker('{}', "import 'candor';")]) {
      await writeFile(path.join(user, 'threads.js'), text);
      await expectQuiet([process.execPath, 'threads.js']);
    }
    // Its copy of the environment is not the engine's.
    await writeFile(path.join(user, 'threads.js'), worker('{}'));
    const { code, stderr, left } = await seen(process.execPath, 'threads.js');
    expect({ code, left }).toEqual({ code: 3, left: [] });
    expect(stderr).toMatch(/not started in this worker thread.*ORT_DISABLE_TELEMETRY=1.*SHARE_ENV/);
  }, 300_000);

  test('what watches sees an engine that was not told, and a call', async () => {
    const script = `import net from 'node:net';
import * as ort from 'onnxruntime-node';
const session = await ort.InferenceSession.create('quiet.onnx', { logSeverityLevel: 4 });
await session.release();
net.connect(80, '192.0.2.1').on('error', () => undefined).setTimeout(100, function () { this.destroy(); });
`;
    await writeFile(path.join(user, 'told.js'), script);
    const { left, asked } = await seen(process.execPath, 'told.js');
    expect(left.some((file) => file.includes('onnxruntime'))).toBe(true);
    if (canWatch) expect(asked!.join()).toContain('192.0.2.1');
  }, 60_000);
});

test("types of the installed package: the README's example in strict TypeScript, libraries checked too", async (context) => {
  context.skip(notInstalled !== null, notInstalled ?? '');
  const asUser = (command: string, ...args: string[]) => run(command, args, user, userEnvironment());
  const example = (await readBlocks(path.join(root, 'README.md'))).find(({ language }) => language === 'ts')!;
  await writeFile(path.join(user, 'example.ts'), example.text);
  const compilerOptions = {
    ...{ module: 'nodenext', moduleResolution: 'nodenext', target: 'es2023', strict: true, noEmit: true },
    ...{ skipLibCheck: false, types: [] },
  };
  await writeFile(path.join(user, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['example.ts'] }));
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  expect(await asUser(process.execPath, tsc, '-p', '.')).toEqual({ code: 0, stdout: '', stderr: '' });
  // A wrong use is found: the types are really those of the package.
  await writeFile(path.join(user, 'example.ts'), "import { openModel } from 'candor';\nvoid openModel(3);\n");
  expect((await asUser(process.execPath, tsc, '-p', '.')).stdout).toContain("'number' is not assignable");
});
