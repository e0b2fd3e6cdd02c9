/** The voxels of a NIfTI file: every size is checked before memory is taken. */
import { ImageFormatError } from '../../errors.js';
import { count } from '../../math/vector.js';
import type { Volume } from '../../volume/volume.js';
import type { Inflate } from '../format.js';
import { isGzip, maximumInflatedLength } from '../gzip-bytes.js';
import type { ImageHeader } from '../image.js';
import { truncated } from '../size-check.js';
import { bytesOf, convertVoxels } from '../voxels.js';
import { firstVoxelOffset, type HeaderBytes, readNumber } from './fields.js';
import { type NiftiLayout, sourceOf } from './header.js';

/** Stored * slope + intercept; a slope of 0 or not finite means "not scaled" (NIfTI-1 standard, nibabel). */
function scalingOf(header: HeaderBytes, file: string): { slope: number; intercept: number } {
  const slope = readNumber(header, 'scl_slope');
  const intercept = readNumber(header, 'scl_inter');
  if (slope === 0 || !Number.isFinite(slope)) return { slope: 1, intercept: 0 };
  if (!Number.isFinite(intercept)) {
    const expected = `a finite scl_inter beside scl_slope ${slope}`;
    throw new ImageFormatError({ file, expected, found: `${intercept}` });
  }
  return { slope, intercept };
}

/** Bytes that extensions between header and voxels may take; inflating them costs time and memory. */
const MAXIMUM_EXTENSIONS = 2 ** 26;

/** First byte of the voxels and the byte after their last, in their file before compression. */
function voxelRange(header: ImageHeader, layout: NiftiLayout, file: string): { from: number; to: number } {
  const source = sourceOf(header);
  const least = layout === 'pair' ? 0 : firstVoxelOffset[source.format];
  // Some writers leave 0 in single files; readers take it as "directly after the header".
  const from = readNumber(source, 'vox_offset') || least;
  if (!Number.isInteger(from) || from < least || from > MAXIMUM_EXTENSIONS) {
    const expected = `voxels from byte ${least} to ${MAXIMUM_EXTENSIONS} on`;
    throw new ImageFormatError({ file, expected, found: `vox_offset ${from}` });
  }
  return { from, to: from + count(header.grid.size) * bytesOf(header.type) };
}

/**
 * Decode the voxels. Takes memory for what the header declares and the file really holds, no more.
 * @param bytes the whole file that holds them, gzipped or not (told by its first bytes, not by its name)
 * @throws {ImageFormatError} if it is damaged or truncated
 */
export async function decodeVoxels(
  header: ImageHeader,
  layout: NiftiLayout,
  bytes: Uint8Array,
  file: string,
  inflate: Inflate,
): Promise<Volume> {
  const scaling = scalingOf(sourceOf(header), file);
  const { from, to } = voxelRange(header, layout, file);
  const expected = `${to} bytes of ${header.type}`;
  const short = (found: string) => truncated(file, header.grid.size, expected, found);
  let plain = bytes;
  if (isGzip(bytes)) {
    if (to > maximumInflatedLength(bytes.length)) {
      throw short(`${bytes.length} compressed bytes, too few for so many`);
    }
    plain = await inflate(bytes, to, file);
    if (plain.length < to) throw short(`${plain.length} after decompression`);
  } else if (bytes.length < to) throw short(`${bytes.length}`);
  const data = new Float32Array(count(header.grid.size));
  const { littleEndian } = sourceOf(header);
  convertVoxels(plain.subarray(from, to), { type: header.type, littleEndian }, data, scaling);
  return { ...header.grid, data };
}
