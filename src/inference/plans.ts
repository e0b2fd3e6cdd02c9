/** Tasks that share a plan share a pass over the image. */
import { UnsupportedError } from '../errors.js';
import type { Plan } from '../preprocessing/plan.js';
import { preparedSize } from '../preprocessing/preprocess.js';
import { countWindows } from '../preprocessing/windows.js';
import type { Grid } from '../volume/volume.js';

export interface PlannedTask {
  readonly name: string;
  readonly plan: Plan;
}

/** Tasks that share one plan. */
export interface SharedPlan<Task extends PlannedTask> {
  readonly plan: Plan;
  readonly tasks: Task[];
}

/** Tasks by equal plans (reasons aside), in order. */
export function distinctPlans<Task extends PlannedTask>(tasks: readonly Task[]): SharedPlan<Task>[] {
  const shared = new Map<string, SharedPlan<Task>>();
  for (const task of tasks) {
    const { reasons: _reasons, ...settings } = task.plan;
    const key = JSON.stringify(settings);
    const same = shared.get(key);
    if (same) same.tasks.push(task);
    else shared.set(key, { plan: task.plan, tasks: [task] });
  }
  return [...shared.values()];
}

/** Windows that an image on `grid` needs under `plan`; infinitely many where it would be too large for memory. */
function windowsUnder(grid: Grid, plan: Plan): number {
  try {
    return countWindows(preparedSize(grid, plan), plan.patch, plan.overlap);
  } catch (error) {
    if (error instanceof UnsupportedError) return Number.POSITIVE_INFINITY;
    throw error;
  }
}

/** The task that an image needs fewest windows for, and how many. */
export function fewestWindows<T extends PlannedTask>(tasks: readonly T[], grid: Grid): { task: T; windows: number } {
  const windows = tasks.map(({ plan }) => windowsUnder(grid, plan));
  const least = Math.min(...windows);
  return { task: tasks[windows.indexOf(least)], windows: least };
}

/** Whether an image lies within a task's extent: beyond it, it is outside the task without being run. */
export function isWithinExtent(grid: Grid, plan: Plan): boolean {
  return windowsUnder(grid, plan) <= plan.maximumWindows;
}
