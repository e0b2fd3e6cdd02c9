/** What a check keeps of the voxels of images and labels: some numbers, which are cheap to send between processes. */
import type { Vec3 } from '../math/vector.js';
import type { Case } from './dataset.js';

export interface ImageLikeness {
  /** Voxels along right, anterior and superior. */
  readonly size: Vec3;
  /** The axes as they are stored, such as LPS. */
  readonly axes: string;
  /** Of finite voxels. */
  readonly mean: number;
  readonly deviation: number;
  /** Means of up to 8 x 8 x 8 blocks along the body's axes, less the image's. */
  readonly blocks: Float32Array;
}

export interface ImageScan {
  readonly notFinite: number;
  /** Of the finite values; infinite where there are none. */
  readonly minimum: number;
  readonly maximum: number;
  /** Where air lies in CT: the 1st percentile, padding below -1100 left out; stored units. */
  readonly low: number;
  /** Where soft tissue lies in CT: the commonest intensity at least 500 above `low`, of 0.5 % of voxels or more. */
  readonly tissue: number | null;
  readonly likeness: ImageLikeness;
  /** What it would be as a label; null where it has too many values to be one. */
  readonly asLabel: LabelScan | null;
}

export interface LabelScan {
  /** Distinct values, the first thousand, in order; NaN is one. */
  readonly values: readonly number[];
  /** Voxels of each of them. */
  readonly voxels: readonly number[];
  /** SHA-256 of the values in the order in which they are stored. */
  readonly hash: string;
}

/** What is known of a case's voxels; null where a file could not be read. */
export interface ScannedCase {
  readonly case: Case;
  readonly image: ImageScan | null;
  readonly label: LabelScan | null;
}
