/**
 * WebGPU in Node: the conformance suite, and the same masks as on the CPU. A graphics driver is enough, one in software
 * too: Chromium's is taken with VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json LD_LIBRARY_PATH=/usr/lib/chromium
 * in the environment. Skipped, in words, where there is none.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { EngineError } from '../../src/errors.js';
import { Graph } from '../../src/graph/graph.js';
import { encodeModel } from '../../src/graph/onnx/encode.js';
import { blockedOps } from '../../src/graph/ops/blocked.js';
import { createPredictor } from '../../src/inference/predictor.js';
import { decodeModelFile, encodeModelFile } from '../../src/model/model-file.js';
import { presets } from '../../src/networks/architecture.js';
import { deployGraph } from '../../src/networks/deploy-graph.js';
import { chooseLayers } from '../../src/networks/layers/choose-layers.js';
import { initialWeights } from '../../src/networks/parameters.js';
import { unetParameters } from '../../src/networks/unet.js';
import { createOnnxRuntime } from '../../src/runtime/onnxruntime.node.js';
import type { Runtime } from '../../src/runtime/session.js';
import { relativeError } from '../graph/support.js';
import { makeBallModel } from '../support/ball-model.js';
import { ballTasks, makeBall } from '../support/balls.js';
import { digest } from '../support/digest.js';
import { conformance, sumGraph, value } from './conformance.js';

const reason = await createOnnxRuntime({ device: 'webgpu' })
  .open(sumGraph())
  .then(
    (session) => session.release().then(() => null),
    (error: Error) => error.message,
  );

if (reason !== null) {
  it('on WebGPU', (context) => {
    context.skip(`no WebGPU here: ${reason}`);
  });
} else {
  conformance('onnxruntime-node on WebGPU', 'webgpu', () => createOnnxRuntime({ device: 'webgpu' }));

  describe('on WebGPU', () => {
    let runtime: Runtime;
    beforeAll(() => {
      runtime = createOnnxRuntime({ device: 'webgpu' });
    });

    it('a preset whose channels fit blocked kernels gets plain layers, all of them on the device', async () => {
      expect((await chooseLayers(presets.small.architecture, runtime)).name).toBe('plain');
      // The engine would take such a graph, and compute it on the CPU.
      const graph = new Graph();
      const x = graph.input('x', [1, 16, 4, 4]);
      const w = graph.input('w', [16, 16, 3, 3]);
      const y = graph.add(blockedOps(16).Convolution, [x, w], { pads: [1, 1, 1, 1] });
      graph.output('y', graph.add(blockedOps(16).ReorderOutput, [y], { channels: 16 }));
      await expect(runtime.open(encodeModel(graph))).rejects.toThrow(EngineError);
    });

    it('a model file of four stages runs as on the CPU', { timeout: 300_000 }, async () => {
      const { architecture } = presets.small;
      const model = encodeModel(deployGraph(architecture, initialWeights(unetParameters(architecture), 0)));
      const image = value(1, 1, 8, 16, 8);
      const results = [];
      for (const device of [createOnnxRuntime({ threads: 1 }), runtime]) {
        const session = await device.open(model);
        results.push(await session.run({ image }));
        await session.release();
      }
      const [cpu, gpu] = results;
      for (const [name, { data }] of Object.entries(cpu)) {
        expect(relativeError(gpu[name].data, data), name).toBeLessThan(1e-4);
      }
    });

    it('masks are those of the CPU, with dropout too, and the predictor says where it ran', {
      timeout: 300_000,
    }, async () => {
      const ball = await makeBallModel();
      const { provenance } = ball;
      const settings = { ...provenance.settings, dropout: 0.3 };
      const bytes = await encodeModelFile({ ...ball, provenance: { ...provenance, settings } });
      const model = await decodeModelFile(bytes, 'm.onnx');
      const { volume } = makeBall(ballTasks[0], 40);
      for (const mc of [0, 1]) {
        const found = [];
        for (const device of ['cpu', 'webgpu'] as const) {
          const predictor = await createPredictor(model, createOnnxRuntime({ threads: 1, device }));
          expect(predictor.device).toBe(device);
          const { mask, task, verdict } = await predictor.predict(volume, { alpha: 0.2, mc });
          found.push({ mask: digest(Float32Array.from(mask)), task, verdict: verdict.verdict });
          await predictor.release();
        }
        expect(found[1]).toEqual(found[0]);
      }
    });
  });
}
