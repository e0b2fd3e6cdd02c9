/**
 * Batch k as a pure function of (seed, k): the same whenever, wherever and in whatever order it is made, so that a
 * resumed run sees what an undisturbed one would have seen.
 */

import type { TrainingTask } from '../cases/training-task.js';
import { type LabelNeeds, type LabelSpace, labelNeeds, logitCount } from '../labels/label-space.js';
import { fillPlanes, UNKNOWN } from '../labels/reference.js';
import { createRandom } from '../math/random.js';
import { count } from '../math/vector.js';
import { type Architecture, headsOf } from '../networks/architecture.js';
import { builtNetwork } from '../networks/built-network.js';
import { channelMask } from '../networks/dropout-graph.js';
import {
  bucketAnnotated,
  bucketDropout,
  bucketImage,
  bucketKnown,
  bucketLabel,
  bucketOverlapping,
  bucketPresent,
} from '../networks/tensor-names.js';
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
  const needs = labelNeeds(tasks.map(({ labels }) => labels));
  const parts = bucketSlots(tasks, chosen);
  for (const { bucket, slots } of parts) {
    const heads = headsOf(settings.architecture);
    const voxels = count(tasks[chosen[slots[0]]].patch);
    const image = new Float32Array(bucket.batch * voxels);
    const label = new Float32Array(bucket.batch * heads * voxels);
    const sources: PatchSource[] = [];
    slots.forEach((slot, i) => {
      const { cases, patch, labels } = tasks[chosen[slot]];
      const random = createRandom(settings.seed, 'patch', step, slot);
      const source = cases[random.integer(cases.length)];
      const sample = samplePatch(source, patch, random, { augment: settings.augment });
      image.set(sample.image, i * voxels);
      fillPlanes(labels, sample.label, label.subarray(i * heads * voxels, (i + 1) * heads * voxels));
      sources.push({ labels, annotated: source.annotated, label: sample.label });
    });
    feeds[bucketImage(bucket.name)] = { shape: [bucket.batch, 1, ...bucket.space], data: image };
    feeds[bucketLabel(bucket.name)] = { shape: [bucket.batch, heads, ...bucket.space], data: label };
    Object.assign(feeds, labelMasks(bucket, heads, needs, sources));
    if (settings.dropout > 0) Object.assign(feeds, dropoutMasks(bucket, step, settings));
  }
  return {
    buckets: parts.map(({ bucket }) => bucket),
    tasks: parts.map(({ slots }) => slots.map((slot) => chosen[slot])),
    feeds,
  };
}

/** What is known of the reference that a patch comes from. */
interface PatchSource {
  readonly labels: LabelSpace;
  readonly annotated: readonly boolean[] | null;
  /** Class numbers of the patch. */
  readonly label: Float32Array;
}

/**
 * Which of the network's structures each patch's task has and which of these its reference shows; where a task needs it,
 * whether they overlap and where something is known.
 */
function labelMasks(
  bucket: PatchBucket,
  heads: number,
  needs: LabelNeeds,
  sources: readonly PatchSource[],
): Record<string, Value> {
  const ones = bucket.space.map(() => 1);
  const ofStructures = (holds: (source: PatchSource, k: number) => boolean): Value => ({
    shape: [bucket.batch, heads, ...ones],
    data: Float32Array.from({ length: bucket.batch * heads }, (_, i) =>
      Number(holds(sources[Math.floor(i / heads)], i % heads)),
    ),
  });
  const has = ({ labels }: PatchSource, k: number) => k < logitCount(labels);
  const masks: Record<string, Value> = {};
  if (heads > 1) {
    masks[bucketPresent(bucket.name)] = ofStructures(has);
    masks[bucketAnnotated(bucket.name)] = ofStructures((one, k) => has(one, k) && one.annotated?.[k] !== false);
  }
  if (needs.overlapping) {
    const data = Float32Array.from(sources, ({ labels }) => Number(labels.overlapping));
    masks[bucketOverlapping(bucket.name)] = { shape: [bucket.batch, 1, ...ones], data };
  }
  if (needs.ignore) {
    const voxels = sources[0].label.length;
    const data = new Float32Array(bucket.batch * voxels);
    sources.forEach(({ label }, i) => {
      for (let v = 0; v < voxels; v++) data[i * voxels + v] = label[v] === UNKNOWN ? 0 : 1;
    });
    masks[bucketKnown(bucket.name)] = { shape: [bucket.batch, 1, ...bucket.space], data };
  }
  return masks;
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
