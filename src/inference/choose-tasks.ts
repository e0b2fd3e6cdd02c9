/** Which tasks an image is run for: its grid alone tells which ones it lies beyond. */
import { UsageError } from '../errors.js';
import type { Model, ModelTask } from '../model/model.js';
import { preparedSize } from '../preprocessing/preprocess.js';
import { spacingOf } from '../volume/orientation.js';
import type { Grid } from '../volume/volume.js';
import { fewestWindows, isWithinExtent } from './plans.js';

/** The tasks to run: all, or the one named, whose extent the image fits. */
export function chooseTasks(model: Model, volume: Grid, named: string | undefined): readonly ModelTask[] {
  return candidates(model, named).filter(({ plan }) => isWithinExtent(volume, plan));
}

/** All tasks, or the one named. @throws UsageError where the model does not know it */
function candidates({ tasks }: Model, named: string | undefined): readonly ModelTask[] {
  if (named === undefined) return tasks;
  const task = tasks.find(({ name }) => name === named);
  if (task) return [task];
  const known = tasks.map(({ name }) => name).join(', ');
  throw new UsageError({ file: `Task ${named}`, expected: `one that the model knows (${known})` });
}

/**
 * Why an image lies beyond every task, in words.
 * @throws GeometryError, UnsupportedError where it could not be brought to any plan's grid
 */
export function beyondRemark(model: Model, grid: Grid, named: string | undefined): { task: string; remark: string } {
  const { task, windows } = fewestWindows(candidates(model, named), grid);
  preparedSize(grid, task.plan);
  const mm = spacingOf(grid.affine).map((n) => Number(n.toPrecision(4)));
  return {
    task: task.name,
    remark:
      `Not run: ${grid.size.join(' x ')} voxels of ${mm.join(' x ')} mm would take ${windows} windows under the plan of ` +
      `task ${task.name}, which allows ${task.plan.maximumWindows}: far larger than what the model was trained on. ` +
      'Check the spacing in the header, or crop the image.',
  };
}
