/** ONNX Runtime behind the runtime interface: the conformance suite on the CPU, and what is its own. */
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../src/errors.js';
import { createOnnxRuntime } from '../../src/runtime/onnxruntime.node.js';
import type { Value } from '../../src/runtime/session.js';
import { relativeError } from '../graph/support.js';
import { bitsOf, conformance, stepGraph, sumGraph } from './conformance.js';

conformance('onnxruntime-node on the CPU', 'cpu', () => createOnnxRuntime({ threads: 1 }));

describe('createOnnxRuntime', () => {
  it('another number of threads changes only the rounding of gradients', async () => {
    const { model, feeds } = stepGraph(20, 22, 24);
    const results: Record<string, Value>[] = [];
    for (const threads of [1, 2]) {
      const session = await createOnnxRuntime({ threads }).open(model);
      const seen = new Set<string>();
      for (let run = 0; run < 3; run++) {
        results[threads] = await session.run(feeds);
        seen.add(bitsOf(results[threads]));
      }
      await session.release();
      expect(seen.size).toBe(1);
    }
    const [, one, two] = results;
    // ONNX Runtime divides the long sums of a weight gradient by the number of threads.
    expect(bitsOf({ y: two.y })).toBe(bitsOf({ y: one.y }));
    for (const name of Object.keys(one)) expect(relativeError(two[name].data, one[name].data), name).toBeLessThan(1e-5);
  });

  it('says what to do where the device is not there', async () => {
    // Its libraries do not come with the package.
    const opened = await createOnnxRuntime({ device: 'cuda' })
      .open(sumGraph())
      .catch((thrown: unknown) => thrown);
    if (!(opened instanceof EngineError)) return;
    expect(opened.message).toMatch(/^ONNX Runtime failed while opening a session on cuda: /);
    expect(opened.remedy).toMatch(/--device cpu/);
  });
});
