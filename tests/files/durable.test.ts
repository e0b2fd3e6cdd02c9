/** Whole or not at all, and on the disk before it is said to be: the order of operations, and every one of them failing. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { OutputError } from '../../src/errors.js';
import { writeFileAtomic } from '../../src/files/atomic.node.js';
import { temporaryFolder } from '../support/ball-data.js';
import { disk, reset } from '../support/faulty-disk.js';

vi.mock('node:fs/promises', async (original) =>
  (await import('../support/faulty-disk.js')).faultyPromises(await original()),
);

const folder = temporaryFolder();
afterAll(() => folder.remove());
const file = path.join(folder.path, 'result.txt');
const [before, after] = ['before'.repeat(100), 'after'.repeat(200)];
beforeEach(() => {
  reset();
  writeFileSync(file, before);
});

describe('writeFileAtomic', () => {
  it('flushes the content before it takes the name, and the name after', async () => {
    await writeFileAtomic(file, after);
    const steps = disk.operations.filter(({ kind }) => kind !== 'read').map(({ name }) => name);
    expect(steps).toEqual(['mkdir', 'open', '.writeFile', '.sync', 'rename', '.sync']);
    const [written, flushed, renamed, named] = ['.writeFile', '.sync', 'rename', '.sync'].map(
      (_, i) => disk.operations.filter(({ name }) => ['.writeFile', '.sync', 'rename'].includes(name))[i].path,
    );
    expect([flushed, renamed]).toEqual([written, written]);
    expect(path.dirname(written)).toBe(folder.path);
    expect(named).toBe(folder.path);
  });

  it('leaves the old content or the new, and nothing beside, whichever operation fails', async () => {
    await writeFileAtomic(file, after);
    const operations = disk.operations;
    const outcomes: string[] = [];
    for (const index of operations.keys()) {
      writeFileSync(file, before);
      reset((_, i) => i === index);
      const error = await writeFileAtomic(file, after).then(
        () => null,
        (cause: unknown) => cause,
      );
      if (error !== null) expect(error).toBeInstanceOf(OutputError);
      const found = readFileSync(file, 'utf8');
      expect([before, after]).toContain(found);
      if (error === null) expect(found).toBe(after);
      expect(readdirSync(folder.path)).toEqual(['result.txt']);
      outcomes.push(`${operations[index].name} ${error === null ? 'done' : 'refused'}`);
    }
    // What cannot be looked at, or said to the folder, costs nothing; all else is told.
    const told = ['mkdir', 'open', '.writeFile', '.sync', 'rename'].map((name) => `${name} refused`);
    expect(outcomes).toEqual(expect.arrayContaining(told));
  });

  it('killed at any operation leaves the old content or the new', async () => {
    await writeFileAtomic(file, after);
    const count = disk.operations.length;
    for (let index = 0; index < count; index++) {
      writeFileSync(file, before);
      reset((_, i) => i >= index);
      await writeFileAtomic(file, after).catch(() => undefined);
      expect([before, after]).toContain(readFileSync(file, 'utf8'));
    }
    expect(existsSync(file)).toBe(true);
  });
});
