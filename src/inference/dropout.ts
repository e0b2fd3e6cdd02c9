/**
 * Monte-Carlo dropout (Gal and Ghahramani 2016): the network is run again with channels dropped as in training, and
 * what changes from pass to pass shows where it was never sure.
 */
import { UsageError } from '../errors.js';
import { createRandom } from '../math/random.js';
import type { Vec3 } from '../math/vector.js';
import type { Model } from '../model/model.js';
import { channelMask } from '../networks/dropout-graph.js';
import { networkOf } from '../networks/network.js';
import { dropoutInput, IMAGE, LOGITS, tensorOrder } from '../networks/tensor-names.js';
import type { Runtime, Value } from '../runtime/session.js';

/** Logits `[heads, voxels]` of one window of `size` voxels (x, y, z). */
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
  const probability = dropoutOf(model);
  const { places, encode } = networkOf(model.network).dropout!;
  const session = await runtime.open(encode(model.weights));
  return {
    sample(seed, pass) {
      const masks: Record<string, Value> = {};
      for (const { name, channels } of places) {
        const data = channelMask(channels, probability, createRandom(seed, 'mc-dropout', pass, name));
        masks[dropoutInput(name)] = { shape: [1, channels, 1, 1, 1], data };
      }
      return async (window, size) => {
        const image = { shape: [1, 1, ...tensorOrder(size)], data: window };
        return (await session.run({ [IMAGE]: image, ...masks }))[LOGITS].data;
      };
    },
    release: () => session.release(),
  };
}

/** The probability with which a model dropped channels in training. @throws UsageError where it dropped none */
export function dropoutOf({ name, network, provenance }: Pick<Model, 'name' | 'network' | 'provenance'>): number {
  const { dropout } = provenance.settings;
  const able = networkOf(network).dropout !== null;
  if (able && typeof dropout === 'number' && dropout > 0 && dropout < 1) return dropout;
  throw new UsageError({
    file: 'Monte-Carlo dropout',
    problem: `model ${name} was trained without dropout, which its passes would need`,
    remedy: 'train it with dropout (such as 0.1), or predict without',
  });
}
