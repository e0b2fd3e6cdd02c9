/**
 * The graph of a model file: plain operators that any ONNX runtime opens, weights inside, any input size that the
 * network's stride divides. One run gives logits and, per layer of the signature, the Gram matrix of its features.
 */
import { Graph } from '../graph/graph.js';
import { matmul } from '../graph/ops/matmul.js';
import { reshape, transpose } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import type { Architecture } from './architecture.js';
import { constantParameters } from './parameters.js';
import { featureLayers, unet, unetParameters } from './unet.js';

/** Output name of a layer's Gram matrices. */
export const gramOutput = (layer: string): string => `gram/${layer}`;

/**
 * Input `image` `[batch, 1, depth, height, width]` (2D: without depth); outputs `logits` of the same shape and
 * `gram/<layer>` `[batch, blocks, C, C]`, sums over voxels of products of channels, with one block a window.
 */
export function deployGraph(architecture: Architecture, weights: Float32Array): Graph {
  const graph = new Graph();
  const { image, parameters } = imageAndWeights(graph, architecture, weights);
  const { logits, features } = unet(architecture, image, parameters);
  graph.output('logits', logits);
  for (const { name } of featureLayers(architecture)) graph.output(gramOutput(name), gram(features.get(name)!));
  return graph;
}

/** The input `image`, and finished weights as constants by name. */
export function imageAndWeights(
  graph: Graph,
  architecture: Architecture,
  weights: Float32Array,
): { image: Tensor; parameters: Map<string, Tensor> } {
  const space = ['depth', 'height', 'width'].slice(3 - architecture.dimensions);
  const image = graph.input('image', ['batch', 1, ...space]);
  return { image, parameters: constantParameters(unetParameters(architecture), weights, graph) };
}

/** Uncentred second moments of a feature map: F'F per image, `[batch, 1, C, C]`. */
function gram(features: Tensor): Tensor {
  const rows = reshape(features, [0, 1, features.shape[1] as number, -1]);
  return matmul(rows, transpose(rows, [0, 1, 3, 2]));
}
