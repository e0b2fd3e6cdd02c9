/** What the scanned voxels of a data set tell: findings of single cases, and of cases beside each other. */
import { median } from '../math/statistics.js';
import { type Case, type Dataset, type SplitPart, splitParts } from './dataset.js';
import { type Finding, type FindingKind, type Severity, someOf } from './finding.js';

/** Widths of intensity within one set differ by less, even in MR. */
const FAR = 20;

/** What is known of a case's voxels; null where a file could not be read. */
export interface ScannedCase {
  readonly case: Case;
  readonly image: {
    readonly hash: string;
    readonly notFinite: number;
    readonly minimum: number;
    readonly maximum: number;
  } | null;
  readonly label: { readonly values: readonly number[] } | null;
}

/** All findings on the voxels of one data set. */
export function checkVoxels(dataset: Dataset, scanned: readonly ScannedCase[]): Finding[] {
  return [...checkImages(scanned), ...checkDuplicates(dataset, scanned), ...checkLabels(dataset, scanned)];
}

function about(c: Case, file: string | null) {
  return (severity: Severity, kind: FindingKind, message: string, advice: string): Finding => ({
    ...{ severity, kind, case: c.name, file, message, advice },
  });
}

function checkImages(scanned: readonly ScannedCase[]): Finding[] {
  const widthOf = ({ image }: ScannedCase) => (image ? image.maximum - image.minimum : 0);
  const widths = scanned.map(widthOf).filter((width) => width > 0);
  const usual = median(widths);
  return scanned.flatMap((one): Finding[] => {
    if (!one.image) return [];
    const found = about(one.case, one.case.image);
    const { notFinite, minimum, maximum } = one.image;
    const findings: Finding[] = [];
    if (notFinite > 0)
      findings.push(
        found(
          'warning',
          'not-finite-voxels',
          `${notFinite} voxels are NaN or infinite.`,
          "They are taken as the image's minimum; export the image again if they lie within the body.",
        ),
      );
    if (!(maximum > minimum))
      findings.push(
        found('error', 'constant-image', 'all voxels are alike.', 'Replace the image or take the case out.'),
      );
    else if (widths.length >= 3 && Math.max(widthOf(one) / usual, usual / widthOf(one)) > FAR)
      findings.push(
        found(
          'note',
          'intensity-outlier',
          `intensities reach from ${Number(minimum.toPrecision(4))} to ${Number(maximum.toPrecision(4))}, a range more than ${FAR} times off the set's median (${Number(usual.toPrecision(3))}).`,
          'Nothing to do if images are normalised one by one, as MR is; see whether the image was rescaled.',
        ),
      );
    return findings;
  });
}

/** The part of the split that a case is in, by name. */
function partsByCase({ split }: Dataset): Map<string, SplitPart> {
  return new Map(splitParts.flatMap((part) => split[part].map((name) => [name, part] as const)));
}

function checkDuplicates(dataset: Dataset, scanned: readonly ScannedCase[]): Finding[] {
  const partOf = partsByCase(dataset);
  const seen = new Map<string, Case>();
  return scanned.flatMap(({ case: c, image }): Finding[] => {
    if (!image) return [];
    const twin = seen.get(image.hash);
    seen.set(image.hash, twin ?? c);
    if (!twin) return [];
    const found = about(c, c.image);
    const [own, other] = [partOf.get(c.name), partOf.get(twin.name)];
    if (own && other && own !== other)
      return [
        found(
          'error',
          'duplicate-image',
          `the voxels are those of case ${twin.name}, and the two are in different splits, "${own}" and "${other}".`,
          'Remove one, or put both into one group: figures would flatter.',
        ),
      ];
    const groups = c.group === twin.group ? '' : ', which is of another group';
    return [
      found('warning', 'duplicate-image', `the voxels are those of case ${twin.name}${groups}.`, 'Remove one of them.'),
    ];
  });
}

function checkLabels(dataset: Dataset, scanned: readonly ScannedCase[]): Finding[] {
  const isTarget = (value: number) => (dataset.target ? dataset.target.includes(value) : value > 0);
  const findings: Finding[] = [];
  const labelled = scanned.flatMap(({ case: c, label }) => (label ? [{ case: c, values: label.values }] : []));
  for (const { case: c, values } of labelled) {
    const found = about(c, c.label);
    const unknown = values.filter((value) => !Object.hasOwn(dataset.labels, value));
    const known = Object.keys(dataset.labels).join(', ');
    if (unknown.length > 0)
      findings.push(
        found(
          'error',
          'unknown-label-value',
          `label values ${someOf(unknown.map((v) => `${Number(v.toPrecision(6))}`))} are not in dataset.json, which names ${known}.`,
          'Name them there or mend the label.',
        ),
      );
    if (!values.some(isTarget))
      findings.push(
        found('warning', 'empty-foreground', 'the label has no foreground.', 'Make sure that this is meant.'),
      );
  }
  const partOf = partsByCase(dataset);
  const training = labelled.filter(({ case: c }) => partOf.get(c.name) === 'train');
  if (training.length > 0 && !training.some(({ values }) => values.some(isTarget)))
    findings.push({
      ...{ severity: 'error', kind: 'no-foreground', case: null, file: null },
      message: `none of ${training.length} training cases has foreground.`,
      advice: 'Mend the labels, or name the wanted label values under "target" in dataset.json.',
    });
  for (const [key, name] of Object.entries(dataset.labels)) {
    const value = Number(key);
    const without = labelled.filter(({ values }) => !values.includes(value)).map(({ case: c }) => c.name);
    if (value === 0 || without.length === 0) continue;
    findings.push({
      severity: without.length === labelled.length && isTarget(value) ? 'warning' : 'note',
      ...{ kind: 'label-absent', case: null, file: null },
      message: `label ${value} (${name}) is missing in ${without.length} of ${labelled.length} cases: ${someOf(without)}.`,
      advice: isTarget(value)
        ? 'Nothing to do where the organ is not in the image; cases that were not labelled in full teach the network to miss it.'
        : 'Nothing to do: it is no part of the target.',
    });
  }
  return findings;
}

/** The same image in two data sets: right for two organs in one scan, but then the network is taught two answers. */
export function checkAcrossDatasets(
  sets: readonly { readonly dataset: Dataset; readonly scanned: readonly ScannedCase[] }[],
): Finding[][] {
  const seen = new Map<string, { dataset: Dataset; case: Case }>();
  return sets.map(({ dataset, scanned }) => {
    const findings = scanned.flatMap(({ case: c, image }): Finding[] => {
      const twin = image && seen.get(image.hash);
      if (!twin) return [];
      const parts = [partsByCase(dataset).get(c.name), partsByCase(twin.dataset).get(twin.case.name)];
      return [
        about(c, c.image)(
          'warning',
          'duplicate-across-datasets',
          `the voxels are those of case ${twin.case.name} of ${twin.dataset.name} (splits: ${parts.map((p) => p ?? 'none').join(' and ')}).`,
          'One network cannot give two answers for one image: keep it in one data set, and on one side of the split.',
        ),
      ];
    });
    for (const { case: c, image } of scanned) if (image) seen.set(image.hash, { dataset, case: c });
    return findings;
  });
}
