/**
 * One slice of a case, small enough to keep for every case and to print in a report: where the reference or the
 * prediction is largest, seen from the feet as radiologists do (patient's right on the left, front at the top).
 */
import { GeometryError } from '../errors.js';
import { quantile } from '../math/statistics.js';
import { type Affine, count, type Vec3 } from '../math/vector.js';
import type { Volume } from '../volume/volume.js';

/** An axial slice, row by row from the top left. Masks hold class numbers; `probability` 0 to 255 for 0 to 1. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Pixel size in mm, (across, down). */
  readonly spacing: readonly [number, number];
  /** Grey values, the slice's 1st to 99th percentile stretched over 0 to 255. */
  readonly image: Uint8Array;
  readonly reference: Uint8Array;
  readonly prediction: Uint8Array;
  /** How many classes there are; absent: one. */
  readonly classes?: number;
  readonly probability?: Uint8Array;
}

export interface PictureSource {
  /** In any orientation: the affine tells which way is up. */
  readonly image: Volume;
  /** On the image's grid: class numbers, 0 for background. */
  readonly reference: Uint8Array;
  readonly prediction: Uint8Array;
  /** How many classes there are; default 1. */
  readonly classes?: number;
  /** Foreground probability, 0 to 1. */
  readonly probability?: Float32Array;
}

/** Longest side of a picture; larger slices are averaged down. */
const maximumSide = 256;

/** Surroundings kept on each side of what is outlined, as a share of its larger extent. */
const margin = 0.5;

/**
 * Cut the axial slice with the most voxels in reference or prediction (the middle one where both are empty).
 * @throws GeometryError where the arrays do not have the image's number of voxels
 */
export function makePicture({ image, reference, prediction, classes = 1, probability }: PictureSource): Picture {
  const voxels = count(image.size);
  for (const array of [image.data, reference, prediction, probability]) {
    if (array && array.length !== voxels) {
      throw new GeometryError({
        file: 'picture',
        expected: `${voxels} voxels as in the image`,
        found: `${array.length}`,
      });
    }
  }
  const axes = axialView(image.affine, image.size);
  const slice = largestSlice(reference, prediction, image.size, axes.depth.axis);
  const view = cropToMasks(axes, slice * axes.depth.stride, (i) => reference[i] !== 0 || prediction[i] !== 0);
  const factor = Math.ceil(Math.max(view.across.length, view.down.length) / maximumSide);
  const width = Math.ceil(view.across.length / factor);
  const height = Math.ceil(view.down.length / factor);

  const cut = (data: Float32Array | Uint8Array): Float64Array => {
    const out = new Float64Array(width * height);
    const origin = slice * axes.depth.stride + view.across.start + view.down.start;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        let sum = 0;
        let n = 0;
        for (let v = row * factor; v < Math.min(view.down.length, (row + 1) * factor); v++) {
          for (let u = column * factor; u < Math.min(view.across.length, (column + 1) * factor); u++) {
            const value = data[origin + u * view.across.step + v * view.down.step];
            if (Number.isFinite(value)) {
              sum += value;
              n++;
            }
          }
        }
        out[row * width + column] = n > 0 ? sum / n : 0;
      }
    }
    return out;
  };

  const grey = cut(image.data);
  const low = quantile(grey, 0.01);
  const high = quantile(grey, 0.99);
  const scale = high > low ? 255 / (high - low) : 0;
  const majority = (mask: Uint8Array): Uint8Array => {
    const out = new Uint8Array(width * height);
    for (let number = 1; number <= classes; number++) {
      const only = classes === 1 ? mask : mask.map((value) => (value === number ? 1 : 0));
      cut(only).forEach((share, i) => {
        if (share >= 0.5) out[i] = number;
      });
    }
    return out;
  };
  return {
    width,
    height,
    spacing: [view.across.spacing * factor, view.down.spacing * factor],
    image: Uint8Array.from(grey, (value) => clampByte((value - low) * scale)),
    reference: majority(reference),
    prediction: majority(prediction),
    ...(classes > 1 && { classes }),
    ...(probability && { probability: Uint8Array.from(cut(probability), (p) => clampByte(p * 255)) }),
  };
}

