/** The script that makes a fresh clone ready: silent where nothing is to be done, one line where something is. */
import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from './run-candor.js';

let clone: string;

beforeEach(async () => {
  clone = await mkdtemp(path.join(os.tmpdir(), 'candor-setup-'));
  await mkdir(path.join(clone, 'scripts'));
  await copyFile(path.join(root, 'scripts/setup.mjs'), path.join(clone, 'scripts/setup.mjs'));
});
afterEach(() => rm(clone, { recursive: true, force: true }));

/** A clone of a package that needs `dependencies` and locks `packages`. */
async function describePackage(options: { node?: string; dependencies?: object; packages?: object }): Promise<void> {
  const { node = '>=20.19', dependencies = {}, packages = {} } = options;
  const manifest = { name: 'clone', version: '1.0.0', engines: { node }, dependencies };
  const lock = { name: 'clone', version: '1.0.0', lockfileVersion: 3, packages: { '': manifest, ...packages } };
  await writeFile(path.join(clone, 'package.json'), JSON.stringify(manifest));
  await writeFile(path.join(clone, 'package-lock.json'), JSON.stringify(lock));
}

function setup(folder: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(folder, 'scripts/setup.mjs')], {
    encoding: 'utf8',
    // Nothing may be fetched by a test.
    env: { ...process.env, npm_config_offline: 'true', npm_execpath: '' },
  });
  return { status, stdout, stderr };
}

test('nothing to do: no word', () => {
  expect(setup(root)).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('nothing installed: npm ci, in one line', async () => {
  await describePackage({});
  const { status, stdout, stderr } = setup(clone);
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  expect(stderr).toMatch(/^Installing the packages named in package-lock\.json \(npm ci\) \.\.\. done in \d+ s\.\n$/);
});

test('npm fails: its own words, and what to do', async () => {
  await describePackage({
    dependencies: { absent: '1.0.0' },
    packages: { 'node_modules/absent': { version: '1.0.0', resolved: 'https://registry.npmjs.org/absent.tgz' } },
  });
  const { status, stderr } = setup(clone);
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /\.\.\. failed\.\n[\s\S]*npm error[\s\S]*\nnpm ci failed; is the network there\? Then try again\.\n$/,
  );
});

test('another version than the locked one is installed anew', async () => {
  await describePackage({ packages: { 'node_modules/thing': { version: '2.0.0' } } });
  await mkdir(path.join(clone, 'node_modules'));
  const found = { packages: { 'node_modules/thing': { version: '1.0.0' } } };
  await writeFile(path.join(clone, 'node_modules/.package-lock.json'), JSON.stringify(found));
  expect(setup(clone).stderr).toMatch(/^Installing /);
});

test('a Node that is too old is told which one is needed', async () => {
  await describePackage({ node: '>=99.1' });
  expect(setup(clone)).toEqual({
    status: 1,
    stdout: '',
    stderr: `Candor needs Node.js 99.1 or newer; this is ${process.version}. Get it from https://nodejs.org.\n`,
  });
});
