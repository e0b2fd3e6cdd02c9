/** Random fields over a grid, white and smooth, made in one tight loop each: they dominate the cost of a patch. */

import type { Random } from '../math/random.js';
import type { Vec3 } from '../math/vector.js';

/** Fill an array with independent standard normals (sfc32 and Box-Muller, as `Random.normal`, without its calls). */
export function fillNormal(out: Float32Array, random: Random): Float32Array {
  let a = random.integer(2 ** 32) | 0;
  let b = random.integer(2 ** 32) | 0;
  let c = random.integer(2 ** 32) | 0;
  let d = 1;
  for (let i = -12; i < out.length; i += 2) {
    let t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    const first = t >>> 0;
    t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    if (i < 0) continue; // the first words still show the seed
    const radius = Math.sqrt(-2 * Math.log((first + 0.5) / 2 ** 32));
    const angle = ((t >>> 0) * 2 * Math.PI) / 2 ** 32;
    out[i] = radius * Math.cos(angle);
    if (i + 1 < out.length) out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}

/**
 * A smooth Gaussian field of mean 0 and variance about 1: cubic B-spline through normal coefficients.
 * @param size voxels of the field
 * @param cell distance between spline knots in voxels along x, y, z: about the length of correlation
 */
export function smoothField(size: Vec3, cell: Vec3, random: Random): Float32Array {
  const knots = [0, 1, 2].map((axis) => Math.ceil((size[axis] - 1) / cell[axis]) + 4);
  let field = fillNormal(new Float32Array(knots[0] * knots[1] * knots[2]), random);
  field = expandSpline(field, [1, knots[0], knots[1] * knots[2]], size[0], cell[0]);
  field = expandSpline(field, [size[0], knots[1], knots[2]], size[1], cell[1]);
  field = expandSpline(field, [size[0] * size[1], knots[2], 1], size[2], cell[2]);
  // The weights' squares average 0.4794 over a cell, for each of three axes.
  const scale = 0.4794 ** -1.5;
  for (let i = 0; i < field.length; i++) field[i] *= scale;
  return field;
}

/** Evaluate a cubic B-spline along the middle axis of a [inner fastest, knots, outer] array at n points. */
function expandSpline(
  coefficients: Float32Array,
  [inner, knots, outer]: Vec3,
  n: number,
  cell: number,
): Float32Array<ArrayBuffer> {
  const result = new Float32Array(inner * n * outer);
  for (let i = 0; i < n; i++) {
    const knot = Math.floor(i / cell);
    const t = i / cell - knot;
    const w0 = (1 - t) ** 3 / 6;
    const w1 = (3 * t ** 3 - 6 * t ** 2 + 4) / 6;
    const w3 = t ** 3 / 6;
    const w2 = 1 - w0 - w1 - w3;
    for (let o = 0; o < outer; o++) {
      const from = inner * (knot + knots * o);
      const to = inner * (i + n * o);
      for (let j = 0; j < inner; j++) {
        const k = from + j;
        result[to + j] =
          w0 * coefficients[k] +
          w1 * coefficients[k + inner] +
          w2 * coefficients[k + 2 * inner] +
          w3 * coefficients[k + 3 * inner];
      }
    }
  }
  return result;
}
