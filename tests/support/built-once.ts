/** What several test files need and takes seconds to make is made once a run of the tests, by the first that asks. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A folder that `build` has filled, for reading only: test files that change something copy it. Kept in the folder that
 * `cache-folder.ts` makes and removes. Of test files that run side by side one builds, and the others wait.
 */
export async function builtOnce(name: string, build: (folder: string) => Promise<void>): Promise<string> {
  const made = path.join(process.env.XDG_CACHE_HOME!, 'fixtures', name);
  const lock = `${made}.lock`;
  mkdirSync(path.dirname(made), { recursive: true });
  while (!existsSync(made) && !takeLock(lock)) await sleep(100);
  if (existsSync(made)) return made;
  const aside = `${made}.${process.pid}`;
  try {
    rmSync(aside, { recursive: true, force: true });
    mkdirSync(aside, { recursive: true });
    await build(aside);
    renameSync(aside, made);
  } finally {
    rmSync(lock, { force: true });
  }
  return made;
}

/** Whether this process may build; a lock whose process is gone is nobody's. */
function takeLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (!isHeld(lock)) rmSync(lock, { force: true });
    return false;
  }
}

function isHeld(lock: string): boolean {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return true;
  } catch (error) {
    // Just let go of, or just being written.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
