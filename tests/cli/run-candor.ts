/** Runs the built command line as a user does, building it first where the source is newer. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

export const root = path.resolve(import.meta.dirname, '../..');
export const entry = path.join(root, 'dist/cli/main.node.js');

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly nodeFlags?: readonly string[];
}

/** Start `candor` without waiting for it. */
export function start(args: readonly string[], options: RunOptions = {}): ChildProcess {
  // Variables that change what the command line says must not leak in from whoever runs the tests.
  const { CANDOR_DEBUG: _debug, NODE_OPTIONS: _options, ...env } = process.env;
  return spawn(process.execPath, [...(options.nodeFlags ?? []), entry, ...args], {
    cwd: options.cwd,
    env: { ...env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** What a started process said and how it ended. */
export function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Run `candor` to its end. */
export function candor(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return outcomeOf(start(args, options));
}

/** Build `dist` if any source is newer; test files run side by side, so one builds and the others wait. */
export async function ensureBuilt(): Promise<void> {
  const lock = path.join(os.tmpdir(), `candor-build-${Buffer.from(root).toString('hex').slice(-40)}`);
  for (;;) {
    if (await isFresh()) return;
    try {
      await mkdir(lock);
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
      // Left behind by a test run that was killed.
      const age = Date.now() - (await stat(lock).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
      if (age > 120_000) await rm(lock, { recursive: true, force: true });
    }
  }
  try {
    await promisify(execFile)(process.execPath, [path.join(root, 'scripts/build.mjs')], { cwd: root });
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

async function isFresh(): Promise<boolean> {
  const built = await stat(entry).catch(() => undefined);
  if (!built) return false;
  const files = await readdir(path.join(root, 'src'), { recursive: true });
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    if ((await stat(path.join(root, 'src', file))).mtimeMs > built.mtimeMs) return false;
  }
  return true;
}
