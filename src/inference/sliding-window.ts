/** Runs something over a whole image in overlapping windows and blends the results with Gaussian weights. */
import { throwIfCancelled } from '../errors.js';
import { count, type Vec3 } from '../math/vector.js';
import { placeWindows } from '../preprocessing/windows.js';

export interface WindowedImage {
  readonly data: Float32Array;
  readonly size: Vec3;
  /** Value outside the image. */
  readonly minimum: number;
}

export interface SlidingWindowOptions {
  readonly patch: Vec3;
  /** Share of a window that overlaps its neighbour, 0 to 0.9. */
  readonly overlap: number;
  readonly signal?: AbortSignal;
  /** Run windows in which all voxels are alike, too. */
  readonly runConstant?: boolean;
}

/** Logit of the voxels of a window that is not run: far below what networks say of plain background. */
export const BACKGROUND_LOGIT = -30;

/** Voxels of a prepared image (sd 1) closer than this are alike: resampling a constant leaves rounding. */
const ALIKE = 1e-5;

/**
 * Blend `predict(window)` over all windows; windows and results are patch-sized, x fastest. Weights fall off as a
 * Gaussian with sd an eighth of the patch, as in nnU-Net, so that window borders leave no seams.
 *
 * Windows in which all voxels are alike are background without being run: there is nothing to see, and what a network
 * that normalises makes of a constant is rounding noise, which differs from engine to engine.
 * @param predict of a window, and its place among all windows
 */
export function slidingWindow(
  image: WindowedImage,
  options: SlidingWindowOptions,
  predict: (window: Float32Array, index: number) => Promise<Float32Array>,
): Promise<Float32Array> {
  let next = 0;
  return blendWindows(image.size, options, async (origin) => {
    const window = cutWindow(image, origin, options.patch);
    const index = next++;
    if (!options.runConstant && isConstant(window)) return window.fill(BACKGROUND_LOGIT);
    return predict(window, index);
  });
}

function isConstant(window: Float32Array): boolean {
  for (let i = 1; i < window.length; i++) if (Math.abs(window[i] - window[0]) > ALIKE) return false;
  return true;
}

/** Blend what `at` gives for the window at each origin, as {@link slidingWindow} does. */
export async function blendWindows(
  size: Vec3,
  { patch, overlap, signal }: SlidingWindowOptions,
  at: (origin: Vec3) => Promise<Float32Array>,
): Promise<Float32Array> {
  const weights = gaussianWeights(patch);
  const means = new Float32Array(count(size));
  const plane = size[0] * size[1];
  // Windows come layer by layer: sums of weights are needed from the present layer on, no deeper than a window.
  const weightSums = new Float32Array(plane * Math.min(size[2], patch[2]));
  let first = 0;
  for (const origin of placeWindows(size, patch, overlap)) {
    throwIfCancelled(signal);
    const result = await at(origin);
    const layer = Math.max(0, origin[2]);
    if (layer > first) {
      const kept = Math.max(0, weightSums.length - plane * (layer - first));
      weightSums.copyWithin(0, weightSums.length - kept);
      weightSums.fill(0, kept);
      first = layer;
    }
    const shift = plane * first;
    forEachRow(size, origin, patch, (from, to, length) => {
      for (let i = 0; i < length; i++) {
        const weight = weights[to + i];
        weightSums[from - shift + i] += weight;
        // A running mean: where windows agree, no rounding gathers, however many there are.
        means[from + i] += (weight / weightSums[from - shift + i]) * (result[to + i] - means[from + i]);
      }
    });
  }
  return means;
}

function cutWindow(image: WindowedImage, origin: Vec3, patch: Vec3): Float32Array {
  const window = new Float32Array(count(patch)).fill(image.minimum);
  forEachRow(image.size, origin, patch, (from, to, length) => {
    window.set(image.data.subarray(from, from + length), to);
  });
  return window;
}

/** Visit the rows that a window shares with the image: offsets in image and window, and the row's length. */
function forEachRow(
  size: Vec3,
  origin: Vec3,
  patch: Vec3,
  visit: (inImage: number, inWindow: number, length: number) => void,
): void {
  const start = origin.map((value) => Math.max(0, -value));
  const end = origin.map((value, axis) => Math.min(patch[axis], size[axis] - value));
  for (let z = start[2]; z < end[2]; z++) {
    for (let y = start[1]; y < end[1]; y++) {
      const inImage = origin[0] + start[0] + size[0] * (origin[1] + y + size[1] * (origin[2] + z));
      visit(inImage, start[0] + patch[0] * (y + patch[1] * z), end[0] - start[0]);
    }
  }
}

/** Product of one Gaussian per axis, centred, sd an eighth of the side; kept above zero so that no voxel is lost. */
function gaussianWeights(patch: Vec3): Float32Array {
  const profiles = patch.map((length) =>
    Float64Array.from({ length }, (_, i) => Math.exp(-0.5 * ((i - (length - 1) / 2) / (length / 8)) ** 2)),
  );
  const weights = new Float32Array(count(patch));
  let i = 0;
  for (const z of profiles[2]) {
    for (const y of profiles[1]) {
      for (const x of profiles[0]) weights[i++] = Math.max(x * y * z, 1e-6);
    }
  }
  return weights;
}