function clampByte(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)));
}

/** Narrow a view to the outlined organ and its surroundings, so that it is seen even where the field of view is wide. */
function cropToMasks(
  { across, down }: { across: Direction; down: Direction },
  sliceStart: number,
  isInside: (index: number) => boolean,
): { across: Direction; down: Direction } {
  const origin = sliceStart + across.start + down.start;
  const low = [across.length, down.length];
  const high = [-1, -1];
  for (let v = 0; v < down.length; v++) {
    for (let u = 0; u < across.length; u++) {
      if (!isInside(origin + u * across.step + v * down.step)) continue;
      [u, v].forEach((at, i) => {
        low[i] = Math.min(low[i], at);
        high[i] = Math.max(high[i], at);
      });
    }
  }
  if (high[0] < 0) return { across, down };
  const extentMm = [across, down].map((d, i) => (high[i] - low[i] + 1) * d.spacing);
  const crop = (d: Direction, i: number): Direction => {
    const around = Math.ceil((margin * Math.max(...extentMm)) / d.spacing);
    const first = Math.max(0, low[i] - around);
    const last = Math.min(d.length - 1, high[i] + around);
    return { ...d, start: d.start + first * d.step, length: last - first + 1 };
  };
  return { across: crop(across, 0), down: crop(down, 1) };
}

interface Direction {
  readonly axis: number;
  readonly length: number;
  readonly spacing: number;
  /** Elements in memory from one voxel to the next along the axis. */
  readonly stride: number;
  /** Memory offset of the first voxel as displayed, and from one displayed voxel to the next. */
  readonly start: number;
  readonly step: number;
}

/** Which voxel axes run across, down and through an axial view, and from which end. */
function axialView(affine: Affine, size: Vec3): { across: Direction; down: Direction; depth: Direction } {
  const strides = [1, size[0], size[0] * size[1]];
  const columns = [0, 1, 2].map((axis) => [affine[axis], affine[4 + axis], affine[8 + axis]]);
  const norms = columns.map((column) => Math.hypot(...column));
  const closeness = (axis: number, world: number) => Math.abs(columns[axis][world]) / (norms[axis] || 1);
  // Of the six ways to assign voxel axes to world axes, the one that fits an oblique image best.
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];
  const agreement = (order: number[]) => order.reduce((sum, axis, world) => sum + closeness(axis, world), 0);
  const [x, y, z] = orders.reduce((best, order) => (agreement(order) > agreement(best) ? order : best));
  const direction = (axis: number, world: number): Direction => {
    // World coordinates grow to the right, front and top; the screen shows right first and front first.
    const flip = columns[axis][world] > 0;
    const stride = strides[axis];
    return {
      axis,
      length: size[axis],
      spacing: norms[axis],
      stride,
      start: flip ? (size[axis] - 1) * stride : 0,
      step: flip ? -stride : stride,
    };
  };
  return { across: direction(x, 0), down: direction(y, 1), depth: direction(z, 2) };
}

function largestSlice(reference: Uint8Array, prediction: Uint8Array, size: Vec3, axis: number): number {
  const areas = new Float64Array(size[axis]);
  const index: [number, number, number] = [0, 0, 0];
  let i = 0;
  for (index[2] = 0; index[2] < size[2]; index[2]++) {
    for (index[1] = 0; index[1] < size[1]; index[1]++) {
      for (index[0] = 0; index[0] < size[0]; index[0]++, i++) {
        if (reference[i] || prediction[i]) areas[index[axis]]++;
      }
    }
  }
  let best = 0;
  for (let s = 1; s < areas.length; s++) if (areas[s] > areas[best]) best = s;
  return areas[best] > 0 ? best : Math.floor(size[axis] / 2);
}
