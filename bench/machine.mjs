/** What the bench ran on, and the speed that its cores reach at most: the yardstick that every share is of. */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { Graph } from '../dist/graph/graph.js';
import { encodeModel } from '../dist/graph/onnx/encode.js';
import { matmul } from '../dist/graph/ops/matmul.js';
import { createOnnxRuntime } from '../dist/runtime/onnxruntime.node.js';
import { version } from '../dist/version.node.js';
import { median, timed } from './rounds.mjs';

export { LoadError, loadLimit, sampleLoad, waitForIdle } from './load.mjs';
export { interleave, median, quantile, ratioOf, summarise, timed } from './rounds.mjs';

/** Side of the square matrices: three of them fill any cache, and the product takes well over a timer's tick. */
const SIDE = 2048;
const PRODUCTS = 9;

/** One line for people. */
export function describeMachine() {
  const { cpu, cores, node } = machineRecord();
  return `${cpu}, ${cores} cores, Node ${node}`;
}

/** The same for a results file. */
export function machineRecord() {
  const [cpu] = os.cpus();
  return {
    cpu: `${cpu.model.trim()}${widestVectors()}`,
    cores: os.availableParallelism(),
    memoryGiB: Math.round((os.totalmem() / 2 ** 30) * 10) / 10,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.versions.node,
    candor: version,
    engine: createOnnxRuntime().name,
  };
}

/** The widest vectors that the processor has, where the system tells: they decide more than its name does. */
function widestVectors() {
  try {
    const flags = new Set(
      readFileSync('/proc/cpuinfo', 'utf8')
        .match(/^flags\s*:(.*)$/m)?.[1]
        .split(' '),
    );
    const name = { avx512f: 'AVX-512', avx2: 'AVX2', avx: 'AVX' };
    const widest = Object.keys(name).find((flag) => flags.has(flag));
    return widest ? ` with ${name[widest]}` : '';
  } catch {
    return '';
  }
}

/**
 * GFLOP/s of a large float32 matrix product in ONNX Runtime: `best` is the practical limit of the cores.
 * @param threads as the sides of the bench use
 */
export async function matrixProductPeak(threads) {
  const graph = new Graph();
  const [a, b] = ['a', 'b'].map((name) => graph.input(name, [SIDE, SIDE]));
  graph.output('c', matmul(a, b));
  const session = await createOnnxRuntime({ threads }).open(encodeModel(graph));
  const value = { shape: [SIDE, SIDE], data: Float32Array.from({ length: SIDE * SIDE }, (_, i) => (i % 7) - 3) };
  const speeds = [];
  try {
    await session.run({ a: value, b: value });
    for (let i = 0; i < PRODUCTS; i++) {
      const { seconds } = await timed(() => session.run({ a: value, b: value }));
      speeds.push((2 * SIDE ** 3) / seconds / 1e9);
    }
  } finally {
    await session.release();
  }
  return { best: Math.max(...speeds), median: median(speeds), side: SIDE, threads };
}
