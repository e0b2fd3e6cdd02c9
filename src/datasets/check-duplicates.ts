/** One thing under two names: scans that are there twice, labels that were copied to other cases, labels among images. */
import { type Case, type Dataset, type SplitPart, splitParts } from './dataset.js';
import { aboutCase, type Finding, someOf } from './finding.js';
import type { ImageScan, ScannedCase } from './scan.js';
import { differences, sameScan } from './scan-image.js';

/** Labels that name fewer voxels may be alike by chance. */
const SMALL_LABEL = 30;

/** The part of the split that a case is in, by name. */
function partsByCase({ split }: Dataset): Map<string, SplitPart> {
  return new Map(splitParts.flatMap((part) => split[part].map((name) => [name, part] as const)));
}

/** Scans by size: only those can be the same. */
class Scans<T> {
  private readonly bySize = new Map<string, { readonly image: ImageScan; readonly about: T }[]>();

  find(image: ImageScan): { image: ImageScan; about: T } | undefined {
    return this.bySize.get(image.likeness.size.join())?.find((known) => sameScan(known.image, image));
  }

  add(image: ImageScan, about: T): void {
    const key = image.likeness.size.join();
    this.bySize.set(key, [...(this.bySize.get(key) ?? []), { image, about }]);
  }
}

/** The same scan under two names, along whatever axes, and but for a constant that was added. */
export function checkDuplicates(dataset: Dataset, scanned: readonly ScannedCase[]): Finding[] {
  const partOf = partsByCase(dataset);
  const seen = new Scans<Case>();
  return scanned.flatMap(({ case: c, image }): Finding[] => {
    if (!image) return [];
    const known = seen.find(image);
    if (!known) {
      seen.add(image, c);
      return [];
    }
    const twin = known.about;
    const found = aboutCase(c, c.image);
    const same = `the voxels are those of case ${twin.name}${differences(image, known.image)}`;
    const [own, other] = [partOf.get(c.name), partOf.get(twin.name)];
    if (own && other && own !== other)
      return [
        found(
          'error',
          'duplicate-image',
          `${same}, and the two are in different splits, "${own}" and "${other}".`,
          'Remove one, or put both into one group: figures would flatter.',
        ),
      ];
    const groups = c.group === twin.group ? '' : ', which is of another group';
    return [found('warning', 'duplicate-image', `${same}${groups}.`, 'Remove one of them.')];
  });
}

/** The same image in two data sets: right for two organs in one scan, but then the network is taught two answers. */
export function checkAcrossDatasets(
  sets: readonly { readonly dataset: Dataset; readonly scanned: readonly ScannedCase[] }[],
): Finding[][] {
  const seen = new Scans<{ dataset: Dataset; case: Case }>();
  return sets.map(({ dataset, scanned }) => {
    const findings = scanned.flatMap(({ case: c, image }): Finding[] => {
      const known = image && seen.find(image);
      if (!known) return [];
      const twin = known.about;
      const parts = [partsByCase(dataset).get(c.name), partsByCase(twin.dataset).get(twin.case.name)];
      return [
        aboutCase(c, c.image)(
          'warning',
          'duplicate-across-datasets',
          `the voxels are those of case ${twin.case.name} of ${twin.dataset.name}${differences(image, known.image)} (splits: ${parts.map((p) => p ?? 'none').join(' and ')}).`,
          'One network cannot give two answers for one image: keep it in one data set, and on one side of the split.',
        ),
      ];
    });
    for (const { case: c, image } of scanned) if (image) seen.add(image, { dataset, case: c });
    return findings;
  });
}

/** One label under several names, while the images are different scans. */
export function checkCopiedLabels(scanned: readonly ScannedCase[]): Finding[] {
  const byHash = new Map<string, ScannedCase[]>();
  for (const one of scanned) {
    // Labels of one value throughout are alike without having been copied, and are told as what they are.
    if (!one.image || !one.label || one.label.values.length < 2) continue;
    const key = `${one.image.likeness.size.join()} ${one.label.hash}`;
    byHash.set(key, [...(byHash.get(key) ?? []), one]);
  }
  return [...byHash.values()].flatMap((alike): Finding[] => {
    const [{ case: first, image, label }] = alike;
    const others = alike.filter((one) => one !== alike[0] && image && one.image && !sameScan(image, one.image));
    if (!label || others.length === 0) return [];
    const cases = [first, ...others.map((one) => one.case)];
    const names = someOf(cases.map(({ name }) => name));
    const voxels = label.values.reduce((sum, value, i) => sum + (value === 0 ? 0 : label.voxels[i]), 0);
    const isOneGroup = cases.every(({ group }) => group === first.group);
    const isSmall = voxels < SMALL_LABEL;
    return [
      {
        severity: isOneGroup || isSmall ? 'note' : 'warning',
        ...{ kind: 'same-label', case: null, file: first.label },
        message: `the labels of ${cases.length} cases are alike voxel by voxel, while their images differ: ${names}.`,
        advice: isOneGroup
          ? 'Nothing to do if the images show one anatomy, such as several sequences of one person.'
          : isSmall
            ? `They name ${voxels} ${voxels === 1 ? 'voxel, which' : 'voxels, which'} may be alike by chance: look at them over their images.`
            : 'One was probably saved under the names of others: look at them over their images and restore the right ones.',
      },
    ];
  });
}

/** A label that lies where its image should. */
export function checkLabelsAmongImages(dataset: Dataset, scanned: readonly ScannedCase[]): Finding[] {
  return scanned.flatMap(({ case: c, image, label }): Finding[] => {
    const asLabel = image?.asLabel;
    if (!asLabel || !label || asLabel.values.length < 2) return [];
    const found = aboutCase(c, c.image);
    if (asLabel.hash === label.hash)
      return [
        found(
          'error',
          'image-is-label',
          'the image is its own label, voxel by voxel.',
          'Put the scan there: from labels nothing can be learnt about scans.',
        ),
      ];
    if (!asLabel.values.every((value) => Object.hasOwn(dataset.labels, value))) return [];
    return [
      found(
        'warning',
        'image-is-label',
        `the image has the values ${asLabel.values.join(', ')} only, as a label has.`,
        'Make sure that it is a scan and no label.',
      ),
    ];
  });
}
