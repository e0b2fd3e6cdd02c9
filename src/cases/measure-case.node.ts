/** One read of a case for all that is learned before there are plans: the check's scan, and its fingerprint. */
import type { Case } from '../datasets/dataset.js';
import { gridMismatch } from '../datasets/grid-match.js';
import { type CaseScan, scanCase } from '../datasets/scan-case.node.js';
import { classCount, type LabelSpace } from '../labels/label-space.js';
import { referenceOf } from '../labels/reference.js';
import { type CaseFingerprint, fingerprintCase } from '../preprocessing/fingerprint.js';

export interface MeasureRequest {
  readonly files: Pick<Case, 'image' | 'label'>;
  readonly labels: LabelSpace;
  /** Whether it trains: others are not measured, so that no plan knows of them. */
  readonly trains: boolean;
}

export interface MeasuredCase {
  readonly scan: CaseScan;
  /** Null of a case that does not train, and of one whose files cannot be used: loading it says why. */
  readonly fingerprint: CaseFingerprint | null;
}

export async function measureCase({ files, labels, trains }: MeasureRequest): Promise<MeasuredCase> {
  let fingerprint: CaseFingerprint | null = null;
  if (!trains) return { scan: await scanCase(files), fingerprint };
  const scan = await scanCase(files, (image, label) => {
    if (gridMismatch(image, label)?.grave) return;
    const { size, affine } = image;
    fingerprint = fingerprintCase(image, { size, affine, data: referenceOf(labels, label.data) }, classCount(labels));
  });
  return { scan, fingerprint };
}
