/**
 * A folder with phantoms under the names that the documentation uses, and a shell in it whose `npx candor` is the built
 * command line. Only what must be smaller than in earnest is replaced.
 */
import { execFile } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { entry, type Outcome, root } from '../cli/run-candor.js';
import { writeSmallPhantoms } from '../cli/small-phantoms.js';

/** Names in the documentation -> phantoms. */
const datasets = { hippocampus: 'ventricle', liver: 'kidney' } as const;

export async function makeWorkspace(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'candor-docs-'));
  const inFolder = (...parts: string[]) => path.join(folder, ...parts);
  await writeSmallPhantoms(inFolder('phantoms'));
  for (const [name, phantom] of Object.entries(datasets)) {
    await cp(inFolder('phantoms', phantom), inFolder('data', name), { recursive: true });
    const file = inFolder('data', name, 'dataset.json');
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), name }));
  }
  await cp(inFolder('phantoms/ood/knee'), inFolder('data/other-scans'), { recursive: true });
  const image = inFolder('data/liver/imagesTr/kidney_009.nii.gz');
  await cp(inFolder('data/other-scans'), inFolder('scans'), { recursive: true });
  await copyFile(image, inFolder('scans/patient_1.nii.gz'));
  await copyFile(image, inFolder('scan.nii.gz'));
  await mkdir(inFolder('bin'));
  await writeFile(inFolder('bin/npx'), `#!/bin/sh\nshift\nexec "${process.execPath}" "${entry}" "$@"\n`);
  await chmod(inFolder('bin/npx'), 0o755);
  // For `import ... from 'candor'`.
  await writeFile(inFolder('package.json'), '{ "private": true, "type": "module" }');
  await mkdir(inFolder('node_modules/candor'), { recursive: true });
  for (const name of await readdir(root)) {
    if (name === 'package.json') await copyFile(path.join(root, name), inFolder('node_modules/candor', name));
  }
  await cp(path.join(root, 'dist'), inFolder('node_modules/candor/dist'), { recursive: true });
  return folder;
}

/** Networks and runs of seconds. */
const smaller: readonly (readonly [RegExp, string])[] = [
  [/--minutes \d+/g, '--preset tiny --steps 3'],
  [/--preset (small|base)/g, '--preset tiny'],
  [/--steps \d+/g, '--steps 3'],
];

/** Commands that stand for themselves in a checkout, and what is run instead of them there. */
const inCheckout: Readonly<Record<string, string>> = {
  // Installing anew would take away the packages that the tests run on; the lock file is tried.
  'npm ci && npm run build': 'npm ci --dry-run --offline > /dev/null && npm run build --silent',
  'npm run build': 'npm run build --silent',
  // The demonstration on the small phantoms; the whole is tested in tests/cli/demo.test.ts.
  'npm run demo': 'npm run demo --silent -- --data "$WORKSPACE/phantoms" --steps 2 --quiet -o "$WORKSPACE/demo"',
  // These tests are run by it: one small file of them stands for all.
  'npm test': 'npm test --silent -- tests/math/statistics.test.ts',
  'npm pack': 'npm pack --dry-run --silent',
};

/** Commands whose test is elsewhere, and what that test must hold. */
export const testedElsewhere: Readonly<Record<string, { readonly test: string; readonly holds: string }>> = {
  'npm install --ignore-scripts ./candor-0.1.0.tgz': {
    test: 'tests/package/package.test.ts',
    holds: "'--ignore-scripts'",
  },
};

export interface KnownCommand {
  readonly command: string;
  readonly cwd: string;
}

/** What is run for a command of the documentation; undefined for one that is not known. */
export function commandFor(line: string, folder: string): KnownCommand | undefined {
  if (Object.hasOwn(inCheckout, line)) return { command: inCheckout[line], cwd: root };
  if (!/^(for part in [\d ]+; do )?npx candor (train|check|predict|evaluate|inspect|demo) /.test(line)) {
    if (!/^(cp|npx candor --(help|version)$)/.test(line)) return undefined;
  }
  const command = smaller.reduce((text, [from, to]) => text.replace(from, to), line);
  return { command: command.replace(/--preset tiny (.*)--preset tiny/, '--preset tiny $1'), cwd: folder };
}

export function runInShell({ command, cwd }: KnownCommand, folder: string): Promise<Outcome> {
  const { CANDOR_DEBUG: _debug, NODE_OPTIONS: _options, ...inherited } = process.env;
  const env = {
    ...inherited,
    WORKSPACE: folder,
    XDG_CACHE_HOME: path.join(folder, 'cache'),
    PATH: cwd === folder ? `${path.join(folder, 'bin')}${path.delimiter}${process.env.PATH}` : process.env.PATH,
  };
  return new Promise((resolve) => {
    execFile('sh', ['-ec', command], { cwd, env, maxBuffer: 64 * 2 ** 20 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}
