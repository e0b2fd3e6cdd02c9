/**
 * Batch k as a pure function of (seed, k): the same whenever, wherever and in whatever order it is made, so that a
 * resumed run sees what an undisturbed one would have seen.
 */

import type { TrainingTask } from '../cases/training-task.js';
import { createRandom } from '../math/random.js';
import { count } from '../math/vector.js';
import type { Architecture } from '../networks/architecture.js';
import { channelMask } from '../networks/dropout-graph.js';
import { networkOf } from '../networks/network.js';
import { groupDropout, groupImage, groupLabel } from '../networks/tensor-names.js';
import type { PatchGroup } from '../networks/training-graph.js';
import type { Value } from '../runtime/session.js';
import { samplePatch } from '../transforms/sample-patch.js';
import { groupSlots } from './schedule.js';

export interface BatchSettings {
  readonly seed: number;
  readonly architecture: Architecture;
  /** Probability that a channel is dropped. */
  readonly dropout: number;
  readonly augment: boolean;
}

export interface Batch {
  /** Shapes of the step: two batches of equal groups run in the same session. */
  readonly groups: readonly PatchGroup[];
  /** Tasks of each group's patches, as indices. */
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
  const parts = groupSlots(tasks, chosen);
  for (const { group, slots } of parts) {
    const shape = [group.batch, 1, ...group.space];
    const voxels = count(tasks[chosen[slots[0]]].patch);
    const image = new Float32Array(group.batch * voxels);
    const label = new Float32Array(group.batch * voxels);
    slots.forEach((slot, i) => {
      const { cases, patch } = tasks[chosen[slot]];
      const random = createRandom(settings.seed, 'patch', step, slot);
      const source = cases[random.integer(cases.length)];
      const sample = samplePatch(source, patch, random, { augment: settings.augment });
      image.set(sample.image, i * voxels);
      label.set(sample.label, i * voxels);
    });
    feeds[groupImage(group.name)] = { shape, data: image };
    feeds[groupLabel(group.name)] = { shape, data: label };
    if (settings.dropout > 0) Object.assign(feeds, dropoutMasks(group, step, settings));
  }
  return {
    groups: parts.map(({ group }) => group),
    tasks: parts.map(({ slots }) => slots.map((slot) => chosen[slot])),
    feeds,
  };
}

/** Channel masks of a group's patches. */
function dropoutMasks(group: PatchGroup, step: number, { seed, dropout, architecture }: BatchSettings) {
  const masks: Record<string, Value> = {};
  for (const { name, channels } of networkOf(architecture).dropoutPlaces) {
    const random = createRandom(seed, 'dropout', step, group.name, name);
    const data = channelMask(group.batch * channels, dropout, random);
    masks[groupDropout(group.name, name)] = { shape: [group.batch, channels, ...group.space.map(() => 1)], data };
  }
  return masks;
}
