/** What several test files need and takes seconds to make is made once a run of the tests, by the first that asks. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

/**
 * A folder that `build` has filled, for reading only: test files that change something copy it. Kept in the folder that
 * `cache-folder.ts` makes and removes.
 */
export async function builtOnce(name: string, build: (folder: string) => Promise<void>): Promise<string> {
  const made = path.join(process.env.XDG_CACHE_HOME!, 'fixtures', name);
  if (existsSync(made)) return made;
  const aside = `${made}.${process.pid}`;
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { recursive: true });
  await build(aside);
  renameSync(aside, made);
  return made;
}
