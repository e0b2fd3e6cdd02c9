/**
 * Makes a fresh clone ready to run: checks Node, then installs what the lock file names and node_modules lacks.
 * Plain Node without a dependency, since it runs before anything is installed. Run by `npm test` and `npm run demo`.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The lowest Node that package.json asks for, as [major, minor]. */
function neededNode() {
  return readJson('package.json').engines.node.replace('>=', '').split('.').map(Number);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const needed = neededNode();
  if (major > needed[0] || (major === needed[0] && minor >= needed[1])) return;
  fail(
    `Candor needs Node.js ${needed.join('.')} or newer; this is ${process.version}. Get it from https://nodejs.org.`,
  );
}

/**
 * Whether node_modules holds every version that the lock file names; npm keeps its own list of what is there.
 * Optional packages are for other platforms and may be absent.
 */
function isInstalled() {
  let found;
  try {
    found = readJson('node_modules/.package-lock.json').packages;
  } catch {
    return false;
  }
  return Object.entries(readJson('package-lock.json').packages).every(([path, wanted]) => {
    const installed = found[path];
    return path === '' || (installed ? installed.version === wanted.version : wanted.optional || wanted.devOptional);
  });
}

/** Install from the lock file; npm's own words are shown only where it fails. */
function install() {
  process.stderr.write('Installing the packages named in package-lock.json (npm ci) ... ');
  const started = Date.now();
  const [command, ...first] = npmCommand();
  const { status, error, stdout, stderr } = spawnSync(command, [...first, 'ci', '--include=dev'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 2 ** 20,
    // npm is a batch file on Windows, which only a shell runs.
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (status !== 0) {
    process.stderr.write(`failed.\n${stdout || ''}${stderr || ''}`);
    fail(`npm ci failed${error ? ` (${error.message})` : ''}; is the network there? Then try again.`);
  }
  process.stderr.write(`done in ${Math.round((Date.now() - started) / 1000)} s.\n`);
}

/** The npm that runs this script, where one does, else the one on the path. */
function npmCommand() {
  const running = process.env.npm_execpath || '';
  return running.endsWith('npm-cli.js') ? [process.execPath, running] : ['npm'];
}

function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

checkNode();
if (!isInstalled()) install();
