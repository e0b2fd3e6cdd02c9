/**
 * What a run will need of memory, before it begins: hours must not end in the operating system's killing the process.
 * Derived from the graphs themselves; the few constants below are measured (`bench/memory.mjs` compares).
 */
import { count, type Vec3 } from '../math/vector.js';
import type { Architecture } from '../networks/architecture.js';
import { builtNetwork } from '../networks/built-network.js';
import { tensorOrder } from '../networks/tensor-names.js';
import { type TrainingGraphOptions, trainingGraph } from '../networks/training-graph.js';
import { peakBytes } from './graph-memory.js';
import { bucketSlots, createSchedule } from './schedule.js';

const MIB = 2 ** 20;
/** Node, the engine's library, code, and the thread that prepares batches. */
const BASE = 140 * MIB;
/** The engine's memory over the peak of live tensors: its arena grows by doubling and fragments. */
const STEP_ARENA = 1.4;
/** Of a window, whose tensors' buffers the engine plans ahead and keeps. */
const WINDOW_ARENA = 2.1;
/** A training session's own tables; those of a forward pass are small. */
const SESSION = 50 * MIB;
/** Vectors of the weights' length at once: state and next state, engine copies, what awaits collection, a checkpoint. */
const WEIGHT_VECTORS = 17;
/** Compositions of patch shapes repeat within so many steps. */
const SCHEDULED = 200;

export interface MemoryEstimate {
  /** Bytes, as are the others. */
  readonly total: number;
  readonly cases: number;
  readonly engine: number;
  readonly weights: number;
  readonly base: number;
}

export interface TrainingMemoryOptions extends Omit<TrainingGraphOptions, 'buckets'> {
  readonly tasks: readonly {
    readonly patch: Vec3;
    /** Voxels of each prepared case. */
    readonly sizes: readonly Vec3[];
  }[];
  readonly shares: readonly number[];
  /** Patches a step. */
  readonly batch: number;
}

/** Largest resident memory of a training run. */
export function estimateTrainingMemory(options: TrainingMemoryOptions): MemoryEstimate {
  const { tasks, shares, batch, architecture } = options;
  const schedule = createSchedule(shares, batch);
  const compositions = new Map<string, ReturnType<typeof bucketSlots>[number]['bucket'][]>();
  for (let step = 0; step < SCHEDULED; step++) {
    const buckets = bucketSlots(tasks, schedule(step)).map(({ bucket }) => bucket);
    compositions.set(JSON.stringify(buckets), buckets);
  }
  // Each composition has a session, and each session an arena; held-out cases are segmented beside them, task by task.
  const sessions = [...compositions.values()].map(
    (buckets) => SESSION + STEP_ARENA * peakBytes(trainingGraph({ ...options, buckets })),
  );
  const window = Math.max(...tasks.map(({ patch }) => estimateWindowMemory(architecture, patch)));
  const engine = sessions.reduce((a, b) => a + b, window);
  // Float32 image, a byte of label.
  const cases = tasks.reduce((sum, { sizes }) => sum + sizes.reduce((voxels, size) => voxels + 5 * count(size), 0), 0);
  const weights = WEIGHT_VECTORS * 4 * builtNetwork(architecture).weightCount;
  return { total: BASE + cases + engine + weights, cases, engine, weights, base: BASE };
}

/** Memory of the engine for one window of a network at inference, weights included. */
export function estimateWindowMemory(architecture: Architecture, patch: Vec3): number {
  const network = builtNetwork(architecture);
  const [depth, height, width] = tensorOrder(patch);
  const graph = network.deploy(new Float32Array(network.weightCount));
  return WINDOW_ARENA * peakBytes(graph, { batch: 1, depth, height, width }) + 3 * 4 * network.weightCount;
}
