/** Sizes of images that the headers of all formats declare: what is no 3D image of a size that fits is refused. */
import { GeometryError, ImageFormatError, UnsupportedError } from '../errors.js';
import { count, type Vec3 } from '../math/vector.js';
import { refuseTooLarge } from '../volume/volume.js';

/**
 * The grid of a 3D image.
 * @param size as declared, without axes that hold no space
 * @param declared the same with them, for messages
 * @throws {ImageFormatError} for numbers that are no sizes
 * @throws {UnsupportedError} if it is not 3D, a single slice, or too large
 */
export function gridSize(size: readonly number[], file: string, declared: readonly number[] = size): Vec3 {
  const shape = declared.join(' x ');
  if (!declared.every((n) => Number.isInteger(n) && n >= 1)) {
    throw new ImageFormatError({ file, expected: 'positive dimensions', found: `${shape}: the header is damaged` });
  }
  const expected = 'a 3D image';
  if (size.length > 3) {
    const remedy = 'split it into single volumes first';
    throw new UnsupportedError({ file, expected, found: `${size.length}D (${shape})`, remedy });
  }
  if (size.length < 3 || size[2] === 1) {
    const rank = size.length < 3 ? size.length : size[1] === 1 ? 1 : 2;
    throw new UnsupportedError({ file, expected, found: `${rank}D (${shape})`, remedy: 'stack its slices first' });
  }
  const grid: Vec3 = [size[0], size[1], size[2]];
  refuseTooLarge(grid, file);
  return grid;
}

/** Refuse values that are not of the image's grid. */
export function checkVoxelCount(length: number, size: Vec3): void {
  const expected = count(size);
  if (length === expected) return;
  throw new GeometryError({
    file: 'Result',
    expected: `${expected} voxels (${size.join(' x ')}, the image's grid)`,
    found: `${length}`,
  });
}

/** A file that holds fewer bytes than its header declares. */
export function truncated(file: string, size: Vec3, expected: string, found: string): ImageFormatError {
  return new ImageFormatError({
    file,
    expected: `${expected} for ${size.join(' x ')} voxels`,
    found: `${found}: the file is truncated`,
    remedy: 'copy or export it again',
  });
}
