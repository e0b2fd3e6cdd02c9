/** From training cases to one plan a task: measured, derived, or given by the user. */
import { readFile, stat } from 'node:fs/promises';
import { casesOf, type Dataset } from '../datasets/dataset.js';
import { PlanError, throwIfCancelled, UsageError } from '../errors.js';
import { explainSystemError } from '../files/system-error.js';
import type { JobOptions } from '../job-options.js';
import type { Vec3 } from '../math/vector.js';
import type { MeasuredTask } from '../preprocessing/fingerprints-file.js';
import { areHounsfield, type GivenValues, makePlan } from '../preprocessing/make-plan.js';
import type { Plan } from '../preprocessing/plan.js';
import { parsePlans } from '../preprocessing/plans-file.js';
import type { SpacingChoice } from '../preprocessing/spacing.js';
import type { CaseStore } from './case-store.node.js';

/** A plans file is a few kilobytes a task. */
const MAXIMUM_FILE = 64 * 2 ** 20;

/** Values of plans by task name. */
export type GivenPlans = Readonly<Record<string, GivenValues>>;

/**
 * Read a file of plans.
 * @throws PlanError as `parsePlans`, or where it cannot be read
 */
export async function readPlans(file: string, fit: { tasks: readonly string[]; stride: number }): Promise<GivenPlans> {
  let text: string;
  try {
    const found = await stat(file);
    if (!found.isFile() || found.size > MAXIMUM_FILE) {
      throw new PlanError({ file, expected: 'a file of plans, such as the plans.json of a run folder' });
    }
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof PlanError) throw cause;
    throw new PlanError({ file, problem: `cannot be read: ${explainSystemError(cause)}`, cause });
  }
  return parsePlans(text, file, fit);
}

/** Measure all training cases. @throws as `CaseStore.fingerprint` */
export async function measureTasks(
  datasets: readonly Dataset[],
  store: CaseStore,
  options: JobOptions,
): Promise<MeasuredTask[]> {
  const total = datasets.reduce((sum, dataset) => sum + casesOf(dataset, 'train').length, 0);
  let done = 0;
  const tasks: MeasuredTask[] = [];
  for (const dataset of datasets) {
    const cases: MeasuredTask['cases'][number][] = [];
    for (const c of casesOf(dataset, 'train')) {
      throwIfCancelled(options.signal);
      cases.push({ name: c.name, fingerprint: await store.fingerprint(dataset, c) });
      options.onProgress?.({ stage: 'check', done: ++done, total, item: c.name });
    }
    tasks.push({ name: dataset.name, cases });
  }
  return tasks;
}

export interface PlanChoices {
  readonly stride: number;
  readonly patchVoxels: number;
  /** For all tasks. */
  readonly patch?: Vec3;
  readonly spacing: SpacingChoice;
  /** From a file; may not say again what `patch` and `spacing` say. */
  readonly given: GivenPlans;
}

/** @throws UsageError where a patch or a spacing is given both for all tasks and by the file */
export function checkChoices({ patch, spacing, given }: PlanChoices): void {
  for (const [name, values] of Object.entries(given)) {
    const twice = patch && values.patch ? 'patch' : typeof spacing !== 'string' && values.spacing ? 'spacing' : null;
    if (!twice) continue;
    throw new UsageError({ problem: `the ${twice} of ${name} is given twice, as an option and by the file of plans` });
  }
}

/** One plan a task, in the order of the data sets. */
export function makePlans(
  datasets: readonly Dataset[],
  measured: readonly MeasuredTask[],
  choices: PlanChoices,
): Plan[] {
  const { stride, patchVoxels, patch } = choices;
  const prints = measured.map(({ cases }) => cases.map(({ fingerprint }) => fingerprint));
  const all = { stride, patchVoxels, hounsfield: false, intensityOffset: null };
  const common = choices.spacing === 'common' ? makePlan(prints.flat(), all) : undefined;
  return datasets.map(({ name, modality, intensityOffset }, i) => {
    const own = Object.hasOwn(choices.given, name) ? choices.given[name] : {};
    const given: GivenValues = {
      ...(common && { spacing: { value: common.spacing, why: `common to all tasks: ${common.reasons.spacing}` } }),
      ...(typeof choices.spacing !== 'string' && { spacing: { value: [...choices.spacing], why: 'set by --spacing' } }),
      ...(patch && { patch: { value: [...patch], why: 'set by --patch' } }),
      ...own,
    };
    const offset = given.intensityOffset ? given.intensityOffset.value : intensityOffset;
    const hounsfield = areHounsfield(modality, offset, prints[i]);
    return makePlan(prints[i], { stride, patchVoxels, hounsfield, intensityOffset, given });
  });
}
