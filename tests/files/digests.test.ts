import { mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Cache, openCache } from '../../src/files/cache.node.js';
import { openDigests } from '../../src/files/digests.node.js';
import { sha256 } from '../../src/files/hash.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'candor-digests-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const cacheOf = (): Cache => openCache({ folder: join(folder, 'cache'), maximumBytes: 1e6 });
const file = () => join(folder, 'a.nii.gz');
/** As if what was written just now had been written a minute ago. */
const later = () => vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ['Date'] });

/** Puts a lie into the cache, to see whether digests come from there. */
async function remembers(cache: Cache): Promise<boolean> {
  const lying: Cache = {
    ...cache,
    put: (key, parts) => cache.put(key, parts),
    get: async (key) => {
      const found = await cache.get(key);
      const text = found && new TextDecoder().decode(found).replace(/"[0-9a-f]{64}"/g, `"${'0'.repeat(64)}"`);
      return text === undefined ? undefined : new TextEncoder().encode(text);
    },
  };
  return (await openDigests(lying).of(file())) === '0'.repeat(64);
}

it('gives the digest of the bytes, and keeps it for later runs', async () => {
  writeFileSync(file(), 'one');
  later();
  const digests = openDigests(cacheOf());
  expect(await digests.of(file())).toBe(await sha256('one'));
  expect(await remembers(cacheOf())).toBe(false);
  await digests.keep();
  expect(await remembers(cacheOf())).toBe(true);
});

it('sees a change of contents that leaves size and time as they were', async () => {
  writeFileSync(file(), 'one');
  const { atime, mtime } = statSync(file());
  later();
  const digests = openDigests(cacheOf());
  await digests.of(file());
  await digests.keep();
  writeFileSync(file(), 'two');
  utimesSync(file(), atime, mtime);
  expect(await digests.of(file())).toBe(await sha256('two'));
  expect(await openDigests(cacheOf()).of(file())).toBe(await sha256('two'));
  writeFileSync(join(folder, 'b'), 'six');
  utimesSync(join(folder, 'b'), atime, mtime);
  renameSync(join(folder, 'b'), file());
  expect(await openDigests(cacheOf()).of(file())).toBe(await sha256('six'));
});

it('keeps nothing of a file that changed just now: a further change might not show', async () => {
  writeFileSync(file(), 'one');
  const digests = openDigests(cacheOf());
  await digests.of(file());
  await digests.keep();
  expect(await remembers(cacheOf())).toBe(false);
});

it('keeps nothing of a file that changed while it was read', async () => {
  writeFileSync(file(), 'x'.repeat(2 ** 24));
  later();
  const digests = openDigests(cacheOf());
  const pending = digests.of(file());
  // The state is taken before the bytes are read; this change comes before it is taken again.
  await new Promise((resolve) => setTimeout(resolve, 1));
  writeFileSync(file(), 'y'.repeat(2 ** 24));
  await pending;
  await digests.keep();
  const now = await openDigests(cacheOf()).of(file());
  expect(now).toBe(await sha256('y'.repeat(2 ** 24)));
});

it('a file that is not there is the file system’s error', async () => {
  await expect(openDigests().of(file())).rejects.toMatchObject({ code: 'ENOENT' });
});
