/** The one form of an image under a plan: what cache, training, validation, bank and inference pass to each other. */
import type { Grid } from '../volume/volume.js';

/** A prepared sample. */
export interface Sample {
  /** Normalised intensities on `grid`, x fastest. */
  readonly image: Float32Array;
  /** The reference on the same grid, a number a class (`labels/`), 0 for background; absent where there is none. */
  readonly labels?: Uint8Array;
  /** RAS, on the plan's spacing (to the rounding of whole voxels). */
  readonly grid: Grid;
  /** What lies outside the image is taken as this: its darkest (air), strays aside. */
  readonly minimum: number;
}

/** A sample with its reference. */
export interface LabelledSample extends Sample {
  readonly labels: Uint8Array;
  /** Of each structure whether the reference shows it wherever it is; null: of all. */
  readonly annotated: readonly boolean[] | null;
}
