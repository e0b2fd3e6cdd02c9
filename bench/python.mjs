/**
 * The peers' side: which Pythons there are, and a Python process that stays and answers requests, so that importing
 * PyTorch is not paid for in every round.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PEERS = fileURLToPath(new URL('peers/', import.meta.url));
const PROBE = `
import importlib.metadata as m, json, sys
def v(name):
    try: return m.version(name)
    except m.PackageNotFoundError: return None
print(json.dumps({'prefix': sys.prefix, 'python': sys.version.split()[0],
                  'versions': {n: v(n) for n in ('torch', 'monai', 'nnunetv2', 'nibabel', 'numpy', 'scipy')}}))`;

/**
 * The Pythons to compare with: `newest`, PyTorch as PyPI has it, from the environment variable PYTHON_NEW or else the
 * python3 on PATH (or in VIRTUAL_ENV) with the newest torch; `system`, the distribution's own, from PYTHON_SYSTEM or
 * /usr/bin/python3.
 * @param modules that a Python must have
 * @returns `peers` of `{ role, python, versions }`, and `missing`, one sentence for each that is not there
 */
export function findPythons(modules = ['torch']) {
  const system = choose('system', process.env.PYTHON_SYSTEM, ['/usr/bin/python3'], modules);
  const others = [process.env.VIRTUAL_ENV, ...(process.env.PATH ?? '').split(path.delimiter)].filter(Boolean);
  const paths = others.flatMap((folder) => [path.join(folder, 'python3'), path.join(folder, 'bin', 'python3')]);
  const newest = choose('newest', process.env.PYTHON_NEW, paths.filter(existsSync), modules, system.prefix);
  const found = [newest, system];
  return {
    peers: found.filter(({ python }) => python !== undefined),
    missing: found.flatMap(({ missing }) => missing ?? []),
  };
}

function choose(role, named, paths, modules, exceptPrefix) {
  const variable = role === 'system' ? 'PYTHON_SYSTEM' : 'PYTHON_NEW';
  const lacks = ({ versions }) => modules.filter((name) => !versions[name]);
  const probes = [...new Set(named ? [named] : paths)].flatMap(probe);
  const fit = probes.filter((candidate) => named || candidate.prefix !== exceptPrefix);
  const usable = fit.filter((candidate) => lacks(candidate).length === 0);
  if (usable.length > 0) {
    const best = usable.reduce((a, b) => (compareVersions(b.versions.torch, a.versions.torch) > 0 ? b : a));
    return { role, ...best, version: best.python, python: best.path };
  }
  const what = role === 'system' ? "The distribution's PyTorch" : 'The newest PyTorch';
  const why =
    fit.length > 0
      ? fit.map((candidate) => `${candidate.path} has no ${lacks(candidate).join(', ')}`).join('; ')
      : `no Python found at ${named ?? (paths.join(', ') || 'PATH')}`;
  return {
    role,
    missing: `${what} is left out: ${why}. Name a Python that has ${modules.join(', ')} with ${variable}.`,
  };
}

function probe(file) {
  try {
    const text = execFileSync(file, ['-c', PROBE], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return [{ path: file, ...JSON.parse(text) }];
  } catch {
    return [];
  }
}

function compareVersions(a, b) {
  const numbers = (text) => (text ?? '').split(/[.+a-z]/).map((part) => Number(part) || 0);
  const [left, right] = [numbers(a), numbers(b)];
  return left[0] - right[0] || (left[1] ?? 0) - (right[1] ?? 0) || (left[2] ?? 0) - (right[2] ?? 0);
}

/** Name of a peer in tables. */
export function peerName({ versions }) {
  return `PyTorch ${versions.torch.replace(/a0\+.*/, '')}`;
}

/**
 * Start `bench/peers/<script>` and keep it: `request(object)` writes a JSON line to its stdin and resolves with the JSON
 * line that it answers; an answer `{"error": ...}` or its end rejects.
 */
export function startPeer({ python }, script = 'worker.py', args = []) {
  const child = spawn(python, [path.join(PEERS, script), ...args.map(String)], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints = (complaints + chunk).slice(-4000);
  });
  const waiting = [];
  const fail = (message) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(message));
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { resolve, reject } = waiting.shift() ?? {};
    let answer;
    try {
      answer = JSON.parse(line);
    } catch {
      reject?.(new Error(`${script}: expected a JSON line, found: ${line}`));
      return;
    }
    if (answer.error) reject?.(new Error(`${script} (${python}): ${answer.error}`));
    else resolve?.(answer);
  });
  let ended = false;
  const end = new Promise((resolve) => {
    child.on('error', (error) => {
      ended = true;
      fail(`${python}: cannot be started: ${error.message}`);
      resolve();
    });
    child.on('close', (code, signal) => {
      ended = true;
      fail(`${script} (${python}) ended with ${signal ?? `code ${code}`}:\n${complaints.trim()}`);
      resolve();
    });
  });
  child.stdin.on('error', () => undefined);
  return {
    pid: child.pid,
    request(message) {
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        if (ended) fail(`${script} (${python}) has ended:\n${complaints.trim()}`);
        else child.stdin.write(`${JSON.stringify(message)}\n`);
      });
    },
    /** Ends when it has read all; killed where it does not. */
    async stop() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await end;
      clearTimeout(timer);
    },
  };
}
