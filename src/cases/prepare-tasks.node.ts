/** From data sets to prepared training cases. */
import { casesOf, type Dataset } from '../datasets/dataset.js';
import { labelSpaceOf } from '../datasets/labels.js';
import { throwIfCancelled } from '../errors.js';
import type { JobOptions } from '../job-options.js';
import type { Plan } from '../preprocessing/plan.js';
import type { TrainingSample } from '../transforms/sample-patch.js';
import type { CaseStore } from './case-store.node.js';
import type { TrainingTask } from './training-task.js';

/** Training cases under their plans, in shared memory. */
export async function prepareTasks(
  datasets: readonly Dataset[],
  plans: readonly Plan[],
  store: CaseStore,
  options: JobOptions,
): Promise<TrainingTask[]> {
  const total = datasets.reduce((sum, dataset) => sum + casesOf(dataset, 'train').length, 0);
  let done = 0;
  const tasks: TrainingTask[] = [];
  for (const [i, dataset] of datasets.entries()) {
    const cases: TrainingSample[] = [];
    for (const c of casesOf(dataset, 'train')) {
      throwIfCancelled(options.signal);
      cases.push(await store.prepare(dataset, c, plans[i]));
      options.onProgress?.({ stage: 'prepare', done: ++done, total, item: c.name });
    }
    tasks.push({ name: dataset.name, labels: labelSpaceOf(dataset), patch: plans[i].patch, cases });
  }
  return tasks;
}
