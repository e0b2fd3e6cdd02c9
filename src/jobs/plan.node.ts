/** The first part of `train` alone: plans to look at, and to edit, before anything is trained. */
import path from 'node:path';
import { UsageError } from '../errors.js';
import type { Plan } from '../preprocessing/plan.js';
import { beginRun } from '../training/begin-run.node.js';
import type { TrainOptions } from '../training/train-options.js';

/** What `plan` decided and where it is written. */
export interface PlanResult {
  readonly run: string;
  /** Paths of the two files. */
  readonly fingerprints: string;
  readonly plans: string;
  readonly tasks: readonly { readonly name: string; readonly plan: Plan }[];
}

/**
 * Write `fingerprints.json`, `plans.json` and `splits.json` into the run folder that `train` would use, and stop.
 * @throws UsageError where a run is to be resumed (it has its plans); otherwise as `train` does before it trains
 * @example
 * const { tasks } = await plan({ datasets: ['Task04_Hippocampus'], output: 'model.onnx' });
 * console.log(tasks.map(({ plan }) => plan.spacing));
 */
export async function plan(options: TrainOptions): Promise<PlanResult> {
  if (options.resume)
    throw new UsageError({
      problem: 'a run that is resumed keeps its plans',
      remedy: 'give --plan-only or --resume, not both',
    });
  const { run, datasets, plans } = await beginRun(options);
  return {
    run: run.folder,
    fingerprints: path.join(run.folder, 'fingerprints.json'),
    plans: path.join(run.folder, 'plans.json'),
    tasks: datasets.map(({ name }, i) => ({ name, plan: plans[i] })),
  };
}
