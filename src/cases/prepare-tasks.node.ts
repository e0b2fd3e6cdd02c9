/** From data sets on disk to checked ones, and to prepared training cases. */
import { type CheckOptions, checkDatasets } from '../datasets/check.node.js';
import { type Case, casesOf, type Dataset } from '../datasets/dataset.js';
import { type FindingGroup, groupFindings } from '../datasets/finding.js';
import { labelSpaceOf } from '../datasets/labels.js';
import { openDataset } from '../datasets/open-dataset.node.js';
import { DatasetError, throwIfCancelled, UsageError } from '../errors.js';
import type { JobOptions } from '../job-options.js';
import type { Plan } from '../preprocessing/plan.js';
import type { TrainingSample } from '../transforms/sample-patch.js';
import type { CaseStore } from './case-store.node.js';
import type { TrainingTask } from './training-task.js';

/** Open all data sets, each a task of its own name. */
export async function openDatasets(folders: readonly string[], seed: number): Promise<Dataset[]> {
  if (folders.length === 0) throw new UsageError('Expected at least one data-set folder, found none.');
  const datasets: Dataset[] = [];
  for (const folder of folders) {
    const dataset = await openDataset(folder, { seed });
    const twin = datasets.find(({ name }) => name === dataset.name);
    if (twin) {
      throw new DatasetError(`${folder}: its name ${dataset.name} is also that of ${twin.folder}; rename one of them.`);
    }
    datasets.push(dataset);
  }
  return datasets;
}

/** Lines of one kind of finding that are told one by one; `candor check` tells all. */
const TOLD = 20;

/**
 * Check all data sets, headers first and voxels only if those are sound. Warnings go to `onNote`, one for each kind.
 * @param scan reads the voxels; default: `scanCases`
 * @throws DatasetError whose details are the errors, where there are any
 */
export async function checkAll(
  datasets: readonly Dataset[],
  options: JobOptions,
  scan?: CheckOptions['scan'],
): Promise<void> {
  const findings = await checkDatasets(datasets, {
    scan,
    voxels: 'if-headers-are-sound',
    signal: options.signal,
    onProgress: (done, total, { name }) => options.onProgress?.({ stage: 'check', done, total, item: name }),
  });
  const groups = findings.flatMap(groupFindings);
  for (const group of groups) if (group.severity === 'warning') options.onNote?.(describe(group, 1)[0]);
  const details = groups.filter(({ severity }) => severity === 'error').flatMap((group) => describe(group, TOLD));
  if (details.length === 0) return;
  const more = details.length > 1 ? ` (and ${details.length - 1} more)` : '';
  throw new DatasetError(`${details[0]}${more}`, { details });
}

/** A line for each finding, up to `most`; the last says how many are left out. */
function describe({ kind, findings }: FindingGroup, most: number): string[] {
  const lines = findings.slice(0, most).map(({ file, case: name, message, advice }) => {
    const where = file ?? name;
    return `${where === null ? '' : `${where}: `}${message} ${advice}`;
  });
  const left = findings.length - lines.length;
  if (left > 0) lines.push(`${lines.pop()} (${left} more of ${kind}; "candor check" tells all)`);
  return lines;
}

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
    for (const c of trainingCases(dataset)) {
      throwIfCancelled(options.signal);
      cases.push(await store.prepare(dataset, c, plans[i]));
      options.onProgress?.({ stage: 'prepare', done: ++done, total, item: c.name });
    }
    tasks.push({ name: dataset.name, labels: labelSpaceOf(dataset), patch: plans[i].patch, cases });
  }
  return tasks;
}

/** @throws DatasetError where there are fewer than two */
export function trainingCases(dataset: Dataset): Case[] {
  const cases = casesOf(dataset, 'train');
  if (cases.length < 2) {
    throw new DatasetError(`${dataset.folder}: expected at least 2 training cases, found ${cases.length}.`);
  }
  return cases;
}
