/** A log that fails at any of its operations: once it is settled it has every line, each whole and each once. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeEach, expect, it, vi } from 'vitest';
import { OutputError } from '../../src/errors.js';
import { openRunLog } from '../../src/training/run-log.node.js';
import { temporaryFolder } from '../support/ball-data.js';
import { disk, reset } from '../support/faulty-disk.js';

vi.mock('node:fs/promises', async (original) =>
  (await import('../support/faulty-disk.js')).faultyPromises(await original()),
);

const folder = temporaryFolder();
afterAll(() => folder.remove());
const file = path.join(folder.path, 'metrics.jsonl');
const steps = () =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line).step);
const step = (n: number) => ({ step: n, note: 'ü'.repeat(20) });
const refused = (work: Promise<void>) =>
  work.then(
    () => false,
    (error: unknown) => {
      expect(error).toBeInstanceOf(OutputError);
      return true;
    },
  );
beforeEach(() => {
  reset();
  writeFileSync(file, 'of an earlier sitting');
});

it('begins with the records that it is given, and takes more', async () => {
  const log = await openRunLog(file, [step(1), step(2)]);
  await log.append(step(3));
  expect(steps()).toEqual([1, 2, 3]);
  await log.settle();
  expect(steps()).toEqual([1, 2, 3]);
});

it('is on the disk when it is settled', async () => {
  const log = await openRunLog(file, []);
  await log.append(step(1));
  reset();
  await log.settle();
  expect(disk.operations).toContainEqual(expect.objectContaining({ kind: 'sync', path: file }));
});

it('is not written anew where all of it is there, and says which file cannot be written', async () => {
  const log = await openRunLog(file, [step(1)]);
  await log.append(step(2));
  reset();
  await log.settle();
  expect(disk.operations.map(({ kind }) => kind)).not.toContain('rename');
  disk.fails = () => true;
  await expect(log.append(step(3))).rejects.toThrow(file);
  disk.fails = () => false;
  await log.settle();
  expect(steps()).toEqual([1, 2, 3]);
  await log.append(step(4));
  expect(steps()).toEqual([1, 2, 3, 4]);
});

/** Three records and two settlings, of which operations fail as told once the log is open. */
async function useLog(fails: Parameters<typeof reset>[0]) {
  reset();
  const log = await openRunLog(file, [step(1)]);
  reset(fails);
  const failed: boolean[] = [];
  for (const n of [2, 3]) failed.push(await refused(log.append(step(n))));
  failed.push(await refused(log.settle()));
  failed.push(await refused(log.append(step(4))));
  const isSettled = !(await refused(log.settle()));
  const found = isSettled ? steps() : null;
  disk.fails = () => false;
  await log.settle();
  return { failures: failed.filter(Boolean).length, found };
}

it('lacks no line, and has none twice or broken, whichever operations fail', async () => {
  await useLog(() => false);
  const count = disk.operations.length;
  expect(count).toBeGreaterThan(6);
  let all = 0;
  for (let index = 0; index < count; index++) {
    // One alone, or so many that what is to mend the first fails too.
    for (const length of [1, 2, 5]) {
      const { failures, found } = await useLog((_, i) => i >= index && i < index + length);
      all += failures;
      if (found) expect(found).toEqual([1, 2, 3, 4]);
      expect(steps()).toEqual([1, 2, 3, 4]);
      expect(readdirSync(folder.path)).toEqual(['metrics.jsonl']);
    }
  }
  expect(all).toBeGreaterThan(6);
});
