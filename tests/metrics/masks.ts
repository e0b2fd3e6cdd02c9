/** Masks for the tests of this folder: decoded from golden values, or drawn. */
import { count, type Vec3 } from '../../src/math/vector.js';

/** Masks as golden.py packs them: base64 of bits, x fastest. */
export function unpackMask(text: string, size: readonly number[]): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  return Uint8Array.from({ length: size[0] * size[1] * size[2] }, (_, i) => (bytes[i >> 3] >> (i & 7)) & 1);
}

/** A mask of the voxels for which `inside` holds. */
export function drawMask(size: Vec3, inside: (x: number, y: number, z: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: count(size) }, (_, i) => {
    const x = i % size[0];
    const y = Math.floor(i / size[0]) % size[1];
    return inside(x, y, Math.floor(i / (size[0] * size[1]))) ? 1 : 0;
  });
}

/** A box from `start` (included) to `end` (excluded). */
export function drawBox(size: Vec3, start: Vec3, end: Vec3): Uint8Array {
  return drawMask(
    size,
    (x, y, z) => x >= start[0] && x < end[0] && y >= start[1] && y < end[1] && z >= start[2] && z < end[2],
  );
}

/** A ball of the given centre (voxels) and radius (mm). */
export function drawBall(size: Vec3, spacing: Vec3, centre: Vec3, radius: number): Uint8Array {
  return drawMask(
    size,
    (x, y, z) =>
      Math.hypot((x - centre[0]) * spacing[0], (y - centre[1]) * spacing[1], (z - centre[2]) * spacing[2]) <= radius,
  );
}
