/** The check as other jobs do it first: errors end them, warnings are told. */
import { DatasetError } from '../errors.js';
import type { JobOptions } from '../job-options.js';
import { type CheckOptions, checkDatasets } from './check.node.js';
import type { Dataset } from './dataset.js';
import { type FindingsOfKind, findingsByKind } from './finding.js';

/** Lines of one kind of finding that are told one by one; `candor check` tells all. */
const TOLD = 20;

/**
 * Check all data sets, headers first and voxels only if those are sound. Warnings go to `onNote`, one for each kind.
 * @param scan reads the voxels; default: `scanCases`
 * @throws DatasetError whose details are the errors, where there are any
 */
export async function requireSound(
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
  const kinds = findings.flatMap(findingsByKind);
  for (const kind of kinds) if (kind.severity === 'warning') options.onNote?.(describe(kind, 1)[0]);
  const errors = kinds.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  const details = errors.flatMap((kind) => describe(kind, TOLD));
  const more = details.length > 1 ? ` (and ${details.length - 1} more)` : '';
  const { file, case: name, message, advice } = errors[0].findings[0];
  throw new DatasetError({
    file: file ?? name ?? undefined,
    problem: withoutStop(message),
    remedy: `${withoutStop(advice)}${more}`,
    details,
  });
}

/** A finding's sentence as a clause. */
function withoutStop(text: string): string {
  return text.replace(/\.$/, '');
}

/** A line for each finding, up to `most`; the last says how many are left out. */
function describe({ kind, findings }: FindingsOfKind, most: number): string[] {
  const lines = findings.slice(0, most).map(({ file, case: name, message, advice }) => {
    const where = file ?? name;
    return `${where === null ? '' : `${where}: `}${message} ${advice}`;
  });
  const left = findings.length - lines.length;
  if (left > 0) lines.push(`${lines.pop()} (${left} more of ${kind}; "candor check" tells all)`);
  return lines;
}
