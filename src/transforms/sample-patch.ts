/** A training patch as a pure function of a case and a random stream: place, shape, then intensity. */
import { UsageError } from '../errors.js';
import type { Random } from '../math/random.js';
import { count, type Vec3 } from '../math/vector.js';
import type { LabelledSample } from '../preprocessing/sample.js';
import { augmentIntensity } from './intensity.js';
import { cropPatch, halfExtent, type Patch, randomVoxelMatrix, warpPatch } from './spatial.js';

/** A prepared sample and what patches of it are drawn by. */
export interface TrainingSample extends LabelledSample {
  /** The plan's, in mm. */
  readonly spacing: Vec3;
  /** Indices of foreground voxels, all of them or a sample; patches are centred near one of them. */
  readonly foreground: Uint32Array;
}

export interface SamplePatchOptions {
  /** Random rotation, scaling and intensity. Default false: an exact crop. */
  readonly augment?: boolean;
  /** Share of patches placed at a foreground voxel; the rest lie anywhere in the image. Default 0.5. */
  readonly foregroundShare?: number;
}

/** With augmentation, the share of patches that keep the image's own voxels, unrotated and unscaled (nnU-Net: 0.64). */
const plainShare = 0.6;

/**
 * Sample a patch of a case.
 *
 * The patch lies within the image as far as it fits; where the image is smaller, it lies anywhere within the patch and
 * `source.minimum` around it. A patch placed at a foreground voxel is shifted by up to a quarter of its extent, so that
 * the organ is not always centred. Augmentation follows nnU-Net (Isensee et al. 2021), without mirroring: left and right
 * organs differ.
 * @param patch voxels along x, y, z
 * @returns image and label (0 or 1), x fastest
 * @throws UsageError if the case's arrays do not match its size or the patch is not of positive integers
 */
export function samplePatch(
  source: TrainingSample,
  patch: Vec3,
  random: Random,
  options: SamplePatchOptions = {},
): { image: Float32Array; label: Float32Array } {
  const voxels = count(source.grid.size);
  if (source.image.length !== voxels || source.labels.length !== voxels) {
    throw new UsageError({
      expected: `${voxels} voxels of a case of size ${source.grid.size.join('x')}`,
      found: `${source.image.length} image and ${source.labels.length} label voxels`,
    });
  }
  if (!patch.every((n) => Number.isInteger(n) && n > 0)) {
    throw new UsageError({ expected: 'a patch size of three positive integers', found: patch.join(', ') });
  }
  const { augment = false, foregroundShare = 0.5 } = options;
  const anchor = chooseAnchor(source, foregroundShare, random);
  if (!augment) return cropPatch(source, placePlain(source.grid.size, patch, anchor, random), patch);
  const result = random.chance(plainShare)
    ? cropPatch(source, placePlain(source.grid.size, patch, anchor, random), patch)
    : warped(source, patch, anchor, random);
  augmentIntensity(result.image, patch, random);
  return result;
}

/** The foreground voxel to place the patch at, or null for anywhere. */
function chooseAnchor(source: TrainingSample, foregroundShare: number, random: Random): Vec3 | null {
  const { foreground, grid } = source;
  const { size } = grid;
  if (!random.chance(foregroundShare) || foreground.length === 0) return null;
  const candidates = ofOneClass(source, random);
  const index = candidates[random.integer(candidates.length)];
  return [index % size[0], Math.floor(index / size[0]) % size[1], Math.floor(index / (size[0] * size[1]))];
}

/** Foreground voxels of one class, each class as likely as another however small it is (nnU-Net). */
function ofOneClass({ foreground, labels }: TrainingSample, random: Random): Uint32Array {
  const classes = classesOf(foreground, labels);
  if (classes.length === 1) return foreground;
  const chosen = classes[random.integer(classes.length)];
  return foreground.filter((i) => labels[i] === chosen);
}

/** Numbers of the classes among some voxels, ascending. */
function classesOf(voxels: Uint32Array, labels: Uint8Array): number[] {
  const seen = new Uint8Array(256);
  for (const i of voxels) seen[labels[i]] = 1;
  return Array.from(seen.keys()).filter((number) => seen[number] === 1);
}

/** First corner of an unrotated patch, in whole voxels. */
function placePlain(size: Vec3, patch: Vec3, anchor: Vec3 | null, random: Random): Vec3 {
  const along = (axis: number) => {
    const [low, high] = [Math.min(0, size[axis] - patch[axis]), Math.max(0, size[axis] - patch[axis])];
    if (anchor === null || low < 0) return low + random.integer(high - low + 1);
    const reach = Math.floor(patch[axis] / 4);
    const shift = random.integer(2 * reach + 1) - reach;
    return clamp(anchor[axis] - Math.floor(patch[axis] / 2) + shift, low, high);
  };
  return [along(0), along(1), along(2)];
}

function warped(source: TrainingSample, patch: Vec3, anchor: Vec3 | null, random: Random): Patch {
  const matrix = randomVoxelMatrix(source.spacing, random);
  const half = halfExtent(matrix, patch);
  const along = (axis: number) => {
    const end = source.grid.size[axis] - 1 - half[axis];
    const [low, high] = [Math.min(half[axis], end), Math.max(half[axis], end)];
    if (anchor === null || end < half[axis]) return random.between(low, high);
    return clamp(anchor[axis] + random.between(-0.5, 0.5) * half[axis], low, high);
  };
  return warpPatch(source, [along(0), along(1), along(2)], matrix, patch);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
