/** From data sets to prepared training cases. */
import { type Case, casesOf, type Dataset } from '../datasets/dataset.js';
import { labelSpaceOf } from '../datasets/structures.js';
import { throwIfCancelled } from '../errors.js';
import type { JobOptions } from '../job-options.js';
import { count } from '../math/vector.js';
import type { Plan } from '../preprocessing/plan.js';
import type { TrainingSample } from '../transforms/sample-patch.js';
import type { CaseStore } from './case-store.node.js';
import { openPreparePool } from './prepare-pool.node.js';
import type { TrainingTask } from './training-task.js';

/** Training cases under their plans, in shared memory; several at a time. */
export async function prepareTasks(
  datasets: readonly Dataset[],
  plans: readonly Plan[],
  store: CaseStore,
  options: JobOptions,
): Promise<TrainingTask[]> {
  const jobs = datasets.flatMap((dataset, i) => casesOf(dataset, 'train').map((c) => ({ dataset, c, plan: plans[i] })));
  let voxels = 0;
  for (const { dataset, c } of jobs) voxels = Math.max(voxels, count((await store.fingerprint(dataset, c)).size));
  const pool = openPreparePool({ cases: jobs.length, voxels });
  const samples = new Map<Case, TrainingSample>();
  const waiting = jobs.values();
  const work = async () => {
    for (const { dataset, c, plan } of waiting) {
      throwIfCancelled(options.signal);
      samples.set(c, await store.prepare(dataset, c, plan, pool.prepare));
      options.onProgress?.({ stage: 'prepare', done: samples.size, total: jobs.length, item: c.name });
    }
  };
  try {
    await Promise.all(Array.from({ length: pool.width }, work));
  } finally {
    await pool.close();
  }
  return datasets.map((dataset, i) => ({
    name: dataset.name,
    labels: labelSpaceOf(dataset),
    patch: plans[i].patch,
    cases: casesOf(dataset, 'train').map((c) => samples.get(c)!),
  }));
}
