/**
 * What one run of the network tells a judge: the quantities that out-of-distribution detectors compare, and nothing of
 * the size of an image.
 */

/** A layer of the network whose Gram matrix is kept. */
export interface Layer {
  readonly name: string;
  /** Channels C: its spectrum has C values. */
  readonly channels: number;
}

/** What a detector may learn from: an image of a task's bank, run under that task's plan. */
export interface BankFeatures {
  /** One log spectrum per layer, encoder to decoder (`logSpectrum`). */
  readonly spectra: readonly Float64Array[];
  /** Intensity histogram of the prepared image, sum 1 (`intensityHistogram`). */
  readonly histogram: Float64Array;
}

/** What one run under one task's plan gives for one image. */
export interface Features extends BankFeatures {
  /** Mean voxel entropy of the foreground probability, in nats. */
  readonly entropy: number;
}

/** The features of one image by task name; null (or absent) where the image was not run under that task's plan. */
export type FeaturesByTask = Readonly<Record<string, Features | null>>;

/** Bins of an intensity histogram. */
export const HISTOGRAM_BINS = 64;

/** Prepared images have mean 0 and sd 1 or a window's equivalent; values outside go to the end bins. */
const HISTOGRAM_RANGE = 4;

/**
 * Histogram of a prepared image's intensities: 64 equal bins over [-4, 4], outer values in the end bins, divided by the
 * number of voxels counted. NaN voxels are not counted; an image without any other has a histogram of zeros.
 */
export function intensityHistogram(data: Float32Array): Float64Array {
  const histogram = new Float64Array(HISTOGRAM_BINS);
  const scale = HISTOGRAM_BINS / (2 * HISTOGRAM_RANGE);
  let counted = 0;
  // By index: an iterator over a scan takes longer than the counting.
  for (let i = 0; i < data.length; i++) {
    const bin = (data[i] + HISTOGRAM_RANGE) * scale;
    if (Number.isNaN(bin)) continue;
    histogram[Math.floor(Math.min(Math.max(bin, 0), HISTOGRAM_BINS - 1))]++;
    counted++;
  }
  if (counted > 0) for (let i = 0; i < HISTOGRAM_BINS; i++) histogram[i] /= counted;
  return histogram;
}
