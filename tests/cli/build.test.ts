/** The compiled command stays one that can be started: a build makes its file anew, which npm's link then points to. */
import { execFileSync } from 'node:child_process';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../support/ball-data.js';
import { ensureBuilt, entry, root } from './run-candor.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
beforeAll(ensureBuilt, 300_000);

test.skipIf(process.platform === 'win32')(
  'a link to the command works after another build, which leaves nothing of earlier sources',
  () => {
    const link = path.join(folder.path, 'candor');
    symlinkSync(entry, link);
    const version = () => execFileSync(link, ['--version'], { encoding: 'utf8' });
    const before = version();
    // As in a build that begins with an empty folder: the compiler makes the file with the mode of any text.
    rmSync(entry);
    const stale = path.join(root, 'dist/cli/stale.js');
    writeFileSync(stale, '');
    execFileSync(process.execPath, [path.join(root, 'scripts/build.mjs')]);
    expect(version()).toBe(before);
    expect(() => rmSync(stale)).toThrow(/ENOENT/);
  },
  300_000,
);
