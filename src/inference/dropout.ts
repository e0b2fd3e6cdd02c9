/**
 * Monte-Carlo dropout (Gal and Ghahramani 2016): the network is run again with channels dropped as in training, and
 * what changes from pass to pass shows where it was never sure.
 */
import { UsageError } from '../errors.js';
import { encodeModel } from '../graph/onnx/encode.js';
import { createRandom } from '../math/random.js';
import type { Vec3 } from '../math/vector.js';
import type { Model } from '../model/model.js';
import { channelMask, dropoutGraph, dropoutInput } from '../networks/dropout-graph.js';
import { dropoutPlaces } from '../networks/unet.js';
import type { Runtime, Value } from '../runtime/session.js';

/** Foreground logits of one window of `size` voxels (x, y, z). */
export type RunWindow = (window: Float32Array, size: Vec3) => Promise<Float32Array>;

export interface DropoutNetwork {
  /**
   * The network that pass number `pass` runs. What it lacks depends on seed and pass alone: it is one network for all
   * windows of all images, so that windows agree where they overlap and images can be compared.
   */
  sample(seed: number, pass: number): RunWindow;
  release(): Promise<void>;
}

/** Prepare a model for passes with dropout. @throws UsageError as {@link dropoutOf} */
export async function openDropoutNetwork(model: Model, runtime: Runtime): Promise<DropoutNetwork> {
  const { architecture, weights } = model;
  const dropout = dropoutOf(model);
  const session = await runtime.open(encodeModel(dropoutGraph(architecture, weights)));
  return {
    sample(seed, pass) {
      const masks: Record<string, Value> = {};
      for (const { name, channels } of dropoutPlaces(architecture)) {
        const data = channelMask(channels, dropout, createRandom(seed, 'mc-dropout', pass, name));
        masks[dropoutInput(name)] = { shape: [1, channels, 1, 1, 1], data };
      }
      return async (window, [width, height, depth]) => {
        const image = { shape: [1, 1, depth, height, width], data: window };
        return (await session.run({ image, ...masks })).logits.data;
      };
    },
    release: () => session.release(),
  };
}

/** The probability with which a model dropped channels in training. @throws UsageError where it dropped none */
export function dropoutOf({ name, provenance }: Pick<Model, 'name' | 'provenance'>): number {
  const { dropout } = provenance.settings;
  if (typeof dropout === 'number' && dropout > 0 && dropout < 1) return dropout;
  throw new UsageError({
    file: 'Monte-Carlo dropout',
    problem: `model ${name} was trained without dropout, which its passes would need`,
    remedy: 'train it with dropout (such as 0.1), or predict without',
  });
}
