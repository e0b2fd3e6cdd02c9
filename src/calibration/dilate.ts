/**
 * Binary dilation. It is done to every image that is predicted, so voxels of a row are packed into the bits of words: a
 * step outwards takes 32 voxels at once, and time hardly depends on how the mask lies.
 */
import { GeometryError, UsageError } from '../errors.js';
import { count, type Vec3 } from '../math/vector.js';

/**
 * Where a value is above 0, dilated `radius` times by the 6-connected element (scipy's `binary_dilation` with
 * `iterations`): 1 for all voxels within `radius` steps along the axes, 0 elsewhere.
 * @param values a mask, or logits, of an image of `size` voxels, x fastest
 */
export function dilate(values: Uint8Array | Float32Array, size: Vec3, radius: number): Uint8Array {
  if (values.length !== count(size)) {
    throw new GeometryError({
      file: 'dilation',
      expected: `${count(size)} voxels for ${size}`,
      found: `${values.length}`,
    });
  }
  if (!(Number.isInteger(radius) && radius >= 0 && radius < 255)) {
    throw new UsageError({ file: 'dilation', expected: 'a radius of 0 to 254 voxels', found: `${radius}` });
  }
  const [nx, ny, nz] = size;
  const width = Math.ceil(nx / 32);
  let words = pack(values, nx, width);
  let spare: Int32Array = new Int32Array(words.length);
  for (let step = 0; step < radius; step++) {
    grow(words, spare, [width, ny, nz]);
    [words, spare] = [spare, words];
  }
  return unpack(words, values.length, nx, width);
}

/** Rows of `nx` voxels to rows of `width` words, the first voxel in the lowest bit. */
function pack(values: Uint8Array | Float32Array, nx: number, width: number): Int32Array {
  const words = new Int32Array((values.length / nx) * width);
  for (let start = 0, row = 0; start < values.length; start += nx, row += width) {
    for (let x = 0; x < nx; x++) if (values[start + x] > 0) words[row + (x >> 5)] |= 1 << x;
  }
  return words;
}

function unpack(words: Int32Array, voxels: number, nx: number, width: number): Uint8Array {
  const mask = new Uint8Array(voxels);
  for (let start = 0, row = 0; start < voxels; start += nx, row += width) {
    for (let x = 0; x < nx; x++) mask[start + x] = (words[row + (x >> 5)] >>> x) & 1;
  }
  return mask;
}

/**
 * One step outwards along all axes. Bits beyond the end of a row are filled as if the image went on there; no way back
 * from them is shorter than one inside, so they need no clearing.
 */
function grow(from: Int32Array, to: Int32Array, [width, ny, nz]: Vec3): void {
  const slice = width * ny;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const start = width * y + slice * z;
      const end = start + width;
      // At a border the row itself stands for the neighbour that is missing.
      const above = y > 0 ? -width : 0;
      const below = y < ny - 1 ? width : 0;
      const before = z > 0 ? -slice : 0;
      const behind = z < nz - 1 ? slice : 0;
      for (let i = start; i < end; i++) {
        const word = from[i];
        const first = i > start ? from[i - 1] >>> 31 : 0;
        const last = i < end - 1 ? from[i + 1] << 31 : 0;
        const alongX = word | (word << 1) | first | (word >>> 1) | last;
        to[i] = alongX | from[i + above] | from[i + below] | from[i + before] | from[i + behind];
      }
    }
  }
}
