/** A fully convolutional graph with named dimensions: shapes follow by name, and one model runs at any size. */
import { describe, expect, it } from 'vitest';
import { GraphError } from '../../src/errors.js';
import { evaluate } from '../../src/graph/evaluate.js';
import { gradients } from '../../src/graph/gradients.js';
import { Graph } from '../../src/graph/graph.js';
import { ndArray } from '../../src/graph/nd-array.js';
import { decodeModel } from '../../src/graph/onnx/decode.js';
import { encodeModel } from '../../src/graph/onnx/encode.js';
import { reduceSum } from '../../src/graph/ops/broadcast.js';
import { conv, convTranspose } from '../../src/graph/ops/conv.js';
import { add, mul, relu } from '../../src/graph/ops/elementwise.js';
import { instanceNorm } from '../../src/graph/ops/instance-norm.js';
import { matmul } from '../../src/graph/ops/matmul.js';
import { concat, every, flip, pad, reshape, slice, transpose } from '../../src/graph/ops/shape.js';
import { scaleDim } from '../../src/graph/shape.js';
import { createRandom } from '../../src/math/random.js';
import { expectAllClose, normalArray, runtime, toFeeds } from './support.js';

const space = ['depth', 'height', 'width'];
const random = createRandom('named dimensions');

/** Two stages with a skip connection; the weights are constants, as in a finished model. */
function network(batch: number | string) {
  const graph = new Graph();
  const weight = (name: string, ...shape: number[]) =>
    graph.constant(name, shape, Float32Array.from(normalArray(random, shape, 0.3).data));
  const image = graph.input('image', [batch, 1, ...space]);
  const padded = { pads: [1, 1, 1, 1, 1, 1] };
  const halved = { strides: [2, 2, 2] };
  const skip = relu(
    instanceNorm(conv(image, weight('first', 4, 1, 3, 3, 3), padded), weight('scale', 4), weight('shift', 4)),
  );
  const deep = conv(skip, weight('down', 6, 4, 2, 2, 2), halved);
  const deeper = conv(deep, weight('downAgain', 6, 6, 2, 2, 2), halved);
  const up = convTranspose(deeper, weight('upAgain', 6, 6, 2, 2, 2), halved);
  const joined = concat([skip, convTranspose(add(deep, up), weight('up', 6, 4, 2, 2, 2), halved)], 1);
  const logits = conv(joined, weight('last', 2, 8, 1, 1, 1), {}, weight('bias', 2));
  const rows = reshape(every(joined, 3, 4), [0, 0, -1]);
  const gram = matmul(rows, transpose(rows, [0, 2, 1]));
  return { graph, image, skip, deep, deeper, joined, logits, rows, gram };
}

describe('named dimensions', () => {
  it('are kept, divided and given back by convolutions', () => {
    const n = network(1);
    expect(n.skip.shape).toEqual([1, 4, ...space]);
    expect(n.deep.shape).toEqual([1, 6, 'depth/2', 'height/2', 'width/2']);
    expect(n.deeper.shape).toEqual([1, 6, 'depth/4', 'height/4', 'width/4']);
    expect(n.joined.shape).toEqual([1, 8, ...space]);
    expect(n.logits.shape).toEqual([1, 2, ...space]);
    expect(n.rows.shape).toEqual([1, 8, '(depth*height/4*width)']);
    expect(n.gram.shape).toEqual([1, 8, 8]);
  });

  it.each([1, 'batch'])('run at several sizes with batch %s', async (batch) => {
    const { graph, logits, gram } = network(batch);
    graph.output('logits', logits);
    graph.output('gram/joined', gram);
    const bytes = encodeModel(graph);
    const model = decodeModel(bytes, 'model.onnx');
    expect(model.inputs).toEqual([{ name: 'image', shape: [batch, 1, ...space] }]);
    expect(model.outputs).toEqual([
      { name: 'logits', shape: [batch, 2, ...space] },
      { name: 'gram/joined', shape: [batch, 8, 8] },
    ]);
    const session = await runtime.open(bytes);
    const n = batch === 1 ? 1 : 2;
    for (const size of [
      [4, 4, 4],
      [8, 4, 12],
    ]) {
      const image = normalArray(random, [n, 1, ...size]);
      const expected = evaluate(graph, { image });
      const found = await session.run(toFeeds({ image }));
      expect(found.logits.shape).toEqual([n, 2, ...size]);
      for (const name of ['logits', 'gram/joined']) {
        const { shape, data } = found[name];
        expectAllClose(ndArray(shape, data), expected[name], 1e-5, name);
      }
    }
    await session.release();
  });

  it('are merged to a name that only its like matches', () => {
    const graph = new Graph();
    const merge = (shape: (number | string)[], target: number[]) =>
      reshape(graph.input(`x${graph.inputs.length}`, shape), target).shape;
    expect(merge([1, 8, 'depth', 'height'], [0, 0, -1])).toEqual([1, 8, '(depth*height)']);
    expect(merge([2, 4, 'depth', 'height'], [1, 8, -1])).toEqual([1, 8, '(depth*height)']);
    expect(merge([2, 8, 'depth', 'height'], [4, -1])).toEqual([4, '(4*depth*height)']);
    expect(merge([2, 8, 'depth'], [16, -1])).toEqual([16, 'depth']);
    expect(merge(['batch', 8, 'depth'], [0, 2, 4, -1])).toEqual(['batch', 2, 4, 'depth']);
    expect(merge(['batch', 8, 'depth'], [0, -1, 1])).toEqual(['batch', '(8*depth)', 1]);
  });

  it('are refused where a length would not follow exactly', () => {
    const graph = new Graph();
    const x = graph.input('x', [1, 1, 'depth']);
    const w = graph.input('w', [1, 1, 2]);
    expect(() => conv(x, w)).toThrow(GraphError);
    expect(() => conv(x, w, { strides: [2], pads: [1, 0] })).toThrow(GraphError);
    expect(() => convTranspose(x, w)).toThrow(GraphError);
    // Twice `depth` has no name.
    expect(() => convTranspose(x, w, { strides: [2] })).toThrow(GraphError);
    expect(() => pad(x, [0, 0, 1], [0, 0, 0])).toThrow(GraphError);
    expect(() => slice(x, [2], [0], [1])).toThrow(GraphError);
    expect(() => flip(x, [2])).toThrow(GraphError);
    expect(() => concat([x, x], 2)).toThrow(GraphError);
    expect(() => reshape(x, [1, 4])).toThrow(GraphError);
    expect(() => add(x, graph.input('y', [1, 1, 'height']))).toThrow(GraphError);
    expect(() => gradients(reduceSum(mul(x, x)), [x])).toThrow(GraphError);
  });

  it('are scaled by whole fractions', () => {
    expect(scaleDim('depth', 1, 2)).toBe('depth/2');
    expect(scaleDim('depth/2', 1, 3)).toBe('depth/6');
    expect(scaleDim('depth/6', 3, 1)).toBe('depth/2');
    expect(scaleDim('depth/2', 2, 1)).toBe('depth');
    expect(scaleDim('depth/2', 4, 1)).toBeUndefined();
    expect(scaleDim('(depth/2*height/2)', 1, 2)).toBeUndefined();
  });
});
