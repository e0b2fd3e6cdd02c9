/** Finds what is wrong with a data set before hours are spent on it: everything at once, each with what to do. */
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isCandorError, throwIfCancelled } from '../errors.js';
import { readImageHeader } from '../volume/image-file.node.js';
import type { Grid } from '../volume/volume.js';
import { checkVoxels } from './check-voxels.node.js';
import { type Case, type Dataset, splitParts } from './dataset.js';
import type { CheckOptions, Finding } from './finding.js';
import { gridMismatch } from './grid-match.js';

export type { CheckOptions, Finding } from './finding.js';

/** Files open at the same time. */
const parallel = 8;

/** All findings of a data set; reads headers only, unless `voxels` is asked for. Never throws for bad files. */
export async function checkDataset(dataset: Dataset, options: CheckOptions = {}): Promise<Finding[]> {
  const findings: Finding[] = [...checkNames(dataset), ...checkSplit(dataset), ...(await checkUnused(dataset))];
  const { cases } = dataset;
  const perCase: Finding[][] = cases.map(() => []);
  let next = 0;
  let done = 0;
  const work = async () => {
    while (next < cases.length) {
      throwIfCancelled(options.signal);
      const index = next++;
      perCase[index] = await checkCase(cases[index]);
      options.onProgress?.(++done, cases.length);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  findings.push(...perCase.flat());
  if (options.voxels) {
    const sound = cases.filter((_, i) => !perCase[i].some((f) => f.severity === 'error'));
    findings.push(...(await checkVoxels(dataset, sound, options)));
  }
  return findings;
}

async function checkCase(c: Case): Promise<Finding[]> {
  const findings: Finding[] = [];
  const grid = async (file: string, what: string): Promise<Grid | null> => {
    const found = (message: string) => findings.push({ severity: 'error', case: c.name, file, message });
    try {
      await access(file);
    } catch {
      found(`the ${what} is missing; add the file or take the case out of dataset.json.`);
      return null;
    }
    try {
      return (await readImageHeader(file)).grid;
    } catch (error) {
      if (!isCandorError(error)) throw error;
      found(`the ${what}'s header cannot be read: ${error.message}`);
      return null;
    }
  };
  const image = await grid(c.image, 'image');
  if (c.label === null)
    findings.push({
      severity: 'error',
      case: c.name,
      file: c.image,
      message: 'the image has no reference; add it to labelsTr/ or move the image to imagesTs/.',
    });
  const reference = c.label === null ? null : await grid(c.label, 'reference');
  const mismatch = image && reference && gridMismatch(image, reference);
  if (mismatch)
    findings.push({
      severity: mismatch.grave ? 'error' : 'warning',
      case: c.name,
      file: c.label,
      message: `${mismatch.message}; resample the reference onto the image's grid.`,
    });
  return findings;
}

function checkNames(dataset: Dataset): Finding[] {
  const files = new Map<string, Case>();
  return dataset.cases.flatMap((c) => {
    const first = files.get(c.name);
    files.set(c.name, first ?? c);
    if (!first) return [];
    const what = first.image === c.image ? 'is listed twice' : `has the name of another image, ${first.image}`;
    return {
      severity: 'error' as const,
      case: c.name,
      file: c.image,
      message: `the case ${what}; rename one or take it out.`,
    };
  });
}

function checkSplit(dataset: Dataset): Finding[] {
  const findings: Finding[] = [];
  const file = join(dataset.folder, 'dataset.json');
  const add = (severity: Finding['severity'], name: string | null, message: string) =>
    findings.push({ severity, case: name, file, message });
  const groupOf = new Map(dataset.cases.map((c) => [c.name, c.group]));
  const partOfCase = new Map<string, string>();
  const partsOfGroup = new Map<string, Set<string>>();
  for (const part of splitParts) {
    if (dataset.split[part].length === 0)
      add(
        part === 'test' ? 'warning' : 'error',
        null,
        `the split "${part}" is empty; ${dataset.splitSource === 'seeded' ? 'a split needs at least three groups of labelled cases' : 'name at least one case'}.`,
      );
    for (const name of dataset.split[part]) {
      const group = groupOf.get(name);
      const earlier = partOfCase.get(name);
      if (group === undefined)
        add('error', name, `the split "${part}" names a case that does not exist; remove the name.`);
      else partsOfGroup.set(group, (partsOfGroup.get(group) ?? new Set()).add(part));
      if (earlier === part) add('warning', name, `the case is named twice in the split "${part}"; remove one.`);
      else if (earlier) add('error', name, `the case is in two splits, "${earlier}" and "${part}"; keep it in one.`);
      partOfCase.set(name, earlier ?? part);
    }
  }
  for (const [group, parts] of partsOfGroup) {
    const members = dataset.cases.filter((c) => c.group === group);
    if (parts.size > 1 && members.length > 1)
      add(
        'error',
        null,
        `the group "${group}" (${members.map((c) => c.name).join(', ')}) is in several splits (${[...parts].join(', ')}); figures would flatter: move it into one.`,
      );
  }
  for (const c of dataset.cases)
    if (c.label !== null && !partOfCase.has(c.name))
      add('warning', c.name, 'the case is in no split and will not be used; add it to one.');
  return findings;
}

/** Files that lie in the folders but belong to no case: often a name that was meant to match. */
async function checkUnused(dataset: Dataset): Promise<Finding[]> {
  const used = new Set(dataset.cases.flatMap((c) => [c.image, c.label]));
  const findings: Finding[] = [];
  for (const part of ['imagesTr', 'labelsTr']) {
    const folder = join(dataset.folder, part);
    // The folder may be absent in the Decathlon's layout, which lists its files; missing ones are found case by case.
    const files = await readdir(folder).catch(() => []);
    for (const file of files.sort()) {
      if (file.startsWith('.') || !/\.nii(\.gz)?$/i.test(file) || used.has(join(folder, file))) continue;
      const expected =
        dataset.layout === 'decathlon'
          ? 'list it under "training"'
          : 'nnU-Net pairs imagesTr/CASE_0000.nii.gz with labelsTr/CASE.nii.gz: rename it';
      findings.push({
        severity: 'warning',
        case: null,
        file: join(folder, file),
        message: `the file belongs to no case; ${expected} or remove it.`,
      });
    }
  }
  return findings;
}
