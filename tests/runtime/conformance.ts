/** What any runtime must do, whichever engine and device it is over: one suite, run on each that is there. */
import { beforeAll, describe, expect, it } from 'vitest';
import { EngineError } from '../../src/errors.js';
import { evaluate } from '../../src/graph/evaluate.js';
import { gradients } from '../../src/graph/gradients.js';
import { Graph } from '../../src/graph/graph.js';
import { ndArray } from '../../src/graph/nd-array.js';
import { encodeModel } from '../../src/graph/onnx/encode.js';
import { conv, convTranspose } from '../../src/graph/ops/conv.js';
import { add, mul, reduceMean, relu } from '../../src/graph/ops/elementwise.js';
import { instanceNorm } from '../../src/graph/ops/instance-norm.js';
import { createRandom } from '../../src/math/random.js';
import { chooseLayers } from '../../src/networks/layers/choose-layers.js';
import type { Device, Runtime, Value, Values } from '../../src/runtime/session.js';
import { relativeError } from '../graph/support.js';

const random = createRandom('runtime');

/** Standard normal values. */
export function value(...shape: number[]): Value {
  const length = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float32Array.from({ length }, () => random.normal()) };
}

/** `[2, length]` plus one number. */
export function sumGraph(): Uint8Array {
  const graph = new Graph();
  graph.output('sum', add(graph.input('a', [2, 'length']), graph.input('b', [1])));
  return encodeModel(graph);
}

/** A convolution, norm and loss with its gradients: large enough for an engine to divide the work among threads. */
export function stepGraph(...space: number[]) {
  const feeds: Values = { x: value(2, 4, ...space), w: value(8, 4, 3, 3, 3), scale: value(8), shift: value(8) };
  const graph = new Graph();
  const [x, w, scale, shift] = Object.entries(feeds).map(([name, { shape }]) => graph.input(name, shape));
  const y = relu(instanceNorm(conv(x, w, { pads: [1, 1, 1, 1, 1, 1] }), scale, shift));
  const loss = reduceMean(mul(y, y));
  graph.output('y', y);
  graph.output('loss', loss);
  gradients(loss, [x, w, scale, shift]).forEach((gradient, i) => {
    graph.output(`gradient${i}`, gradient);
  });
  return { graph, model: encodeModel(graph), feeds };
}

/** All results as text, bit for bit. */
export const bitsOf = (results: Values) =>
  JSON.stringify(
    Object.entries(results).map(([name, { data }]) => [
      name,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    ]),
  );

