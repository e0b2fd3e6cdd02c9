/** Batches from a worker thread: the same bytes as made here, errors that keep their class, and no thread left behind. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { toShared } from '../../src/cases/to-shared.js';
import { CancelledError, EngineError, UsageError } from '../../src/errors.js';
import type { Architecture } from '../../src/networks/architecture.js';
import { defaultAdamW } from '../../src/networks/optimiser.js';
import { type BatchWork, batchesOnDemand } from '../../src/training/batch-source.js';
import { trainNetwork } from '../../src/training/train-network.js';
import { openWorkerBatches } from '../../src/training/worker-batches.node.js';
import { ensureBuilt } from '../cli/run-candor.js';
import { runtime } from '../graph/support.js';
import { ballCase, ballTasks } from '../support/balls.js';
import { digest } from '../support/digest.js';
import { oneStructure } from '../support/labels.js';

const architecture: Architecture = { kind: 'unet', dimensions: 3, channels: [4, 8] };
const work: BatchWork = {
  tasks: ballTasks.map((task, i) => ({
    name: task.name,
    labels: oneStructure,
    patch: i === 1 ? [8, 10, 12] : [12, 12, 12],
    cases: [0, 1, 2].map((index) => toShared(ballCase(task, index))),
  })),
  shares: [1, 2, 1],
  batch: 2,
  seed: 7,
  architecture,
  dropout: 0.25,
  augment: true,
};
const folder = mkdtempSync(path.join(tmpdir(), 'candor-worker-'));
beforeAll(ensureBuilt, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A worker's file that acts so whenever a batch is asked for. */
function scriptThat(code: string): URL {
  const script = path.join(folder, 'broken.mjs');
  writeFileSync(
    script,
    `import { parentPort } from 'node:worker_threads';\nparentPort.on('message', () => { ${code} });\n`,
  );
  return pathToFileURL(script);
}

const workers = () => process.getActiveResourcesInfo().filter((name) => name === 'Worker' || name === 'MessagePort');

describe('a worker of batches', () => {
  it('gives the bytes that are made here, from whichever step on', async () => {
    for (const first of [0, 5]) {
      const [here, there] = [batchesOnDemand(work, first), openWorkerBatches(work, first)];
      for (let step = first; step < first + 9; step++) {
        const [expected, found] = [await here.batch(step), await there.batch(step)];
        expect(found.buckets).toEqual(expected.buckets);
        expect(found.tasks).toEqual(expected.tasks);
        expect(Object.keys(found.feeds)).toEqual(Object.keys(expected.feeds));
        for (const [name, { shape, data }] of Object.entries(expected.feeds)) {
          expect(found.feeds[name].shape).toEqual(shape);
          expect(digest(found.feeds[name].data)).toBe(digest(data));
        }
      }
      await there.close();
    }
  });

  it('trains to the same weights as without it, and is gone afterwards, also when cancelled', async () => {
    const before = workers();
    const options = {
      ...{ runtime, architecture, tasks: work.tasks, shares: [1, 1, 1], batch: 3, seed: 1, dropout: 0.1 },
      ...{ duration: { steps: 6 }, loss: 'ce+dice' as const, learningRate: 1e-3, optimiser: defaultAdamW },
    };
    const [here, there] = [
      await trainNetwork(options),
      await trainNetwork({ ...options, openBatches: openWorkerBatches }),
    ];
    expect(digest(there.weights)).toBe(digest(here.weights));
    const controller = new AbortController();
    const cancelled = trainNetwork({
      ...options,
      openBatches: openWorkerBatches,
      signal: controller.signal,
      onStep: ({ step }) => void (step === 2 && controller.abort()),
    });
    await expect(cancelled).rejects.toThrow(CancelledError);
    expect(workers()).toEqual(before);
  });

  it('passes errors on with their class', async () => {
    const [task] = work.tasks;
    const broken = {
      ...task,
      cases: [{ ...task.cases[0], grid: { ...task.cases[0].grid, size: [99, 16, 16] as const } }],
    };
    const source = openWorkerBatches({ ...work, tasks: [broken], shares: [1] }, 0);
    const attempt = source.batch(0);
    await expect(attempt).rejects.toThrow(UsageError);
    await expect(attempt).rejects.toThrow(/99x16x16/);
    await source.close();
  });

  it.each([
    ['ends', 'process.exit(3)', /ended with code 3/],
    ['throws', 'throw new TypeError("no such thing")', /no such thing/],
  ])('that %s without an answer is an error, not a wait without end', async (_, code, reason) => {
    const source = openWorkerBatches(work, 0, { script: scriptThat(code) });
    const attempt = source.batch(0);
    await expect(attempt).rejects.toThrow(EngineError);
    await expect(attempt).rejects.toThrow(reason);
    // And again for whoever asks again.
    await expect(source.batch(1)).rejects.toThrow(reason);
    await source.close();
  });

  it('that never answers is an error in words, whether it waits or is busy for ever, and is ended', async () => {
    const before = workers();
    for (const code of ['', 'for (;;);']) {
      const source = openWorkerBatches(work, 0, { script: scriptThat(code), patience: 0.5 });
      const attempt = source.batch(0);
      await expect(attempt).rejects.toThrow(EngineError);
      await expect(attempt).rejects.toThrow('The thread that prepares batches failed: it gave no answer for 0.5 s.');
      await source.close();
    }
    expect(workers()).toEqual(before);
  });

  it('that does not end is left behind after a while, and keeps no program from ending', async () => {
    const unref = vi.spyOn(Worker.prototype, 'unref');
    const terminate = vi.spyOn(Worker.prototype, 'terminate').mockReturnValue(new Promise(() => undefined));
    const source = openWorkerBatches(work, 0, { parting: 0.2 });
    await source.batch(0);
    await source.close();
    expect(terminate).toHaveBeenCalledOnce();
    expect(unref).toHaveBeenCalledOnce();
    const [worker] = terminate.mock.contexts as Worker[];
    vi.restoreAllMocks();
    await worker.terminate();
  });
});

describe('toShared', () => {
  it('moves a case to shared memory once', () => {
    const plain = ballCase(ballTasks[0], 0);
    const shared = toShared(plain);
    for (const key of ['image', 'labels', 'foreground'] as const) {
      expect(plain[key].buffer).toBeInstanceOf(ArrayBuffer);
      expect(shared[key].buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(shared[key]).toEqual(plain[key]);
      expect(toShared(shared)[key]).toBe(shared[key]);
    }
  });
});
