/**
 * Batch k as a pure function of (seed, k): the same whenever, wherever and in whatever order it is made, so that a
 * resumed run sees what an undisturbed one would have seen.
 */

import type { TrainingTask } from '../cases/training-task.js';
import { logitCount } from '../labels/label-space.js';
import { fillPlanes } from '../labels/reference.js';
import { createRandom } from '../math/random.js';
import { count } from '../math/vector.js';
import { type Architecture, headsOf } from '../networks/architecture.js';
import { builtNetwork } from '../networks/built-network.js';
import { channelMask } from '../networks/dropout-graph.js';
import { bucketAnnotated, bucketDropout, bucketImage, bucketLabel, bucketPresent } from '../networks/tensor-names.js';
import type { PatchBucket } from '../networks/training-graph.js';
import type { Value } from '../runtime/session.js';
import { samplePatch } from '../transforms/sample-patch.js';
import { bucketSlots } from './schedule.js';

export interface BatchSettings {
  readonly seed: number;
  readonly architecture: Architecture;
  /** Probability that a channel is dropped. */
  readonly dropout: number;
  readonly augment: boolean;
}

export interface Batch {
  /** Shapes of the step: two batches of equal buckets run in the same session. */
  readonly buckets: readonly PatchBucket[];
  /** Tasks of each bucket's patches, as indices. */
  readonly tasks: readonly (readonly number[])[];
  readonly feeds: Readonly<Record<string, Value>>;
}

/** The batch of a step whose patches come from `chosen` tasks. */
export function makeBatch(
  tasks: readonly TrainingTask[],
  chosen: readonly number[],
  step: number,
  settings: BatchSettings,
): Batch {
  const feeds: Record<string, Value> = {};
  const parts = bucketSlots(tasks, chosen);
  for (const { bucket, slots } of parts) {
    const heads = headsOf(settings.architecture);
    const voxels = count(tasks[chosen[slots[0]]].patch);
    const image = new Float32Array(bucket.batch * voxels);
    const label = new Float32Array(bucket.batch * heads * voxels);
    slots.forEach((slot, i) => {
      const { cases, patch, labels } = tasks[chosen[slot]];
      const random = createRandom(settings.seed, 'patch', step, slot);
      const source = cases[random.integer(cases.length)];
      const sample = samplePatch(source, patch, random, { augment: settings.augment });
      image.set(sample.image, i * voxels);
      fillPlanes(labels, sample.label, label.subarray(i * heads * voxels, (i + 1) * heads * voxels));
    });
    feeds[bucketImage(bucket.name)] = { shape: [bucket.batch, 1, ...bucket.space], data: image };
    feeds[bucketLabel(bucket.name)] = { shape: [bucket.batch, heads, ...bucket.space], data: label };
    if (heads > 1) {
      const masks = structureMasks(
        bucket,
        heads,
        slots.map((slot) => tasks[chosen[slot]]),
      );
      Object.assign(feeds, masks);
    }
    if (settings.dropout > 0) Object.assign(feeds, dropoutMasks(bucket, step, settings));
  }
  return {
    buckets: parts.map(({ bucket }) => bucket),
    tasks: parts.map(({ slots }) => slots.map((slot) => chosen[slot])),
    feeds,
  };
}

/** Which of the network's structures each patch's task has; their references show all of them. */
function structureMasks(bucket: PatchBucket, heads: number, tasks: readonly TrainingTask[]): Record<string, Value> {
  const present = tasks.flatMap(({ labels }) =>
    Array.from({ length: heads }, (_, k) => (k < logitCount(labels) ? 1 : 0)),
  );
  const value = { shape: [bucket.batch, heads, ...bucket.space.map(() => 1)], data: Float32Array.from(present) };
  return { [bucketPresent(bucket.name)]: value, [bucketAnnotated(bucket.name)]: value };
}

/** Channel masks of a bucket's patches. */
function dropoutMasks(bucket: PatchBucket, step: number, { seed, dropout, architecture }: BatchSettings) {
  const masks: Record<string, Value> = {};
  for (const { name, channels } of builtNetwork(architecture).dropout.places) {
    const random = createRandom(seed, 'dropout', step, bucket.name, name);
    const data = channelMask(bucket.batch * channels, dropout, random);
    masks[bucketDropout(bucket.name, name)] = { shape: [bucket.batch, channels, ...bucket.space.map(() => 1)], data };
  }
  return masks;
}
