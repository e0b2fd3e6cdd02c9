import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCache } from '../../src/files/cache.node.js';
import { defaultCacheFolder } from '../../src/files/cache-folder.node.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'candor-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const key = (n: number) => n.toString(16).padStart(64, '0');
const fileOf = (n: number) => join(folder, key(n).slice(0, 2), `${key(n)}.bin`);
const bytes = (n: number, length = 68) => new Uint8Array(length).fill(n);
const open = (maximumBytes = 1e6, onNote?: (note: string) => void) => openCache({ folder, maximumBytes, onNote });
const isKept = (n: number) => existsSync(fileOf(n));
/** Entries of 100 bytes, checksum included, used so many minutes ago. */
async function leave(...minutes: [n: number, ago: number][]) {
  for (const [n, ago] of minutes) {
    await open().put(key(n), [bytes(n)]);
    const time = Date.now() / 1000 - 60 * ago;
    utimesSync(fileOf(n), time, time);
  }
}

describe('a cache folder', () => {
  it('gives back what was put, also to others, and nothing for other keys', async () => {
    await open().put(key(1), [bytes(1, 3), bytes(2, 2)]);
    expect([...(await open().get(key(1)))!]).toEqual([1, 1, 1, 2, 2]);
    expect(await open().get(key(2))).toBeUndefined();
  });

  it('recognises damaged entries, removes them, and takes them anew', async () => {
    const cache = open();
    for (const damage of [
      (whole: Buffer) => whole.subarray(0, 60),
      (whole: Buffer) => whole.subarray(0, 0),
      (whole: Buffer) => whole.fill(9, 50, 51),
      (whole: Buffer) => Buffer.concat([whole, Buffer.of(0)]),
    ]) {
      await cache.put(key(1), [bytes(1)]);
      writeFileSync(fileOf(1), damage(readFileSync(fileOf(1))));
      expect(await cache.get(key(1))).toBeUndefined();
      expect(isKept(1)).toBe(false);
    }
    await cache.put(key(1), [bytes(1)]);
    expect(await cache.get(key(1))).toHaveLength(68);
  });

  it('removes the least recently used beyond its bound; reading counts as use', async () => {
    await leave([1, 50], [2, 40], [3, 30], [4, 20]);
    await open().get(key(1));
    await open(300).put(key(5), [bytes(5)]);
    expect([1, 2, 3, 4, 5].filter(isKept)).toEqual([1, 4, 5]);
  });

  it('never removes what the same run uses, and says once that it is too small', async () => {
    const notes: string[] = [];
    await leave([1, 50], [2, 40], [3, 30]);
    const cache = open(250, (note) => notes.push(note));
    await cache.get(key(1));
    await cache.put(key(4), [bytes(4)]);
    for (const n of [5, 6]) await cache.put(key(n), [bytes(n)]);
    expect([1, 2, 3, 4, 5, 6].filter(isKept)).toEqual([1, 4]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/bound of 250 bytes is less than this run needs/);
  });

  it('leaves foreign files alone and clears away what killed processes left', async () => {
    await leave([1, 50]);
    writeFileSync(join(folder, 'README'), 'mine'.repeat(100));
    const [old, fresh] = ['a', 'b'].map((letter) => join(folder, '00', `.00${letter}.part`));
    for (const part of [old, fresh]) writeFileSync(part, 'x');
    utimesSync(old, 1, 1);
    await open(220).put(key(2), [bytes(2)]);
    expect([1, 2].filter(isKept)).toEqual([1, 2]);
    expect([join(folder, 'README'), old, fresh].map((file) => existsSync(file))).toEqual([true, false, true]);
  });

  it('serves several at the same time: every read is whole or nothing', async () => {
    const caches = [open(500), open(500), open(500)];
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const n = i % 10;
        const cache = caches[i % 3];
        const found = await cache.get(key(n));
        if (found) expect([...found]).toEqual([...bytes(n)]);
        else await cache.put(key(n), [bytes(n)]);
      }),
    );
    expect(readdirSync(join(folder, '00')).every((name) => name.endsWith('.bin'))).toBe(true);
  });

  it('that cannot be written costs a note, not the run', async () => {
    const notes: string[] = [];
    writeFileSync(join(folder, 'file'), '');
    const cache = openCache({ folder: join(folder, 'file'), maximumBytes: 1e6, onNote: (note) => notes.push(note) });
    for (const n of [1, 2]) await cache.put(key(n), [bytes(n)]);
    expect(await cache.get(key(1))).toBeUndefined();
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/file.*Going on without a cache/);
    mkdirSync(fileOf(3), { recursive: true });
    expect(await open().get(key(3))).toBeUndefined();
  });
});

describe('defaultCacheFolder', () => {
  it.each([
    ['linux', {}, '/home/ann', '/home/ann/.cache/candor'],
    ['linux', { XDG_CACHE_HOME: '/scratch/ann' }, '/home/ann', '/scratch/ann/candor'],
    ['linux', { XDG_CACHE_HOME: 'relative' }, '/home/ann', '/home/ann/.cache/candor'],
    ['darwin', {}, '/Users/ann', '/Users/ann/Library/Caches/candor'],
    ['win32', { LOCALAPPDATA: 'C:\\Local' }, 'C:\\Users\\ann', 'C:\\Local\\candor\\Cache'],
    ['win32', {}, 'C:\\Users\\ann', 'C:\\Users\\ann\\AppData\\Local\\candor\\Cache'],
  ] as const)('on %s with %j', (platform, environment, home, expected) => {
    expect(defaultCacheFolder(platform, environment, home)).toBe(expected);
  });
});
