/** Which task each patch of a run comes from: a fixed sequence in which every task keeps its share at all times. */

import type { TrainingTask } from '../cases/training-task.js';
import { tensorOrder } from '../networks/tensor-names.js';
import type { PatchBucket } from '../networks/training-graph.js';

/**
 * Tasks of the patches of one step, as indices, sorted. A task's k-th patch is due before its share amounts to k, and
 * not given before it amounts to k - 1; the earliest due comes first (Tijdeman, "The chairman assignment problem",
 * 1980). Thus after any number of patches every task is less than one patch away from its share.
 */
export function createSchedule(shares: readonly number[], batch: number): (step: number) => readonly number[] {
  const total = shares.reduce((a, b) => a + b, 0);
  const given = shares.map(() => 0);
  const steps: number[][] = [];
  let patches = 0;
  return (step) => {
    while (steps.length <= step) {
      const tasks: number[] = [];
      for (let slot = 0; slot < batch; slot++) {
        patches++;
        const due = shares.map((share, i) =>
          share * patches > given[i] * total ? (given[i] + 1) / share : Number.POSITIVE_INFINITY,
        );
        const next = due.indexOf(Math.min(...due));
        given[next]++;
        tasks.push(next);
      }
      steps.push(tasks.sort((a, b) => a - b));
    }
    return steps[step];
  };
}

/** Buckets of equal patch shape that a step's tasks fall into, with the slots (positions in the step) of each. */
export function bucketSlots(
  tasks: readonly Pick<TrainingTask, 'patch'>[],
  chosen: readonly number[],
): { readonly bucket: PatchBucket; readonly slots: readonly number[] }[] {
  const slotsByShape = new Map<string, number[]>();
  chosen.forEach((task, slot) => {
    const key = tasks[task].patch.join('x');
    slotsByShape.set(key, [...(slotsByShape.get(key) ?? []), slot]);
  });
  return [...slotsByShape].map(([name, slots]) => {
    return { bucket: { name, batch: slots.length, space: tensorOrder(tasks[chosen[slots[0]]].patch) }, slots };
  });
}
