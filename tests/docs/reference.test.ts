/** The reference says what the code says, and links of the documentation lead somewhere. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { findingKinds } from '../../src/datasets/finding.js';
import { convolutionsOf, presetNames, presets, strideOf } from '../../src/networks/architecture.js';
import { ensureBuilt, root } from '../cli/run-candor.js';

const read = (file: string) => readFile(path.join(root, file), 'utf8');

beforeAll(ensureBuilt, 120_000);

test('docs/reference/cli.md is what the commands say of themselves; npm run docs writes it anew', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'candor-cli-'));
  const made = path.join(folder, 'cli.md');
  await promisify(execFile)(process.execPath, [path.join(root, 'scripts/cli-reference.mjs'), made]);
  expect(await read('docs/reference/cli.md')).toBe(await readFile(made, 'utf8'));
  await rm(folder, { recursive: true });
}, 60_000);

test('presets', async () => {
  const rows = [...(await read('docs/reference/presets.md')).split('## ')[0].matchAll(/^\| `(\w+)` +\|(.*)\|$/gm)];
  const stated = rows.map(([, name, cells]) => [name, ...cells.split('|').map((cell) => cell.trim())]);
  expect(stated).toEqual(
    presetNames.map((name) => {
      const { architecture, patchVoxels, steps } = presets[name];
      const [channels, stride] = [architecture.channels.join(', '), String(strideOf(architecture))];
      const convolutions = architecture.channels.map((_, stage) => convolutionsOf(architecture, stage)).join(', ');
      const side = Math.cbrt(patchVoxels);
      return [name, channels, convolutions, stride, `${side}³`, String(steps)];
    }),
  );
});

test('kinds of findings', async () => {
  const page = await read('docs/how-to/own-data.md');
  expect(findingKinds.filter((kind) => !page.includes(`\`${kind}\``))).toEqual([]);
});

test('links lead to files that are there', async () => {
  const pages = (await readdir(path.join(root, 'docs'), { recursive: true }))
    .filter((name) => name.endsWith('.md') && !name.startsWith('api'))
    .map((name) => path.join('docs', name));
  const dead: string[] = [];
  for (const page of [...pages, 'README.md', 'CONTRIBUTING.md']) {
    for (const [, target] of (await read(page)).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      if (!existsSync(path.join(root, path.dirname(page), target))) dead.push(`${page}: ${target}`);
    }
  }
  expect(dead).toEqual([]);
});

test('every export and member that needs words has them, and links in comments resolve', async () => {
  const typedoc = path.join(root, 'node_modules/typedoc/bin/typedoc');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [typedoc, '--emit', 'none', '--treatWarningsAsErrors', '--logLevel', 'Warn'],
    { cwd: root },
  );
  expect(stdout).toBe('');
}, 60_000);
