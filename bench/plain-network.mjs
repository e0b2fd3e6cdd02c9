/** The forward pass alone, without the Gram matrices of a verdict: what a plain segmentation would run. */
import { Graph } from '../dist/graph/graph.js';
import { encodeModel } from '../dist/graph/onnx/encode.js';
import { chooseLayers } from '../dist/networks/layers/choose-layers.js';
import { constantParameters } from '../dist/networks/parameters.js';
import { unet, unetParameters } from '../dist/networks/unet.js';

/**
 * `run(image, batch, [depth, height, width])` gives the logits; by the layers that prediction uses too, one session a
 * shape.
 */
export async function plainNetwork({ architecture, weights }, runtime) {
  const { layers } = await chooseLayers(architecture, runtime);
  const sessions = new Map();
  const sessionFor = async (shape) => {
    const key = shape.join();
    if (!sessions.has(key)) {
      sessions.set(key, await runtime.open(encodeModel(plainGraph(architecture, weights, shape, layers))));
    }
    return sessions.get(key);
  };
  return {
    async run(image, batch, space) {
      const shape = [batch, 1, ...space];
      const results = await (await sessionFor(shape)).run({ image: { shape, data: image } });
      return results.logits.data;
    },
    async release() {
      for (const session of sessions.values()) await session.release();
    },
  };
}

function plainGraph(architecture, weights, shape, layers) {
  const graph = new Graph();
  const image = graph.input('image', shape);
  const parameters = constantParameters(unetParameters(architecture), weights, graph);
  graph.output('logits', unet(architecture, image, parameters, layers(image)).logits);
  return graph;
}
