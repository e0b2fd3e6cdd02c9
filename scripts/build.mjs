/**
 * Compiles `src/` to `dist/`, removes what earlier sources left there, and lets the commands be started: a file that the
 * compiler makes anew has no run bit, which npm sets only when it first links them. `dist/` is there throughout. Where
 * nothing has changed since the last build nothing is compiled.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const require = createRequire(import.meta.url);
/** What the last build was made from and what it made. */
const record = join(root, 'node_modules/.cache/candor/build.json');

/** Files below a folder, none where it is not there. */
function filesBelow(folder) {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      .sort();
  } catch {
    return [];
  }
}

/** One digest over names and contents; undefined where a file cannot be read. */
function digestOf(files) {
  const hash = createHash('sha256');
  try {
    for (const file of files)
      hash
        .update(`${relative(root, file)}\0`)
        .update(readFileSync(file))
        .update('\0');
  } catch {
    return undefined;
  }
  return hash.digest('hex');
}

function lastBuild() {
  try {
    return JSON.parse(readFileSync(record, 'utf8'));
  } catch {
    return { outputs: [] };
  }
}

const settings = ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json'];
const inputs = digestOf([
  ...settings.map((name) => join(root, name)),
  require.resolve('typescript/package.json'),
  ...filesBelow(join(root, 'src')),
]);
const last = lastBuild();
const isCurrent =
  inputs !== undefined &&
  last.inputs === inputs &&
  digestOf(last.outputs.map((name) => join(root, name))) === last.made;

let outputs = last.outputs.map((name) => join(root, name));
if (!isCurrent) {
  const tsc = require.resolve('typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--listEmittedFiles'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  outputs = [];
  for (const line of stdout.split(/\r?\n/)) {
    const [, file] = /^TSFILE: (.+)$/.exec(line) ?? [];
    if (file !== undefined) outputs.push(resolve(file));
    else if (line !== '') console.log(line);
  }
  if (status !== 0) process.exit(status ?? 1);
  mkdirSync(dirname(record), { recursive: true });
  const made = { inputs, made: digestOf(outputs), outputs: outputs.map((file) => relative(root, file)) };
  writeFileSync(record, JSON.stringify(made));
}

const kept = new Set(outputs);
for (const file of filesBelow(dist)) if (!kept.has(file)) rmSync(file);
const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
for (const file of Object.values(bin)) chmodSync(join(root, file), 0o755);