/** Describe a runtime by what it must do. `open` makes it anew. */
export function conformance(name: string, device: Device, open: () => Runtime): void {
  describe(`a runtime: ${name}`, () => {
    let runtime: Runtime;
    beforeAll(() => {
      runtime = open();
    });
    const [a, b] = [value(2, 3), value(1)];

    it('tells its name, its device, and what it can do beyond standard operators', async () => {
      expect(runtime.name).toMatch(new RegExp(`^\\S+ \\d+\\.\\d+\\.\\d+\\S* ${device}$`));
      expect(runtime.device).toBe(device);
      const architecture = { kind: 'unet' as const, dimensions: 3 as const, channels: [16, 32] };
      const chosen = await chooseLayers(architecture, runtime);
      if (!runtime.capabilities.blockedKernels) expect(chosen.name).toBe('plain');
    });

    it('gives what float64 arithmetic gives: convolution, norm, and gradients', async () => {
      const { graph, model, feeds } = stepGraph(4, 6, 8);
      const session = await runtime.open(model);
      const found = await session.run(feeds);
      const inputs = Object.entries(feeds).map(([key, { shape, data }]) => [key, ndArray(shape, data)] as const);
      const expected = evaluate(graph, Object.fromEntries(inputs));
      expect(Object.keys(found)).toEqual(Object.keys(expected));
      for (const [key, { shape, data }] of Object.entries(expected)) {
        expect(found[key].shape, key).toEqual(shape);
        expect(found[key].data, key).toBeInstanceOf(Float32Array);
        expect(relativeError(found[key].data, data), key).toBeLessThan(1e-4);
      }
      await session.release();
    });

    it('runs a graph at any length of a named dimension, upsampling included', async () => {
      const session = await runtime.open(sumGraph());
      for (const length of [1, 3]) {
        const x = value(2, length);
        const { sum } = await session.run({ a: x, b: { shape: [1], data: Float32Array.of(2) } });
        expect(sum.shape).toEqual([2, length]);
        expect(sum.data).toEqual(x.data.map((v) => Math.fround(v + 2)));
      }
      await session.release();
      const graph = new Graph();
      const x = graph.input('x', ['batch', 3, 'depth/2', 'height/2', 'width/2']);
      graph.output(
        'up',
        convTranspose(x, graph.constant('w', [3, 2, 2, 2, 2], value(3, 2, 2, 2, 2).data), { strides: [2, 2, 2] }),
      );
      const up = await runtime.open(encodeModel(graph));
      for (const [batch, ...space] of [
        [1, 2, 3, 4],
        [2, 1, 2, 1],
      ]) {
        const feed = value(batch, 3, ...space);
        const expected = evaluate(graph, { x: ndArray(feed.shape, feed.data) }).up;
        const found = (await up.run({ x: feed })).up;
        expect(found.shape).toEqual(expected.shape);
        expect(relativeError(found.data, expected.data)).toBeLessThan(1e-5);
      }
      await up.release();
    });

    it('opens a model that lies in the middle of a larger buffer', async () => {
      const model = sumGraph();
      const larger = Buffer.alloc(model.length + 20, 255);
      larger.set(model, 7);
      const session = await runtime.open(larger.subarray(7, 7 + model.length));
      await session.release();
    });

    it('gives the same bits at every run and in every session', async () => {
      const { model, feeds } = stepGraph(4, 6, 8);
      const seen = new Set<string>();
      for (let opened = 0; opened < 2; opened++) {
        const session = await runtime.open(model);
        for (let run = 0; run < 3; run++) seen.add(bitsOf(await session.run(feeds)));
        await session.release();
      }
      expect(seen.size).toBe(1);
    });

    it('keeps results of one run when the next one begins', async () => {
      const session = await runtime.open(sumGraph());
      const { sum: first } = await session.run({ a, b });
      const copy = first.data.slice();
      await session.run({ a: value(2, 3), b });
      expect(first.data).toEqual(copy);
      await session.release();
    });

    it.each<[string, Values, RegExp]>([
      ['a missing feed', { a }, /running a graph: .*\bb\b/],
      ['a feed of another name', { a, b, c: b }, /\bno input c\b/],
      ['a feed of another rank', { a: value(2), b }, /input: a\b/],
      ['a feed of another shape', { a: value(3, 3), b }, /input: a\b/],
      ['a feed with too few values', { a: { shape: [2, 3], data: new Float32Array(5) }, b }, /feed a: .*6.*5/],
      ['a feed of an impossible shape', { a: { shape: [2, -3], data: new Float32Array(6) }, b }, /feed a: /],
    ])('names %s, and the session is still good', async (_, feeds, message) => {
      const session = await runtime.open(sumGraph());
      const error = await session.run(feeds).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(EngineError);
      expect((error as EngineError).message).toMatch(message);
      expect((error as EngineError).message).not.toContain('\n');
      expect((await session.run({ a, b })).sum.shape).toEqual([2, 3]);
      await session.release();
    });

    it.each<[string, Uint8Array]>([
      ['empty', new Uint8Array(0)],
      ['not a model', new TextEncoder().encode('GIF89a, surely no model')],
      ['cut short', sumGraph().subarray(0, 60)],
    ])('refuses a model that is %s, and names the device', async (_, bytes) => {
      const error = await runtime.open(bytes).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(EngineError);
      expect((error as EngineError).message).toMatch(new RegExp(`opening a session on ${device}: `));
    });

    it('refuses a session after its release', async () => {
      const session = await runtime.open(sumGraph());
      await session.release();
      await expect(session.run({ a, b })).rejects.toThrow(EngineError);
    });
  });
}
