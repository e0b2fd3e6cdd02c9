/** A network ready to run: one engine session that gives logits and Gram matrices of a window. */
import { encodeModel } from '../graph/onnx/encode.js';
import type { Vec3 } from '../math/vector.js';
import type { Architecture } from '../networks/architecture.js';
import { deployGraph, gramOutput } from '../networks/deploy-graph.js';
import { type FeatureLayer, featureLayers } from '../networks/unet.js';
import type { Runtime } from '../runtime/session.js';

export interface WindowRun {
  /** Foreground logits of the window, x fastest. */
  readonly logits: Float32Array;
  /** Per layer, encoder to decoder: Gram matrix C x C summed over the layer's voxels, and how many those are. */
  readonly grams: readonly { readonly gram: Float32Array; readonly voxels: number }[];
}

export interface Network {
  readonly layers: readonly FeatureLayer[];
  /** Run one window of `size` voxels (x, y, z), each divisible by the network's stride. */
  run(window: Float32Array, size: Vec3): Promise<WindowRun>;
  release(): Promise<void>;
}

/** Prepare a network for inference. */
export async function openNetwork(
  { architecture, weights }: { readonly architecture: Architecture; readonly weights: Float32Array },
  runtime: Runtime,
): Promise<Network> {
  const session = await runtime.open(encodeModel(deployGraph(architecture, weights)));
  const layers = featureLayers(architecture);
  return {
    layers,
    async run(window, [width, height, depth]) {
      const image = { shape: [1, 1, depth, height, width], data: window };
      const results = await session.run({ image });
      const grams = layers.map(({ name, stage }) => ({
        gram: results[gramOutput(name)].data,
        voxels: window.length / (2 ** architecture.dimensions) ** stage,
      }));
      return { logits: results.logits.data, grams };
    },
    release: () => session.release(),
  };
}
