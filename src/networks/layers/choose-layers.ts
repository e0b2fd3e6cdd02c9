/** Finds out which layers an engine can run: its blocked kernels where they are there and right, else the plain ones. */
import { EngineError } from '../../errors.js';
import { evaluate } from '../../graph/evaluate.js';
import { Graph } from '../../graph/graph.js';
import { ndArray } from '../../graph/nd-array.js';
import { encodeModel } from '../../graph/onnx/encode.js';
import { blockedOps } from '../../graph/ops/blocked.js';
import { slice } from '../../graph/ops/shape.js';
import { createRandom } from '../../math/random.js';
import type { Runtime } from '../../runtime/session.js';
import type { Architecture } from '../architecture.js';
import { blockedLayers } from './blocked.js';
import type { LayersFactory } from './layers.js';
import { plainLayers } from './plain.js';

export type LayersName = 'plain' | 'blocked8' | 'blocked16';

export interface ChosenLayers {
  /** For records: other layers give other last bits. */
  readonly name: LayersName;
  readonly layers: LayersFactory;
}

const plain: ChosenLayers = { name: 'plain', layers: plainLayers };
const TOLERANCE = 1e-4;
/** Register widths that ONNX Runtime has blocked kernels for, the widest first. */
const BLOCKS = [16, 8] as const;
const known = new WeakMap<Runtime, Promise<16 | 8 | null>>();

/**
 * The fastest layers for an architecture on an engine, which is probed once; plain ones where the engine does not say that
 * its device has more.
 */
export async function chooseLayers(architecture: Architecture, runtime: Runtime): Promise<ChosenLayers> {
  if (!runtime.capabilities.blockedKernels) return plain;
  let probed = known.get(runtime);
  if (!probed) {
    probed = blockSizeOf(runtime);
    known.set(runtime, probed);
  }
  const block = await probed;
  const fits = architecture.channels.every((c) => block !== null && c % block === 0);
  return block !== null && fits ? { name: `blocked${block}`, layers: blockedLayers(block) } : plain;
}

/** The block size whose kernels agree with the oracle; null where none does. */
async function blockSizeOf(runtime: Runtime): Promise<16 | 8 | null> {
  for (const block of BLOCKS) {
    if (await agrees(runtime, block)) return block;
  }
  return null;
}

/** Runs each blocked operator once, small, and compares with plain float64 arithmetic. */
async function agrees(runtime: Runtime, block: 16 | 8): Promise<boolean> {
  const ops = blockedOps(block);
  const graph = new Graph();
  const random = createRandom(0, 'probe', block);
  // Multiples of the largest block: an engine whose blocks are larger than supposed must not read past the end.
  const [wide, narrow] = [2 * BLOCKS[0], BLOCKS[0]];
  const shapes = {
    x: [2, wide, 5, 7],
    image: [2, 3, 5, 7],
    w: [narrow, wide, 3, 3],
    v: [narrow, 3, 3, 3],
    filters: [3 * narrow, 1, 5, 3],
  };
  const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, graph.input(name, shape)]));
  const same = { pads: [1, 1, 1, 1] };
  const first = graph.add(ops.Convolution, [inputs.image, inputs.v], same);
  const sum = graph.add(ops.Convolution, [inputs.x, inputs.w, graph.filled(0.5, [narrow]), first], same);
  const scales = graph.filled(0.25, [narrow, 1, 1, 1]);
  const scaled = graph.add(ops.Convolution, [sum, scales, graph.filled(0.1, [narrow])], {
    group: narrow,
    activation: 'Relu',
  });
  const apart = { group: narrow, dilations: [4, 1], strides: [3, 1], pads: [3, 0, 3, 0] };
  graph.output('strided', graph.add(ops.Convolution, [scaled, graph.filled(0.5, [narrow, 1, 3, 1])], apart));
  const grouped = { group: 3, dilations: [1, 2], pads: [1, 0, 1, 0] };
  graph.output('grouped', graph.add(ops.Convolution, [slice(inputs.image, [0], [0], [1]), inputs.filters], grouped));
  graph.output('plain', graph.add(ops.ReorderOutput, [scaled], { channels: narrow }));
  const last = graph.add(ops.ReorderOutput, [scaled], { channels: narrow, channels_last: 1 });
  graph.output('last', last);
  graph.output('mean', graph.add(ops.AveragePool, [graph.add(ops.ReorderInput, [last], { channels_last: 1 })]));
  const feeds = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal());
      return [name, { shape, data }];
    }),
  );
  const expected = evaluate(
    graph,
    Object.fromEntries(Object.entries(feeds).map(([name, { shape, data }]) => [name, ndArray(shape, data)])),
  );
  try {
    const session = await runtime.open(encodeModel(graph));
    try {
      const found = await session.run(feeds);
      return Object.entries(expected).every(([name, { data }]) =>
        data.every((value, i) => Math.abs(found[name].data[i] - value) <= TOLERANCE * (1 + Math.abs(value))),
      );
    } finally {
      await session.release();
    }
  } catch (error) {
    // An engine without these operators, or with another block size.
    if (error instanceof EngineError) return false;
    throw error;
  }
}
