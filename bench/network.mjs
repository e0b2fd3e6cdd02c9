/** The network that both sides run, its arithmetic, and its weights as a file that the peer reads. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createRandom } from '../dist/math/random.js';
import { convolutionsOf } from '../dist/networks/architecture.js';
import { initialWeights, parameterCount } from '../dist/networks/parameters.js';
import { unetParameters } from '../dist/networks/unet.js';

/** The peer's network: 16, 32, 64, 128 channels. */
export const architecture = { kind: 'unet', dimensions: 3, channels: [16, 32, 64, 128] };

export const THREADS = Number(process.env.BENCH_THREADS ?? Math.min(2, os.availableParallelism()));

/** Random bytes of a scan's kind: standard normal, fixed by the seed. */
export function randomImage(voxels, seed = 0) {
  const random = createRandom(seed, 'bench image');
  return Float32Array.from({ length: voxels }, () => random.normal());
}

/**
 * Weights with norms and biases off their initial 1 and 0, so that an exchange of two of them would be seen.
 */
export function exampleWeights(network = architecture) {
  const specs = unetParameters(network);
  const random = createRandom(1, 'bench weights');
  return initialWeights(specs, 0).map((value) => value + 0.02 * random.normal());
}

/** Multiply-add pairs times two of one forward pass: convolutions, plain and transposed. */
export function forwardFlops(network, voxels) {
  const { channels } = network;
  let flops = 0;
  const at = (stage) => voxels / 8 ** stage;
  channels.forEach((c, i) => {
    if (i > 0) flops += 2 * at(i) * 8 * channels[i - 1] * c;
    const further = (convolutionsOf(network, i) - 1) * c * c;
    flops += 2 * at(i) * 27 * ((i === 0 ? 1 : c) * c + further);
    if (i < channels.length - 1) {
      flops += 2 * at(i) * channels[i + 1] * c;
      flops += 2 * at(i) * 27 * (2 * c * c + further);
    }
  });
  return flops + 2 * voxels * channels[0];
}

/** A folder that lasts as long as `use`. */
export async function withFolder(use) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'candor-bench-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Write flat weights and their table of contents (`<file>.json`: name, shape, start) for `peers/unet3d.py`. */
export async function exportWeights(file, network, weights) {
  const specs = unetParameters(network);
  if (weights.length !== parameterCount(specs)) throw new Error(`weights: expected ${parameterCount(specs)} values`);
  let start = 0;
  const table = specs.map(({ name, shape }) => {
    const entry = { name, shape, start };
    start += shape.reduce((a, b) => a * b, 1);
    return entry;
  });
  await writeFile(file, bytesOf(weights));
  await writeFile(`${file}.json`, JSON.stringify(table));
}

export function bytesOf(values) {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** float32 values of a file's bytes, copied to where they are aligned. */
export function floatsOf(bytes) {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}
