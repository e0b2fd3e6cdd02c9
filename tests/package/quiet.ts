/** Runs a command as on a user's own machine, with a home folder that is empty, and tells what it left and asked for. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Outcome } from '../cli/run-candor.js';

export interface Witnessed extends Outcome {
  /** Files left in the home folder and in that for temporary files. */
  readonly left: readonly string[];
  /** Calls that name an address other than this machine's own; null where nothing could watch. */
  readonly asked: readonly string[] | null;
}

/** Whether system calls can be watched here. */
export const canWatch = succeeds('strace', ['-f', '-qq', '-e', 'trace=connect', '-o', '/dev/null', 'true']);
/** Whether a process may have a network of its own, in which nothing answers. */
const canIsolate = succeeds('unshare', ['-n', 'true']);

function succeeds(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Run a command with an empty home folder, without what tells programs that they run in tests or what points them
 * elsewhere, in a network of its own where that is allowed.
 */
export async function witness(
  command: readonly string[],
  { cwd, env, scratch }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly scratch: string },
): Promise<Witnessed> {
  const folder = await mkdtemp(path.join(scratch, 'quiet-'));
  const [home, tmp, log] = ['home', 'tmp', 'calls'].map((name) => path.join(folder, name));
  await mkdir(home);
  await mkdir(tmp);
  const own = Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(CI|XDG_|ORT_|CANDOR_|GITHUB_|TRAVIS|BUILDKITE)/.test(name)),
  );
  const wrapped = [
    ...(canIsolate ? ['unshare', '-n'] : []),
    ...(canWatch ? ['strace', '-f', '-qq', '-e', 'trace=connect,sendto,sendmsg,sendmmsg', '-o', log] : []),
    ...command,
  ];
  const outcome = await new Promise<Outcome>((resolve) => {
    execFile(
      wrapped[0],
      wrapped.slice(1),
      { cwd, env: { ...own, HOME: home, USERPROFILE: home, TMPDIR: tmp }, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr }),
    );
  });
  const left: string[] = [];
  for (const place of [home, tmp]) {
    for (const entry of await readdir(place, { recursive: true, withFileTypes: true })) {
      if (!entry.isDirectory()) left.push(path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)));
    }
  }
  const calls = canWatch ? (await readFile(log, 'utf8')).split('\n') : null;
  return { ...outcome, left, asked: calls?.filter(namesAnotherMachine) ?? null };
}

/** An address of the internet in a system call, that of a name server included. */
function namesAnotherMachine(call: string): boolean {
  return /AF_INET6?\b/.test(call) && !/"(127\.\d+\.\d+\.\d+|::1)"/.test(call);
}
