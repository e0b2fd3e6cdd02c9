/**
 * What the rest of Candor may ask of a network, of whatever kind: its weights, its layers, its stride and its graphs.
 */
import type { Graph } from '../graph/graph.js';
import type { Runtime } from '../runtime/session.js';
import type { Architecture } from './architecture.js';
import type { ParameterSpec } from './parameters.js';
import type { FeatureLayer } from './unet.js';

/** What every kind of network must give. */
export interface NetworkDescription {
  /** For people, such as "3D U-Net". */
  readonly name: string;
  /** Channels of each stage, full resolution first. */
  readonly stages: readonly number[];
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
  /** What training further needs; null of a network that cannot be trained here. */
  readonly trainable: Architecture | null;
  /** Running with dropped channels; null of a network that cannot. */
  readonly dropout: DropoutCapability | null;
  /** Voxels that a layer's Gram matrix sums over, of an image of so many. */
  gramVoxels(layer: FeatureLayer, imageVoxels: number): number;
  /**
   * The graph of a model file, any batch and any size that the stride divides: input `image`, outputs `logits` and a
   * Gram matrix for each of `features`, named as in tensor-names.ts.
   */
  deploy(weights: Float32Array): Graph;
  /**
   * ONNX bytes of the same network for images of one shape `[batch, 1, depth, height, width]`, by the fastest layers that
   * the engine has; agrees with the deploy graph to float32 rounding.
   */
  encodeWindow(weights: Float32Array, shape: readonly number[], runtime: Runtime): Promise<Uint8Array>;
}

export interface DropoutCapability {
  /** Where whole channels may be dropped. */
  readonly places: readonly FeatureLayer[];
  /** ONNX bytes of the network with dropped channels, see dropout-graph.ts. */
  encode(weights: Float32Array): Uint8Array;
}
