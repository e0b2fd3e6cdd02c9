/** The slow half of the check: what only voxels tell. */
import { createHash } from 'node:crypto';
import { isCandorError, throwIfCancelled } from '../errors.js';
import { readImage } from '../volume/image-file.node.js';
import type { Case, Dataset } from './dataset.js';
import type { CheckOptions, Finding } from './finding.js';

/** Findings on the voxels of cases whose headers are sound. */
export async function checkVoxels(
  dataset: Dataset,
  cases: readonly Case[],
  options: Pick<CheckOptions, 'signal' | 'onProgress'> = {},
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const seen = new Map<string, Case>();
  for (const [index, c] of cases.entries()) {
    throwIfCancelled(options.signal);
    const add = (severity: Finding['severity'], file: string, message: string) =>
      findings.push({ severity, case: c.name, file, message });
    const image = await voxelsOf(c.image, add);
    if (image) {
      const twin = checkImage(image, c, seen);
      if (twin) add('warning', c.image, twin);
      const unusual = image.reduce((n, v) => n + (Number.isFinite(v) ? 0 : 1), 0);
      if (unusual > 0)
        add('warning', c.image, `${unusual} voxels are NaN or infinite; they are taken as the image's minimum.`);
      if (image.every((v) => v === image[0]))
        add('error', c.image, 'all voxels are alike; replace or remove the image.');
    }
    const reference = c.label === null ? null : await voxelsOf(c.label, add);
    if (reference) for (const f of checkReference(reference, dataset)) add(f.severity, c.label!, f.message);
    options.onProgress?.(index + 1, cases.length);
  }
  return findings;
}

async function voxelsOf(
  file: string,
  add: (severity: 'error', file: string, message: string) => void,
): Promise<Float32Array | null> {
  try {
    return (await readImage(file)).volume.data;
  } catch (error) {
    if (!isCandorError(error)) throw error;
    add('error', file, `the voxels cannot be read: ${error.message}`);
    return null;
  }
}

function checkImage(data: Float32Array, c: Case, seen: Map<string, Case>): string | null {
  const hash = createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');
  const twin = seen.get(hash);
  seen.set(hash, twin ?? c);
  if (!twin) return null;
  return twin.group === c.group
    ? `the voxels are those of case ${twin.name}; remove one.`
    : `the voxels are those of case ${twin.name}, which is of another group; remove one, or splits will share it.`;
}

function checkReference(labels: Float32Array, dataset: Dataset): Pick<Finding, 'severity' | 'message'>[] {
  const counts = new Map<number, number>();
  for (const stored of labels) {
    // Float noise of scaled label images is forgiven, true fractions are not.
    const nearest = Math.round(stored);
    const value = Math.abs(stored - nearest) < 1e-3 ? nearest : stored;
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const unknown = [...counts.keys()].filter((value) => !Object.hasOwn(dataset.labels, value)).sort((a, b) => a - b);
  const findings: Pick<Finding, 'severity' | 'message'>[] = [];
  if (unknown.length > 0)
    findings.push({
      severity: 'error',
      message: `label values ${unknown.slice(0, 5).join(', ')}${unknown.length > 5 ? ', ...' : ''} are not in dataset.json; name them there or mend the reference.`,
    });
  const isTarget = (value: number) => (dataset.target ? dataset.target.includes(value) : value > 0);
  if (![...counts.keys()].some(isTarget))
    findings.push({ severity: 'warning', message: 'the reference has no foreground; make sure that this is meant.' });
  return findings;
}
