/** How much memory a prediction takes, from sizes alone: said, and refused in words, before any of it is taken. */
import { logitCount } from '../labels/label-space.js';
import { count } from '../math/vector.js';
import type { Model } from '../model/model.js';
import { networkOf } from '../networks/network.js';
import { preparedSize } from '../preprocessing/preprocess.js';
import type { Grid } from '../volume/volume.js';
import { beyondRemark, chooseTasks } from './choose-tasks.js';

/** Bytes of a float32. */
const FLOAT = 4;
/** Node, the engine and the program itself. */
const BASE = 200 * 2 ** 20;
/** Feature maps of the finest level that live at once, as multiples of its channels, measured. */
const MAPS = 6;

/**
 * Bytes that predicting an image takes at its peak, about: seen to be within a third of what was measured.
 * @param models of an ensemble, the one that judges first
 * @throws GeometryError, UnsupportedError where the image cannot be brought to a plan's grid
 */
export function estimateMemory(
  models: readonly Model[],
  grid: Grid,
  options: { readonly task?: string; readonly maps?: number } = {},
): number {
  const native = FLOAT * count(grid.size);
  let during = 0;
  let kept = 0;
  let after = 0;
  const tasks = chooseTasks(models[0], grid, options.task);
  // It will not be run; what no plan's grid could hold is refused here as anywhere.
  if (tasks.length === 0) beyondRemark(models[0], grid, options.task);
  const heads = networkOf(models[0].network).heads;
  for (const { plan, labels } of tasks) {
    const prepared = FLOAT * count(preparedSize(grid, plan));
    const windows = FLOAT * count(plan.patch) * MAPS * networkOf(models[0].network).stages[0];
    // The prepared image, the blended logits, a window deep their weights, and what is not yet collected.
    during = Math.max(during, (2 + heads) * prepared + windows);
    kept = Math.max(kept, heads * prepared);
    // Afterwards probabilities, mask and region join the image; of several structures a plane, what they share, and masks.
    const planes = logitCount(labels) === 1 ? 1.5 * native : 3 * native + windows;
    after = Math.max(after, planes + (options.maps ?? 0) * native + heads * prepared);
  }
  // Logits of the best plan so far stay while another runs.
  return Math.round(BASE * models.length + native + Math.max(during + kept, after));
}
