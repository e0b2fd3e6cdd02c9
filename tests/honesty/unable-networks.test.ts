/** A network that can neither be trained further nor drop channels is refused, whatever else it can do. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, vi } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { dropoutOf } from '../../src/inference/dropout.js';
import { train } from '../../src/jobs/train.node.js';
import { encodeModelFile } from '../../src/model/model-file.js';
import { architecture, makeBallModel } from '../support/ball-model.js';

vi.mock('../../src/networks/network.js', async (original) => {
  const actual = await original<typeof import('../../src/networks/network.js')>();
  return {
    ...actual,
    networkOf: (...of: Parameters<typeof actual.networkOf>) => ({
      ...actual.networkOf(...of),
      trainable: null,
      dropout: null,
    }),
  };
});

it('has no dropout, whatever its settings say', () => {
  const settings = { dropout: 0.4 };
  const model = { name: 'm', network: { kind: 'built', architecture }, provenance: { settings } };
  expect(() => dropoutOf(model as unknown as Parameters<typeof dropoutOf>[0])).toThrow(UsageError);
});

it('cannot be what training starts from', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'candor-'));
  const init = path.join(folder, 'start.onnx');
  await writeFile(init, await encodeModelFile(await makeBallModel()));
  const output = path.join(folder, 'model.onnx');
  await expect(train({ datasets: ['nowhere'], output, init, threads: 1 })).rejects.toMatchObject({
    file: init,
    expected: 'a network that can be trained further',
  });
  await rm(folder, { recursive: true });
});
