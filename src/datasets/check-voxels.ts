/** What the scanned voxels of a data set tell: findings of single cases, and of cases beside each other. */
import { median } from '../math/statistics.js';
import { checkCopiedLabels, checkDuplicates, checkLabelsAmongImages } from './check-duplicates.js';
import { checkLabels } from './check-labels.js';
import { checkOffsets } from './check-offsets.js';
import type { Dataset } from './dataset.js';
import { aboutCase, type Finding } from './finding.js';
import type { ScannedCase } from './scan.js';

/** Widths of intensity within one set differ by less, even in MR. */
const FAR = 20;

/**
 * All findings on the voxels of one data set.
 * @param source path of dataset.json
 */
export function checkVoxels(dataset: Dataset, scanned: readonly ScannedCase[], source: string): Finding[] {
  return [
    ...checkImages(scanned),
    ...checkOffsets(dataset, scanned, source),
    ...checkDuplicates(dataset, scanned),
    ...checkLabelsAmongImages(dataset, scanned),
    ...checkCopiedLabels(scanned),
    ...checkLabels(dataset, scanned),
  ];
}

function checkImages(scanned: readonly ScannedCase[]): Finding[] {
  const widthOf = ({ image }: ScannedCase) => (image ? image.maximum - image.minimum : 0);
  const widths = scanned.map(widthOf).filter((width) => width > 0);
  const usual = median(widths);
  return scanned.flatMap((one): Finding[] => {
    if (!one.image) return [];
    const found = aboutCase(one.case, one.case.image);
    const { notFinite, minimum, maximum, likeness } = one.image;
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
    const flat = likeness.size.filter((n) => n === 1).length;
    if (flat > 0)
      findings.push(
        found(
          'warning',
          'thin-image',
          `the image has ${likeness.size.join(' x ')} voxels, one along ${flat === 1 ? 'an axis' : `${flat} axes`}.`,
          'Make sure that it is a 3D image: nothing is learnt of what lies above and below.',
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
