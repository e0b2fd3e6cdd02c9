/** Networks that Candor builds from an architecture: what they give to the rest of Candor. */
import { encodeModel } from '../graph/onnx/encode.js';
import { type Architecture, headsOf, strideOf } from './architecture.js';
import { deployGraph, windowGraph } from './deploy-graph.js';
import type { DropoutCapability, NetworkDescription } from './description.js';
import { dropoutGraph } from './dropout-graph.js';
import { chooseLayers } from './layers/choose-layers.js';
import { parameterCount } from './parameters.js';
import { dropoutPlaces, featureLayers, unetParameters } from './unet.js';

/** A network that can be trained and run with dropout. */
export interface BuiltNetwork extends NetworkDescription {
  readonly trainable: Architecture;
  readonly dropout: DropoutCapability;
}

/** The network that an architecture describes. */
export function builtNetwork(architecture: Architecture): BuiltNetwork {
  const parameters = unetParameters(architecture);
  return {
    name: '3D U-Net',
    stages: architecture.channels,
    stride: strideOf(architecture),
    heads: headsOf(architecture),
    parameters,
    weightCount: parameterCount(parameters),
    features: featureLayers(architecture),
    trainable: architecture,
    dropout: {
      places: dropoutPlaces(architecture),
      encode: (weights) => encodeModel(dropoutGraph(architecture, weights)),
    },
    gramVoxels: ({ stage, rowStep }, voxels) => voxels / 8 ** stage / rowStep,
    deploy: (weights) => deployGraph(architecture, weights),
    async encodeWindow(weights, shape, runtime) {
      const { layers } = await chooseLayers(architecture, runtime);
      return encodeModel(windowGraph(architecture, weights, shape, layers));
    },
  };
}
