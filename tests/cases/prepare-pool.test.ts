/** Samples that threads prepare are those that one thread prepares, and what goes wrong there is told. */
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { afterAll, describe, expect, it } from 'vitest';
import { prepareCase } from '../../src/cases/prepare-case.node.js';
import { openPreparePool } from '../../src/cases/prepare-pool.node.js';
import { openDataset } from '../../src/datasets/open-dataset.node.js';
import { labelSpaceOf } from '../../src/datasets/structures.js';
import { CancelledError } from '../../src/errors.js';
import { temporaryFolder, writeBallDataset } from '../support/ball-data.js';
import { ballPlan, ballTasks } from '../support/balls.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const [task] = ballTasks;
const plan = ballPlan(task, { spacing: [1.3, 0.9, 1.1] });

describe('cases prepared in threads', () => {
  it('are as those prepared in this one, in memory that threads share', async () => {
    const dataset = await openDataset(writeBallDataset(folder.path, task));
    const pool = openPreparePool({ cases: 40, voxels: 1000 });
    expect(pool.width).toBe(Math.min(availableParallelism(), 5));
    try {
      const requests = dataset.cases.map((c) => ({ case: c, labels: labelSpaceOf(dataset), plan }));
      const made = await Promise.all(requests.map((request) => pool.prepare(request)));
      for (const [i, request] of requests.entries()) {
        expect(made[i]).toEqual(await prepareCase(request));
        expect(made[i].image.buffer).toBeInstanceOf(SharedArrayBuffer);
      }
      const [{ case: c }] = requests;
      rmSync(c.image);
      await expect(pool.prepare(requests[0])).rejects.toThrow(c.image);
    } finally {
      await pool.close();
    }
    await expect(pool.prepare({ case: dataset.cases[1], labels: labelSpaceOf(dataset), plan })).rejects.toThrow(
      CancelledError,
    );
  });

  it('are few enough for the memory there is', () => {
    expect(openPreparePool({ cases: 40, voxels: 1e12 }).width).toBe(1);
    expect(openPreparePool({ cases: 3, voxels: 1000 }).width).toBe(1);
  });
});
