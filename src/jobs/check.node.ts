/** The verb `check`: all that is wrong with data sets, found before anything is trained on them. */
import path from 'node:path';
import { checkDatasets } from '../datasets/check.node.js';
import { type CheckReport, checkReport } from '../datasets/check-report.js';
import type { Dataset, DatasetInput } from '../datasets/dataset.js';
import type { Finding } from '../datasets/finding.js';
import { checkInputs, openInput } from '../datasets/open-datasets.node.js';
import { isCandorError, messageOn } from '../errors.js';
import type { JobOptions } from '../job-options.js';
import { type OptionsOf, validateOptions } from '../options/options.js';
import { checkOptions } from './check-options.js';

/** Options of `check`. */
export interface CheckOptions extends JobOptions, OptionsOf<typeof checkOptions> {
  /** Folders, or values as `openDataset` gives them. */
  readonly datasets: readonly DatasetInput[];
}

/**
 * All findings of data sets. Bad data is the result, not an exception: also a folder that cannot be opened.
 * @throws UsageError without a folder; CancelledError
 * @example
 * const { verdict, counts } = await check({ datasets: ['Task04_Hippocampus'] });
 */
export async function check(options: CheckOptions): Promise<CheckReport> {
  validateOptions(checkOptions, options);
  checkInputs(options.datasets);
  const sets = await Promise.all(options.datasets.map((input) => open(input, options.seed ?? 0)));
  const opened = sets.flatMap(({ dataset }) => dataset ?? []);
  const findings = await checkDatasets(opened, {
    voxels: options.quick ? 'none' : 'all',
    processes: options.threads,
    signal: options.signal,
    onProgress: (done, total, { name }) => options.onProgress?.({ stage: 'check', done, total, item: name }),
  });
  return checkReport(
    options.quick ?? false,
    sets.map(({ folder, dataset, fault }) => {
      if (!dataset) return { name: path.basename(folder), folder, cases: 0, findings: fault ? [fault] : [] };
      const twin = opened.slice(0, opened.indexOf(dataset)).find(({ name }) => name === dataset.name);
      return {
        ...{ name: dataset.name, folder, cases: dataset.cases.length },
        findings: [...(twin ? [sameName(dataset, twin)] : []), ...findings[opened.indexOf(dataset)]],
      };
    }),
  );
}

async function open(
  input: DatasetInput,
  seed: number,
): Promise<{ folder: string; dataset: Dataset | null; fault: Finding | null }> {
  const folder = path.resolve(typeof input === 'string' ? input : input.folder);
  try {
    return { folder, dataset: await openInput(input, seed), fault: null };
  } catch (error) {
    if (!isCandorError(error) || typeof input !== 'string') throw error;
    const file = path.join(folder, 'dataset.json');
    const fault: Finding = {
      ...{ severity: 'error', kind: 'unusable-dataset', case: null, file, message: messageOn(file, error) },
      advice: 'Nothing else of this data set was checked: mend this first.',
    };
    return { folder, dataset: null, fault };
  }
}

function sameName({ name, folder }: Dataset, twin: Dataset): Finding {
  return {
    ...{ severity: 'error', kind: 'dataset-name-twice', case: null, file: path.join(folder, 'dataset.json') },
    message: `the name ${name} is also that of ${twin.folder}.`,
    advice: 'Name the data set once, or rename one of the two: the name is the task.',
  };
}
