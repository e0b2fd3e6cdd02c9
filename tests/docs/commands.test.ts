/** Every command and every program that the README and the documentation show is run, in their order, on phantoms. */
import { readdirSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureBuilt, root } from '../cli/run-candor.js';
import { readBlocks } from './blocks.js';
import { commandFor, makeWorkspace, runInShell, testedElsewhere } from './shell.js';

const howTo = readdirSync(path.join(root, 'docs/how-to'))
  .filter((name) => name.endsWith('.md'))
  .sort();
// The README first: it makes the model that the others use.
const pages = ['README.md', 'docs/getting-started.md', ...howTo.map((name) => `docs/how-to/${name}`)];

const alreadyRun = new Set<string>();
let folder: string;
beforeAll(async () => {
  await ensureBuilt();
  folder = await makeWorkspace();
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Commands of a block: continued lines joined, comments taken off. */
const commandsOf = (text: string) =>
  text
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) =>
      line
        .replace(/\s+#.*$/, '')
        .replace(/^#.*$/, '')
        .trim(),
    )
    .filter((line) => line !== '');

describe.each(pages)('%s', (page) => {
  test('its commands run', async () => {
    const blocks = await readBlocks(path.join(root, page));
    for (const line of blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => commandsOf(text))) {
      if (Object.hasOwn(testedElsewhere, line)) {
        const { test: file, holds } = testedElsewhere[line];
        expect(await readFile(path.join(root, file), 'utf8'), line).toContain(holds);
        continue;
      }
      const known = commandFor(line, folder);
      expect(known, `${page}: a command that the test does not know: ${line}`).toBeDefined();
      // What is about the checkout, not the workspace, does the same on every page.
      if (known!.cwd === root && alreadyRun.has(line)) continue;
      alreadyRun.add(line);
      const { code, stderr } = await runInShell(known!, folder);
      expect({ line, code, stderr: code === 0 ? '' : stderr }).toEqual({ line, code: 0, stderr: '' });
    }
  }, 240_000);

  test('its programs run', async () => {
    const blocks = await readBlocks(path.join(root, page));
    for (const { text } of blocks.filter(({ language }) => language === 'ts')) {
      const small = text.replace(/minutes: \d+/g, "preset: 'tiny', steps: 3, run: 'library.run'");
      await writeFile(path.join(folder, 'example.mjs'), small.replaceAll("'model.onnx'", "'library.onnx'"));
      const command = `"${process.execPath}" example.mjs`;
      // A bare copy of the package has no dependencies of its own: those of the checkout serve.
      await runInShell(
        { command: `ln -sfn "${root}/node_modules" node_modules/candor/node_modules`, cwd: folder },
        folder,
      );
      const { code, stderr } = await runInShell({ command, cwd: folder }, folder);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    }
  }, 120_000);
});
