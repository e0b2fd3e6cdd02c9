/** What a check reports. */

export interface Finding {
  /** Errors make the case or the data set unfit for training; warnings are worth a look. */
  readonly severity: 'error' | 'warning';
  readonly case: string | null;
  readonly file: string | null;
  /** What is wrong and what to do. */
  readonly message: string;
}

export interface CheckOptions {
  /** Also read every voxel: NaN, labels that dataset.json does not name, empty references, identical images. */
  readonly voxels?: boolean;
  readonly signal?: AbortSignal;
  /** Called after each case; with `voxels` the cases are gone through twice. */
  readonly onProgress?: (done: number, total: number) => void;
}
