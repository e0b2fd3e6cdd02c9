/**
 * Compiles `src/` to `dist/`, removes what earlier sources left there, and lets the commands be started: a file that the
 * compiler makes anew has no run bit, which npm sets only when it first links them. `dist/` is there throughout.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--listEmittedFiles'], {
  cwd: root,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
const emitted = new Set();
for (const line of stdout.split(/\r?\n/)) {
  const [, file] = /^TSFILE: (.+)$/.exec(line) ?? [];
  if (file !== undefined) emitted.add(resolve(file));
  else if (line !== '') console.log(line);
}
if (status !== 0) process.exit(status ?? 1);

for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath ?? entry.path, entry.name);
  if (entry.isFile() && !emitted.has(file)) rmSync(file);
}
const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
for (const file of Object.values(bin)) chmodSync(join(root, file), 0o755);
