/** A network ready to run: engine sessions that give logits and Gram matrices of a window. */
import type { Vec3 } from '../math/vector.js';
import { type FeatureLayer, type Network as NetworkKind, networkOf } from '../networks/network.js';
import { gramOutput, IMAGE, LOGITS, tensorOrder } from '../networks/tensor-names.js';
import type { Runtime, Session } from '../runtime/session.js';

export interface WindowRun {
  /** Logits of the window `[heads, voxels]`, x fastest. */
  readonly logits: Float32Array;
  /** Per layer, encoder to decoder: Gram matrix C x C summed over the voxels of its rows, and how many those are. */
  readonly grams: readonly { readonly gram: Float32Array; readonly voxels: number }[];
}

export interface Network {
  readonly layers: readonly FeatureLayer[];
  /** Logits a voxel. */
  readonly heads: number;
  /** Run one window of `size` voxels (x, y, z), each divisible by the network's stride. */
  run(window: Float32Array, size: Vec3): Promise<WindowRun>;
  release(): Promise<void>;
}

/** Sessions of window shapes kept open: one a plan; more are those of an odd caller. */
const SESSIONS = 8;

/**
 * Prepare a network for inference. The graph is built for each shape of window that is run, of the fastest layers
 * that the engine has; it agrees with the model file's plain graph to float32 rounding.
 */
export async function openNetwork(
  model: { readonly network: NetworkKind; readonly weights: Float32Array },
  runtime: Runtime,
): Promise<Network> {
  const network = networkOf(model.network);
  const sessions = new Map<string, Session>();

  async function sessionFor(shape: readonly number[]): Promise<Session> {
    const key = shape.join();
    let session = sessions.get(key);
    if (!session) {
      session = await runtime.open(await network.encodeWindow(model.weights, shape, runtime));
      if (sessions.size === SESSIONS) {
        const [oldest, unused] = sessions.entries().next().value!;
        sessions.delete(oldest);
        await unused.release();
      }
      sessions.set(key, session);
    }
    return session;
  }

  return {
    layers: network.features,
    heads: network.heads,
    async run(window, size) {
      const shape = [1, 1, ...tensorOrder(size)];
      const session = await sessionFor(shape);
      const results = await session.run({ [IMAGE]: { shape, data: window } });
      const grams = network.features.map((layer) => ({
        gram: results[gramOutput(layer.name)].data,
        voxels: network.gramVoxels(layer, window.length),
      }));
      return { logits: results[LOGITS].data, grams };
    },
    async release() {
      for (const session of sessions.values()) await session.release();
      sessions.clear();
    },
  };
}
