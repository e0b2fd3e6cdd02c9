/** How often training decodes an image: reading is most of the time before the first step. */
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type * as imageFile from '../../src/formats/image-file.node.js';
import { train } from '../../src/jobs/train.node.js';
import { ballName, temporaryFolder } from '../support/ball-data.js';
import { smallTask, writeSmallDataset } from '../support/small-work.js';

/** Files whose voxels were read, once for each time. */
const decoded = vi.hoisted(() => [] as string[]);
vi.mock('../../src/formats/image-file.node.js', async (original) => {
  const real = await original<typeof imageFile>();
  const readImage: typeof real.readImage = (name) => {
    decoded.push(name);
    return real.readImage(name);
  };
  const openImage: typeof real.openImage = async (name) => {
    const opened = await real.openImage(name);
    const read: typeof opened.read = () => {
      decoded.push(name);
      return opened.read();
    };
    return { ...opened, read };
  };
  return { ...real, readImage, openImage };
});

/** Batches made in this thread: the worker that makes them reads no file, and its start takes longer than the training. */
vi.mock('../../src/training/worker-batches.node.js', async () => ({
  openWorkerBatches: (await import('../../src/training/batch-source.js')).batchesOnDemand,
}));

const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (name: string) => path.join(folder.path, name);

/** Decodes by part and case, of one run; all runs have one cache. */
async function decodesOf(name: string, spacing: number): Promise<(part: string, index: number) => number> {
  decoded.length = 0;
  await train({
    ...{ datasets: [at('data/small')], output: at(`${name}.onnx`), cache: at('cache'), preset: 'tiny', steps: 1 },
    ...{ batch: 1, patch: [8, 8, 8], spacing: [spacing, spacing, spacing], seed: 2, threads: 1 },
  });
  const files = [...decoded];
  return (part, index) => files.filter((file) => file.endsWith(`${part}/${ballName(smallTask, index)}.nii.gz`)).length;
}

const [training, calibration, test] = [[0, 1], 2, 3];
const parts = ['imagesTr', 'labelsTr'];

beforeAll(() => {
  writeSmallDataset(at('data'));
});

it('is twice in a first run, not at all in a second, and once where another plan prepares otherwise', async () => {
  const first = await decodesOf('first', 1);
  for (const part of parts) {
    // For the check and the fingerprint at once, and to prepare it.
    for (const index of training) expect(first(part, index), `${part} ${index}`).toBe(2);
    // For the check, and to calibrate; for the check alone.
    expect(first(part, calibration)).toBe(2);
    expect(first(part, test)).toBe(1);
  }
  const second = await decodesOf('second', 1);
  for (const part of parts) {
    for (const index of training) expect(second(part, index), `${part} ${index}`).toBe(0);
    expect(second(part, calibration)).toBe(1);
    expect(second(part, test)).toBe(0);
  }
  const coarser = await decodesOf('coarser', 1.5);
  for (const part of parts) {
    for (const index of training) expect(coarser(part, index), `${part} ${index}`).toBe(1);
    expect(coarser(part, test)).toBe(0);
  }
}, 120_000);
