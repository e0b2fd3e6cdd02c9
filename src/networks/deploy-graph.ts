/**
 * The graph of a model file: plain operators that any ONNX runtime opens, weights inside, any input size that the
 * network's stride divides. One run gives logits and, per layer of the signature, the Gram matrix of its features.
 */
import { Graph } from '../graph/graph.js';
import type { Tensor } from '../graph/tensor.js';
import type { Architecture } from './architecture.js';
import type { Layers, LayersFactory } from './layers/layers.js';
import { plainLayers } from './layers/plain.js';
import { constantParameters } from './parameters.js';
import { gramOutput, IMAGE, LOGITS } from './tensor-names.js';
import { featureLayers, unet, unetParameters } from './unet.js';

/**
 * Input `image` `[batch, 1, depth, height, width]`; outputs `logits` `[batch, heads, ...]` and
 * `gram/<layer>` `[batch, blocks, C, C]`, sums over the voxels of the layer's rows of products of channels, with one
 * block a window.
 */
export function deployGraph(architecture: Architecture, weights: Float32Array): Graph {
  const graph = new Graph();
  const image = graph.input(IMAGE, ['batch', 1, 'depth', 'height', 'width']);
  addNetwork(graph, architecture, weights, image, plainLayers(image));
  return graph;
}

/** The same network for images of one shape `[batch, 1, ...space]`, computed by other layers. */
export function windowGraph(
  architecture: Architecture,
  weights: Float32Array,
  shape: readonly number[],
  layers: LayersFactory,
): Graph {
  const graph = new Graph();
  const image = graph.input(IMAGE, shape);
  addNetwork(graph, architecture, weights, image, layers(image));
  return graph;
}

function addNetwork(graph: Graph, architecture: Architecture, weights: Float32Array, image: Tensor, layers: Layers) {
  const parameters = constantParameters(unetParameters(architecture), weights, graph);
  const { logits, features } = unet(architecture, image, parameters, layers);
  graph.output(LOGITS, logits);
  for (const { name, rowStep } of featureLayers(architecture)) {
    graph.output(gramOutput(name), layers.gram(features.get(name)!, rowStep));
  }
}
