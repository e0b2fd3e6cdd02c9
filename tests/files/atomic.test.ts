import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OutputError } from '../../src/errors.js';
import { makeFolder, writeFileAtomic } from '../../src/files/atomic.node.js';
import { explainSystemError } from '../../src/files/system-error.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'candor-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('writeFileAtomic', () => {
  it('writes text and bytes, makes parent folders, replaces and leaves nothing beside', async () => {
    const path = join(folder, 'a/b/result.json');
    await writeFileAtomic(path, 'first');
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    expect(readdirSync(join(folder, 'a/b'))).toEqual(['result.json']);
  });

  it('lets readers see whole files only, whoever writes at the same time', async () => {
    const path = join(folder, 'contested');
    const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(200_000));
    await writeFileAtomic(path, texts[0]);
    const writes = Promise.all(Array.from({ length: 12 }, (_, i) => writeFileAtomic(path, texts[i % 4])));
    let writing = true;
    void writes.finally(() => {
      writing = false;
    });
    let seen = 0;
    while (writing) {
      expect(texts).toContain(readFileSync(path, 'utf8'));
      seen++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writes;
    expect(seen).toBeGreaterThan(0);
    expect(readdirSync(folder)).toEqual(['contested']);
  });

  it('takes names of the greatest length', async () => {
    const path = join(folder, 'n'.repeat(255));
    await writeFileAtomic(path, 'x');
    expect(existsSync(path)).toBe(true);
    await expect(writeFileAtomic(join(folder, 'n'.repeat(256)), 'x')).rejects.toThrow(/name is too long/);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('names the target when it cannot be written', async () => {
    writeFileSync(join(folder, 'file'), 'kept');
    mkdirSync(join(folder, 'folder'));
    const under = join(folder, 'file/below.txt');
    await expect(writeFileAtomic(under, 'x')).rejects.toBeInstanceOf(OutputError);
    await expect(writeFileAtomic(under, 'x')).rejects.toThrow(join(folder, 'file'));
    await expect(writeFileAtomic(join(folder, 'folder'), 'x')).rejects.toThrow(/found a folder or a device/);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('kept');
    expect(readdirSync(folder)).toEqual(['file', 'folder']);
  });

  it('never replaces a device', async () => {
    await expect(writeFileAtomic('/dev/null', 'x')).rejects.toBeInstanceOf(OutputError);
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it.skipIf(process.getuid?.() === 0)('reports missing rights', async () => {
    chmodSync(folder, 0o500);
    await expect(writeFileAtomic(join(folder, 'x'), 'x')).rejects.toThrow(/permission denied/);
    await expect(makeFolder(join(folder, 'y'))).rejects.toThrow(/permission denied/);
    chmodSync(folder, 0o700);
  });
});

describe('makeFolder', () => {
  it('makes parents, accepts what exists, refuses a file in the way', async () => {
    await makeFolder(join(folder, 'a/b/c'));
    await makeFolder(join(folder, 'a/b/c'));
    expect(statSync(join(folder, 'a/b/c')).isDirectory()).toBe(true);
    writeFileSync(join(folder, 'file'), '');
    await expect(makeFolder(join(folder, 'file'))).rejects.toThrow(/a file of that name is in the way/);
    await expect(makeFolder(join(folder, 'file/below'))).rejects.toBeInstanceOf(OutputError);
  });
});

describe('explainSystemError', () => {
  it('has words for known codes and falls back to the message', () => {
    expect(explainSystemError(Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC' }))).toBe(
      'no space left on the device',
    );
    expect(explainSystemError(Object.assign(new Error('strange'), { code: 'EWEIRD' }))).toBe('strange');
    expect(explainSystemError('plain')).toBe('plain');
  });
});
