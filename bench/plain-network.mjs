/** The forward pass alone, without the Gram matrices of a verdict: what a plain segmentation would run. */
import { Graph } from '../dist/graph/graph.js';
import { encodeModel } from '../dist/graph/onnx/encode.js';
import { imageAndWeights } from '../dist/networks/deploy-graph.js';
import { unet } from '../dist/networks/unet.js';

/** `run(image, batch, [depth, height, width])` gives the logits. */
export async function plainNetwork({ architecture, weights }, runtime) {
  const session = await runtime.open(encodeModel(plainGraph(architecture, weights)));
  return {
    async run(image, batch, space) {
      const results = await session.run({ image: { shape: [batch, 1, ...space], data: image } });
      return results.logits.data;
    },
    release: () => session.release(),
  };
}

export function plainGraph(architecture, weights) {
  const graph = new Graph();
  const { image, parameters } = imageAndWeights(graph, architecture, weights);
  graph.output('logits', unet(architecture, image, parameters).logits);
  return graph;
}
