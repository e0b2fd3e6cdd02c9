/**
 * Resampling between grids that cover the same field of view, one axis after the other and plane by plane: beside input
 * and result only the few planes that one plane of the result rests on are held.
 */
import { GeometryError } from '../errors.js';
import { count, type Vec3 } from '../math/vector.js';
import { type Kernel, linearKernel } from './kernel.js';

/** Filter along x: `rows` rows one after another. */
function filterRows(data: Float32Array, rows: number, kernel: Kernel, out: Float32Array): void {
  const { from, to, first, offset, weights } = kernel;
  for (let i = 0; i < to; i++) {
    const taps = offset[i + 1] - offset[i];
    const start = first[i];
    if (taps <= 2) {
      const a = weights[offset[i]];
      const b = taps === 2 ? weights[offset[i] + 1] : 0;
      const second = start + taps - 1;
      for (let row = 0, source = 0, target = i; row < rows; row++, source += from, target += to) {
        out[target] = b === 0 ? a * data[source + start] : a * data[source + start] + b * data[source + second];
      }
      continue;
    }
    for (let row = 0, source = start, target = i; row < rows; row++, source += from, target += to) {
      let sum = 0;
      for (let k = 0; k < taps; k++) sum += weights[offset[i] + k] * data[source + k];
      out[target] = sum;
    }
  }
}

/** Output i of a kernel whose samples are runs of `length` values (rows of a plane, or planes): `run` says where. */
function blendRuns(
  kernel: Kernel,
  i: number,
  length: number,
  run: (sample: number) => { array: Float32Array; start: number },
  out: Float32Array,
  target: number,
): void {
  const { first, offset, weights } = kernel;
  const taps = offset[i + 1] - offset[i];
  const { array: a, start: atA } = run(first[i]);
  const wa = weights[offset[i]];
  if (taps === 1) {
    if (wa === 1) out.set(a.subarray(atA, atA + length), target);
    else for (let j = 0; j < length; j++) out[target + j] = wa * a[atA + j];
    return;
  }
  if (taps === 2) {
    const { array: b, start: atB } = run(first[i] + 1);
    const wb = weights[offset[i] + 1];
    for (let j = 0; j < length; j++) out[target + j] = wa * a[atA + j] + wb * b[atB + j];
    return;
  }
  const sum = new Float64Array(length);
  for (let k = 0; k < taps; k++) {
    const { array, start } = run(first[i] + k);
    const weight = weights[offset[i] + k];
    for (let j = 0; j < length; j++) sum[j] += weight * array[start + j];
  }
  out.set(sum, target);
}

/** A plane of nx x ny values filtered along x and y; the axis that shrinks more goes first. Its own array or `plane`. */
function filterPlane(plane: Float32Array, x: Kernel, y: Kernel): Float32Array {
  const alongX = (data: Float32Array, rows: number) => {
    if (x.identity) return data;
    const out = new Float32Array(rows * x.to);
    filterRows(data, rows, x, out);
    return out;
  };
  const alongY = (data: Float32Array, width: number) => {
    if (y.identity) return data;
    const out = new Float32Array(width * y.to);
    const row = (sample: number) => ({ array: data, start: sample * width });
    for (let i = 0; i < y.to; i++) blendRuns(y, i, width, row, out, i * width);
    return out;
  };
  return x.to * y.from <= y.to * x.from ? alongY(alongX(plane, y.from), x.to) : alongX(alongY(plane, x.from), y.to);
}

/**
 * Filter an image along its three axes, plane by plane.
 * @param plane gives plane z of the source (x fastest), asked for once each, in rising order; read before the next call
 * @param take gets each plane of the result in order; the array is used again for the next
 */
export function filterPlanes(
  [x, y, z]: readonly [Kernel, Kernel, Kernel],
  plane: (z: number) => Float32Array,
  take: (z: number, plane: Float32Array) => void,
): void {
  const held = new Map<number, Float32Array>();
  const length = x.to * y.to;
  const out = new Float32Array(length);
  for (let i = 0; i < z.to; i++) {
    const last = z.first[i] + z.offset[i + 1] - z.offset[i] - 1;
    for (const old of held.keys()) if (old < z.first[i]) held.delete(old);
    for (let sample = z.first[i]; sample <= last; sample++) {
      if (held.has(sample)) continue;
      const given = plane(sample);
      const filtered = filterPlane(given, x, y);
      // The giver may use its array again.
      held.set(sample, filtered === given ? given.slice() : filtered);
    }
    blendRuns(z, i, length, (sample) => ({ array: held.get(sample)!, start: 0 }), out, 0);
    take(i, out);
  }
}

/**
 * Resample to another number of voxels over the same field of view, voxel centres aligned as by
 * `torch.nn.functional.interpolate(mode='trilinear', align_corners=False)`. No low-pass filter goes first.
 * @param data values of size `from`, x fastest; not changed
 * @returns new values of size `to`
 * @throws {GeometryError} if sizes are not positive integers or do not fit the data
 */
export function resampleLinear(data: Float32Array, from: Vec3, to: Vec3): Float32Array {
  if (data.length !== count(from) || ![...from, ...to].every((n) => Number.isInteger(n) && n > 0)) {
    throw new GeometryError({
      file: 'Resampling',
      expected: 'positive sizes and data to match',
      found: `${from.join(' x ')} to ${to.join(' x ')} with ${data.length} values`,
    });
  }
  return filterVolume(data, mapKernels(from, to, linearKernel));
}

/** One kernel an axis. */
export function mapKernels(
  from: Vec3,
  to: Vec3,
  make: (from: number, to: number) => Kernel,
): readonly [Kernel, Kernel, Kernel] {
  return [make(from[0], to[0]), make(from[1], to[1]), make(from[2], to[2])];
}

/** Filter a whole image, x fastest, into a new array. */
export function filterVolume(data: Float32Array, kernels: readonly [Kernel, Kernel, Kernel]): Float32Array {
  const [x, y, z] = kernels;
  const plane = x.from * y.from;
  const length = x.to * y.to;
  const out = new Float32Array(length * z.to);
  filterPlanes(
    kernels,
    (i) => data.subarray(i * plane, (i + 1) * plane),
    (i, values) => out.set(values, i * length),
  );
  return out;
}
