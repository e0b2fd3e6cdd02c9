/** ONNX Runtime behind the Session interface: errors that name what did not fit, identical bits, release. */
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../src/errors.js';
import { gradients } from '../../src/graph/gradients.js';
import { Graph } from '../../src/graph/graph.js';
import { encodeModel } from '../../src/graph/onnx/encode.js';
import { conv } from '../../src/graph/ops/conv.js';
import { add, mul, reduceMean, relu } from '../../src/graph/ops/elementwise.js';
import { instanceNorm } from '../../src/graph/ops/instance-norm.js';
import { createRandom } from '../../src/math/random.js';
import { createOnnxRuntime } from '../../src/runtime/onnxruntime.node.js';
import type { Value, Values } from '../../src/runtime/session.js';
import { relativeError } from '../graph/support.js';

const random = createRandom('runtime');
function value(...shape: number[]): Value {
  const length = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float32Array.from({ length }, () => random.normal()) };
}

function sumGraph(): Uint8Array {
  const graph = new Graph();
  graph.output('sum', add(graph.input('a', [2, 'length']), graph.input('b', [1])));
  return encodeModel(graph);
}

/** A step of training: large enough for the engine to divide the work among threads. */
function stepGraph() {
  const feeds: Values = { x: value(2, 4, 20, 22, 24), w: value(8, 4, 3, 3, 3), scale: value(8), shift: value(8) };
  const graph = new Graph();
  const [x, w, scale, shift] = Object.entries(feeds).map(([name, { shape }]) => graph.input(name, shape));
  const y = relu(instanceNorm(conv(x, w, { pads: [1, 1, 1, 1, 1, 1] }), scale, shift));
  const loss = reduceMean(mul(y, y));
  graph.output('y', y);
  graph.output('loss', loss);
  gradients(loss, [x, w, scale, shift]).forEach((gradient, i) => {
    graph.output(`gradient${i}`, gradient);
  });
  return { model: encodeModel(graph), feeds };
}

const bitsOf = (results: Values) =>
  JSON.stringify(
    Object.entries(results).map(([name, { data }]) => [
      name,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    ]),
  );

describe('createOnnxRuntime', () => {
  it('names engine, version and device', () => {
    expect(createOnnxRuntime().name).toMatch(/^onnxruntime-node \d+\.\d+\.\d+\S* cpu$/);
  });

  it('runs a graph at any length of a named dimension', async () => {
    const session = await createOnnxRuntime({ threads: 1 }).open(sumGraph());
    for (const length of [1, 3]) {
      const a = value(2, length);
      const { sum } = await session.run({ a, b: { shape: [1], data: Float32Array.of(2) } });
      expect(sum.shape).toEqual([2, length]);
      expect(sum.data).toEqual(a.data.map((x) => x + 2));
    }
    await session.release();
  });

  it('opens a model that lies in the middle of a larger buffer', async () => {
    const model = sumGraph();
    const larger = Buffer.alloc(model.length + 20, 255);
    larger.set(model, 7);
    const session = await createOnnxRuntime({ threads: 1 }).open(larger.subarray(7, 7 + model.length));
    await session.release();
  });

  it('gives the same bits at every run; another number of threads changes only the rounding of gradients', async () => {
    const { model, feeds } = stepGraph();
    const results: Record<string, Value>[] = [];
    for (const threads of [1, 2]) {
      const seen = new Set<string>();
      for (let opened = 0; opened < 2; opened++) {
        const session = await createOnnxRuntime({ threads }).open(model);
        for (let run = 0; run < 3; run++) {
          const values = await session.run(feeds);
          seen.add(bitsOf(values));
          results[threads] = values;
        }
        await session.release();
      }
      expect(seen.size).toBe(1);
    }
    const [, one, two] = results;
    // ONNX Runtime divides the long sums of a weight gradient by the number of threads.
    expect(bitsOf({ y: two.y })).toBe(bitsOf({ y: one.y }));
    for (const name of Object.keys(one)) expect(relativeError(two[name].data, one[name].data), name).toBeLessThan(1e-5);
  });

  it('keeps results of one run when the next one begins', async () => {
    const session = await createOnnxRuntime({ threads: 1 }).open(sumGraph());
    const [a, b] = [value(2, 4), value(1)];
    const { sum: first } = await session.run({ a, b });
    const copy = first.data.slice();
    await session.run({ a: value(2, 4), b });
    expect(first.data).toEqual(copy);
    await session.release();
  });
});

describe('EngineError', () => {
  const open = () => createOnnxRuntime({ threads: 1 }).open(sumGraph());
  const [a, b] = [value(2, 3), value(1)];

  it.each<[string, Values, RegExp]>([
    ['a missing feed', { a }, /^ONNX Runtime failed while running a graph: input 'b' is missing/],
    ['a feed of another name', { a, b, c: b }, /^The graph has no input c\.$/],
    ['a feed of another rank', { a: value(2), b }, /Invalid rank for input: a/],
    ['a feed of another shape', { a: value(3, 3), b }, /invalid dimensions for input: a/],
    ['a feed with too few values', { a: { shape: [2, 3], data: new Float32Array(5) }, b }, /reading feed a: .*6.*5/],
    ['a feed of an impossible shape', { a: { shape: [2, -3], data: new Float32Array(6) }, b }, /reading feed a: /],
  ])('%s', async (_, feeds, message) => {
    const session = await open();
    const error = await session.run(feeds).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EngineError);
    expect((error as EngineError).message).toMatch(message);
    expect((error as EngineError).message).not.toContain('\n');
    // The session is still good.
    expect((await session.run({ a, b })).sum.shape).toEqual([2, 3]);
    await session.release();
  });

  it.each<[string, Uint8Array]>([
    ['empty', new Uint8Array(0)],
    ['not a model', new TextEncoder().encode('GIF89a, surely no model')],
    ['cut short', sumGraph().subarray(0, 60)],
  ])('a model that is %s', async (_, bytes) => {
    await expect(createOnnxRuntime().open(bytes)).rejects.toThrow(EngineError);
    await expect(createOnnxRuntime().open(bytes)).rejects.toThrow(
      /^ONNX Runtime failed while opening a session on cpu: /,
    );
  });

  it('a session used after its release', async () => {
    const session = await open();
    await session.release();
    await expect(session.run({ a, b })).rejects.toThrow(EngineError);
  });
});
