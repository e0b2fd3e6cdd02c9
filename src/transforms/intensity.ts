/**
 * Intensity augmentation of standardised patches, with nnU-Net's kinds, ranges and probabilities (Isensee et al. 2021,
 * supplement 4), plus a mild bias field. Each transform works in place and leaves constant images alone.
 */
import type { Random } from '../math/random.js';
import { mapVec3, type Vec3 } from '../math/vector.js';
import { resampleLinear } from '../volume/resample.js';
import { fillNormal, smoothField } from './noise.js';

/** Apply each transform with its own probability, in nnU-Net's order. */
export function augmentIntensity(image: Float32Array, size: Vec3, random: Random): void {
  if (random.chance(0.1)) addNoise(image, random.between(0, 0.1), random);
  if (random.chance(0.2))
    blur(
      image,
      size,
      mapVec3([1, 1, 1], () => random.between(0.5, 1)),
    );
  if (random.chance(0.15)) multiply(image, random.between(0.75, 1.25));
  if (random.chance(0.15)) changeContrast(image, random.between(0.75, 1.25));
  if (random.chance(0.15)) addBiasField(image, size, random.between(0, 0.2), random);
  if (random.chance(0.125)) lowerResolution(image, size, random.between(0.5, 1));
  if (random.chance(0.1)) changeGamma(image, randomExponent(random), true);
  if (random.chance(0.3)) changeGamma(image, randomExponent(random), false);
}

/** Between 0.7 and 1.5, brightening and darkening equally often. */
function randomExponent(random: Random): number {
  return random.chance(0.5) ? random.between(0.7, 1) : random.between(1, 1.5);
}

/** Add white Gaussian noise. */
export function addNoise(image: Float32Array, sd: number, random: Random): void {
  const noise = fillNormal(new Float32Array(image.length), random);
  for (let i = 0; i < image.length; i++) image[i] += sd * noise[i];
}

/** Gaussian blur, sigma in voxels for each axis; the border is repeated outwards. */
export function blur(image: Float32Array, size: Vec3, sigma: Vec3): void {
  const scratch = new Float32Array(image.length);
  for (let axis = 0; axis < 3; axis++) {
    const radius = Math.ceil(3 * sigma[axis]);
    if (radius === 0) continue;
    const kernel = new Float64Array(radius + 1);
    let total = 0;
    for (let k = 0; k <= radius; k++) {
      kernel[k] = Math.exp(-0.5 * (k / sigma[axis]) ** 2);
      total += k === 0 ? kernel[k] : 2 * kernel[k];
    }
    for (let k = 0; k <= radius; k++) kernel[k] /= total;
    const inner = axis === 0 ? 1 : axis === 1 ? size[0] : size[0] * size[1];
    scratch.set(image);
    convolveAxis(scratch, image, inner, size[axis], kernel);
  }
}

/** Convolve with a symmetric kernel (its centre first) along an axis of n voxels that lie `inner` apart in memory. */
function convolveAxis(from: Float32Array, to: Float32Array, inner: number, n: number, kernel: Float64Array): void {
  for (let start = 0; start < from.length; start += inner * n) {
    for (let i = 0; i < n; i++) {
      const row = start + inner * i;
      for (let j = row; j < row + inner; j++) to[j] = kernel[0] * from[j];
      for (let k = 1; k < kernel.length; k++) {
        const before = (Math.max(0, i - k) - i) * inner;
        const after = (Math.min(n - 1, i + k) - i) * inner;
        const weight = kernel[k];
        for (let j = row; j < row + inner; j++) to[j] += weight * (from[j + before] + from[j + after]);
      }
    }
  }
}

/** Multiplicative brightness. */
export function multiply(image: Float32Array, factor: number): void {
  for (let i = 0; i < image.length; i++) image[i] *= factor;
}

/** Stretch or squeeze about the mean, within the range that the image had. */
export function changeContrast(image: Float32Array, factor: number): void {
  const { mean, minimum, maximum } = summarise(image);
  for (let i = 0; i < image.length; i++) {
    const value = mean + factor * (image[i] - mean);
    image[i] = Math.max(minimum, Math.min(maximum, value));
  }
}

/** Multiply the image above its minimum by a smooth positive field, exp of a spline of the given sd. */
export function addBiasField(image: Float32Array, size: Vec3, sd: number, random: Random): void {
  const field = smoothField(
    size,
    mapVec3(size, (n) => Math.max(2, n * 0.75)),
    random,
  );
  const { minimum } = summarise(image);
  for (let i = 0; i < image.length; i++) image[i] = minimum + (image[i] - minimum) * Math.exp(sd * field[i]);
}

/** Sample on a grid coarser by `zoom` (below 1) and interpolate back. */
export function lowerResolution(image: Float32Array, size: Vec3, zoom: number): void {
  const coarse = mapVec3(size, (n) => Math.max(1, Math.round(n * zoom)));
  image.set(resampleLinear(resampleLinear(image, size, coarse), coarse, size));
}

/** Gamma curve on the image's own range (of the negative if `inverted`), keeping mean and sd. */
export function changeGamma(image: Float32Array, exponent: number, inverted: boolean): void {
  const { mean, sd, minimum, maximum } = summarise(image);
  const range = maximum - minimum;
  if (!(range > 1e-7)) return;
  const sign = inverted ? -1 : 1;
  const floor = inverted ? -maximum : minimum;
  for (let i = 0; i < image.length; i++) {
    // Rounding can leave a value a hair below the floor, whose power would be NaN.
    const share = Math.max(0, (sign * image[i] - floor) / range);
    image[i] = sign * share ** exponent;
  }
  const after = summarise(image);
  const scale = after.sd > 1e-7 ? sd / after.sd : 0;
  for (let i = 0; i < image.length; i++) image[i] = mean + scale * (image[i] - after.mean);
}

function summarise(image: Float32Array): { mean: number; sd: number; minimum: number; maximum: number } {
  let sum = 0;
  let squares = 0;
  let minimum = Infinity;
  let maximum = -Infinity;
  for (let i = 0; i < image.length; i++) {
    const value = image[i];
    sum += value;
    squares += value * value;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  const mean = sum / image.length;
  return { mean, sd: Math.sqrt(Math.max(0, squares / image.length - mean * mean)), minimum, maximum };
}
