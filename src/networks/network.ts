/**
 * What the rest of Candor may ask of a network: its weights, its layers, its stride and its graphs, whatever kind it is
 * and however it is made inside. Only this room knows the U-Net.
 */
import type { Graph } from '../graph/graph.js';
import { encodeModel } from '../graph/onnx/encode.js';
import { type Architecture, headsOf, strideOf } from './architecture.js';
import { deployGraph, windowGraph } from './deploy-graph.js';
import { dropoutGraph } from './dropout-graph.js';
import type { LayersFactory } from './layers/layers.js';
import { type ParameterSpec, parameterCount } from './parameters.js';
import { dropoutPlaces, type FeatureLayer, featureLayers, unetParameters } from './unet.js';

export type { FeatureLayer } from './unet.js';

export interface NetworkDescription {
  /** Every side of an input must be divisible by this. */
  readonly stride: number;
  /** Logits of a voxel, one a structure. */
  readonly heads: number;
  /** All weights, in the order of the flat vector. */
  readonly parameters: readonly ParameterSpec[];
  /** Length of the flat vector. */
  readonly weightCount: number;
  /** Layers of the signature, encoder to decoder. */
  readonly features: readonly FeatureLayer[];
  /** Places where channel dropout may act. */
  readonly dropoutPlaces: readonly FeatureLayer[];
  /** Voxels that a layer's Gram matrix sums over, of an image of so many. */
  gramVoxels(layer: FeatureLayer, imageVoxels: number): number;
  /** The graph of a model file, see {@link deployGraph}. */
  deploy(weights: Float32Array): Graph;
  /** ONNX bytes of the same network for images of one shape `[batch, 1, depth, height, width]`, by the given layers. */
  encodeWindow(weights: Float32Array, shape: readonly number[], layers: LayersFactory): Uint8Array;
  /** ONNX bytes of the network with dropped channels, see {@link dropoutGraph}. */
  encodeDropout(weights: Float32Array): Uint8Array;
}

/** The network that an architecture describes. */
export function networkOf(architecture: Architecture): NetworkDescription {
  const parameters = unetParameters(architecture);
  return {
    stride: strideOf(architecture),
    heads: headsOf(architecture),
    parameters,
    weightCount: parameterCount(parameters),
    features: featureLayers(architecture),
    dropoutPlaces: dropoutPlaces(architecture),
    gramVoxels: ({ stage, rowStep }, voxels) => voxels / 8 ** stage / rowStep,
    deploy: (weights) => deployGraph(architecture, weights),
    encodeWindow: (weights, shape, layers) => encodeModel(windowGraph(architecture, weights, shape, layers)),
    encodeDropout: (weights) => encodeModel(dropoutGraph(architecture, weights)),
  };
}
