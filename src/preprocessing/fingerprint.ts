/** What a plan needs to know of a case: geometry, and the intensities and extent of the foreground. */
import { GeometryError } from '../errors.js';
import { UNKNOWN } from '../labels/reference.js';
import { createRandom } from '../math/random.js';
import { count, mapVec3, type Vec3 } from '../math/vector.js';
import { toCanonical } from '../volume/orientation.js';
import type { Mask, Volume } from '../volume/volume.js';
import { canonicalShape } from './target-grid.js';

const maximumSample = 2000;

export interface CaseFingerprint {
  /** Voxels along right, anterior, superior. */
  readonly size: Vec3;
  /** Spacing in mm along right, anterior, superior. */
  readonly spacing: Vec3;
  /** A seeded sample of the foreground's intensities as stored; at most 2,000. */
  readonly foregroundIntensities: Float32Array;
  readonly foregroundVolumeMl: number;
  /** Sides in mm of the box around the foreground; 0 where there is none. */
  readonly foregroundExtentMm: Vec3;
  /** Mean length in mm of the foreground's chords along each axis (how thick it is); 0 where there is none. */
  readonly foregroundChordMm: Vec3;
  /** Of each class, where there are several: the sides of its box and its chords, in mm; 0 of one that is not there. */
  readonly classes?: readonly { readonly extentMm: Vec3; readonly chordMm: Vec3 }[];
  /** Smallest finite intensity of the image as stored; air tells whether units are Hounsfield's. */
  readonly minimum: number;
}

/**
 * Take the fingerprint of a case.
 * @param mask class numbers; voxels of which nothing is known are none
 * @param classes how many there are
 * @throws GeometryError where the mask has another size than the image
 */
export function fingerprintCase(volume: Volume, mask: Mask, classes = 1): CaseFingerprint {
  if (volume.size.some((n, axis) => n !== mask.size[axis]))
    throw new GeometryError({
      expected: `a mask of ${volume.size.join(' x ')} voxels, as many as the image`,
      found: mask.size.join(' x '),
    });
  const image = toCanonical(volume).data;
  const labels = toCanonical({ ...volume, data: withoutUnknown(mask.data) }).data;
  const { size, spacing } = canonicalShape(volume);
  const { voxels, extentMm, chordMm } = measure(labels, size, spacing);
  const ofClass = (_: unknown, c: number) => {
    const { extentMm: extent, chordMm: chord } = measure(labels, size, spacing, c + 1);
    return { extentMm: extent, chordMm: chord };
  };
  return {
    size,
    spacing,
    foregroundIntensities: sampleIntensities(image, labels),
    foregroundVolumeMl: (voxels * count(spacing)) / 1000,
    foregroundExtentMm: extentMm,
    foregroundChordMm: chordMm,
    ...(classes > 1 && { classes: Array.from({ length: classes }, ofClass) }),
    minimum: image.reduce((least, v) => (v < least && Number.isFinite(v) ? v : least), Infinity),
  };
}

function withoutUnknown(map: Uint8Array): Uint8Array {
  return map.includes(UNKNOWN) ? map.map((value) => (value === UNKNOWN ? 0 : value)) : map;
}

/** Voxels, the sides of the box around them and the mean length of their runs, of one class or of all together. */
function measure(labels: Uint8Array, [nx, ny, nz]: Vec3, spacing: Vec3, number?: number) {
  const outside = number === undefined ? (value: number) => value === 0 : (value: number) => value !== number;
  const low = [Infinity, Infinity, Infinity];
  const high = [-1, -1, -1];
  const chords = [0, 0, 0];
  let voxels = 0;
  for (let z = 0, i = 0; z < nz; z++)
    for (let y = 0; y < ny; y++)
      for (let x = 0; x < nx; x++, i++) {
        if (outside(labels[i])) continue;
        voxels++;
        if (x === 0 || outside(labels[i - 1])) chords[0]++;
        if (y === 0 || outside(labels[i - nx])) chords[1]++;
        if (z === 0 || outside(labels[i - nx * ny])) chords[2]++;
        [x, y, z].forEach((position, axis) => {
          if (position < low[axis]) low[axis] = position;
          if (position > high[axis]) high[axis] = position;
        });
      }
  return {
    voxels,
    extentMm: mapVec3(spacing, (mm, axis) => (voxels > 0 ? mm * (high[axis] - low[axis] + 1) : 0)),
    chordMm: mapVec3(spacing, (mm, axis) => (voxels > 0 ? (mm * voxels) / chords[axis] : 0)),
  };
}

/** One voxel from each of 2,000 equal stretches of the foreground, in memory order, NaN and infinities left out. */
function sampleIntensities(image: Float32Array, labels: Uint8Array): Float32Array {
  let total = 0;
  for (let i = 0; i < image.length; i++) if (labels[i] !== 0 && Number.isFinite(image[i])) total++;
  const sample = new Float32Array(Math.min(total, maximumSample));
  const random = createRandom('fingerprint', total);
  const wanted = (k: number) => Math.floor(((k + random.uniform()) * total) / sample.length);
  let taken = 0;
  let next = sample.length > 0 ? wanted(0) : -1;
  for (let i = 0, rank = 0; taken < sample.length; i++) {
    if (labels[i] === 0 || !Number.isFinite(image[i])) continue;
    if (rank++ < next) continue;
    sample[taken++] = image[i];
    next = wanted(taken);
  }
  return sample;
}
