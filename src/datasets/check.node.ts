/** Finds what is wrong with data sets before hours are spent on them: everything at once, each with what to do. */
import { join } from 'node:path';
import { throwIfCancelled } from '../errors.js';
import { checkAcrossDatasets } from './check-duplicates.js';
import { type CheckedHeaders, checkHeaders, checkUnused, unusableFile } from './check-files.node.js';
import { checkGeometry } from './check-geometry.js';
import { checkNames, checkSplit } from './check-split.js';
import { checkVoxels } from './check-voxels.js';
import type { Dataset } from './dataset.js';
import type { Finding } from './finding.js';
import type { ScannedCase } from './scan.js';
import { type ScanCases, type ScanJob, scanCases } from './scan-pool.node.js';

export interface CheckOptions {
  /** Which voxels to read: none, all, or all unless headers have errors already, so that hopeless sets fail fast. */
  readonly voxels: 'none' | 'all' | 'if-headers-are-sound';
  /** Processes that read voxels; default: 1. */
  readonly processes?: number;
  /** How voxels are read and reduced; default: {@link scanCases}. */
  readonly scan?: ScanCases;
  readonly signal?: AbortSignal;
  /** Called after each case: of the headers where no voxels are asked for, else of the voxels. */
  readonly onProgress?: (done: number, total: number, dataset: Dataset) => void;
}

/** Header files open at the same time. */
const PARALLEL = 8;

/**
 * All findings of some data sets, one list each. Headers first, of all sets, then the voxels of all images whose
 * headers could be read.
 * Never throws for bad files.
 * @throws {CancelledError} where the signal fires
 */
export async function checkDatasets(datasets: readonly Dataset[], options: CheckOptions): Promise<Finding[][]> {
  const total = datasets.reduce((sum, { cases }) => sum + cases.length, 0);
  let seen = 0;
  const sets: { dataset: Dataset; checked: CheckedHeaders[]; findings: Finding[] }[] = [];
  for (const dataset of datasets) {
    const checked = await readHeaders(dataset, options, () => {
      seen++;
      if (options.voxels === 'none') options.onProgress?.(seen, total, dataset);
    });
    const headers = dataset.cases.flatMap((c, i) => {
      const { image } = checked[i];
      return image ? [{ case: c, header: image }] : [];
    });
    const findings = [
      ...dataset.remarks,
      ...checkNames(dataset),
      ...checkSplit(dataset, sourceOf(dataset)),
      ...(await checkUnused(dataset)),
      ...checked.flatMap((one) => one.findings),
      ...checkGeometry(headers),
    ];
    sets.push({ dataset, checked, findings });
  }
  const hopeless = sets.some(({ findings }) => hasErrors(findings));
  if (options.voxels === 'none' || (options.voxels === 'if-headers-are-sound' && hopeless))
    return sets.map(({ findings }) => findings);

  const jobs = sets.map(({ dataset, checked }): ScanJob[] => {
    // A case that is listed twice would be its own twin.
    const listed = new Set<string>();
    return dataset.cases.flatMap((c, i) => {
      const { image, label, bytes } = checked[i];
      if (!image || listed.has(c.image)) return [];
      listed.add(c.image);
      return [{ dataset, case: { ...c, label: label && c.label }, bytes }];
    });
  });
  const setOf = jobs.flatMap((list, i) => list.map(() => datasets[i]));
  // One process unless more are asked for: on two busy cores two took as long (64 CT images, 322 MB: 4.0 s and 4.1 s),
  // and each has to start, holds an image, and may be stopped by the system.
  const scans = await (options.scan ?? scanCases)(jobs.flat(), {
    processes: options.processes ?? 1,
    signal: options.signal,
    onScan: (done) => options.onProgress?.(done, setOf.length, setOf[done - 1]),
  });
  let from = 0;
  const scanned = jobs.map((list, i) => {
    const cases = list.map(({ case: c }): ScannedCase => {
      const { image, label } = scans[from++];
      if ('tag' in image) sets[i].findings.push(unusableFile(c, 'image', image));
      if (label && 'tag' in label) sets[i].findings.push(unusableFile(c, 'label', label));
      return { case: c, image: 'tag' in image ? null : image, label: label && 'tag' in label ? null : label };
    });
    return { dataset: datasets[i], scanned: cases };
  });
  const shared = checkAcrossDatasets(scanned);
  return sets.map(({ dataset, findings }, i) => [
    ...findings,
    ...checkVoxels(dataset, scanned[i].scanned, sourceOf(dataset)),
    ...shared[i],
  ]);
}

/** The file that findings on the data set as such are about. */
const sourceOf = ({ folder }: Dataset): string => join(folder, 'dataset.json');

function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error');
}

async function readHeaders(
  { cases }: Dataset,
  { signal }: Pick<CheckOptions, 'signal'>,
  onCase: () => void,
): Promise<CheckedHeaders[]> {
  const checked: CheckedHeaders[] = new Array(cases.length);
  let next = 0;
  const work = async () => {
    while (next < cases.length) {
      throwIfCancelled(signal);
      const index = next++;
      checked[index] = await checkHeaders(cases[index]);
      onCase();
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return checked;
}
