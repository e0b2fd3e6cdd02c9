/**
 * Results on the grid of the image they came from: the image's own header bytes with only the fields changed that say
 * what the voxels are, so that float noise in the geometry never keeps viewers from overlaying the two.
 */
import { gzipSync } from 'fflate';
import type { Vec3 } from '../../math/vector.js';
import type { ImageFormat, MapSeries } from '../format.js';
import type { ImageHeader } from '../image.js';
import { type LabelNames, labelExtension } from '../label-names.js';
import { checkVoxelCount } from '../size-check.js';
import { storedBytes } from '../voxels.js';
import { createHeader } from './create.js';
import { firstVoxelOffset, type HeaderBytes, singleFileMagic, writeField } from './fields.js';
import { sourceOf } from './header.js';

/** NIFTI_INTENT_LABEL: viewers show such a file as a label map. */
const INTENT_LABEL = 1002;
const INTENT_NONE = 0;

interface VoxelDescription {
  readonly datatype: number;
  readonly bytesPerVoxel: number;
  readonly intent: number;
  readonly description?: string;
  /** Maps along a fourth axis; default: no such axis. */
  readonly series?: { readonly size: Vec3; readonly maps: number };
}

/** What comes before the first voxel: a copy of the header, and the extension; those of the source are left out. */
function startFile(
  header: HeaderBytes,
  voxels: VoxelDescription,
  extension: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const least = firstVoxelOffset[header.format];
  const from = least + extension.length;
  const bytes = new Uint8Array(from);
  bytes.set(header.bytes);
  bytes.set(extension, least);
  // The flag for extensions is the first of the four bytes between header and extensions.
  bytes[least - 4] = extension.length > 0 ? 1 : 0;
  const copy: HeaderBytes = { format: header.format, littleEndian: header.littleEndian, bytes };
  // The image may have been a pair; the result is one file.
  writeField(copy, 'magic', singleFileMagic[header.format]);
  writeField(copy, 'datatype', [voxels.datatype]);
  writeField(copy, 'bitpix', [8 * voxels.bytesPerVoxel]);
  writeField(copy, 'vox_offset', [from]);
  writeField(copy, 'scl_slope', [1]);
  writeField(copy, 'scl_inter', [0]);
  writeField(copy, 'intent_code', [voxels.intent]);
  writeField(copy, 'intent_p', []);
  writeField(copy, 'intent_name', []);
  // The display window was the image's.
  writeField(copy, 'cal_min', [0]);
  writeField(copy, 'cal_max', [0]);
  if (voxels.series) writeField(copy, 'dim', [4, ...voxels.series.size, voxels.series.maps, 1, 1, 1]);
  if (voxels.description !== undefined) {
    // 80 bytes with a terminating zero.
    writeField(copy, 'descrip', new TextEncoder().encode(voxels.description).subarray(0, 79));
  }
  return bytes;
}

/** The image's own header, or one for its grid where it is of another format. */
function headerFor(header: ImageHeader): HeaderBytes {
  return sourceOf(header.format === 'NIfTI' ? header : createHeader(header.grid));
}

/** A label map's parts before compression, one after another: header (with the names in an extension) and voxels. */
function maskParts(labels: Uint8Array, header: ImageHeader, names: LabelNames): Uint8Array[] {
  checkVoxelCount(labels.length, header.grid.size);
  const source = headerFor(header);
  const voxels = { datatype: 2, bytesPerVoxel: 1, intent: INTENT_LABEL };
  return [startFile(source, voxels, labelExtension(names, source.littleEndian)), labels];
}

/** The same of a map of numbers, in the header's byte order; shares the memory of `values` where that is the host's. */
function floatParts(values: Float32Array, header: ImageHeader, description?: string): Uint8Array[] {
  checkVoxelCount(values.length, header.grid.size);
  const source = headerFor(header);
  const start = startFile(source, { datatype: 16, bytesPerVoxel: 4, intent: INTENT_NONE, description });
  return [start, storedBytes(values, source.littleEndian)];
}

/** Several maps: they are made, and given away, one at a time. */
function* seriesParts(
  { names, mapAt }: MapSeries,
  header: ImageHeader,
  description?: string,
): Generator<Uint8Array, void, void> {
  const source = headerFor(header);
  const { size } = header.grid;
  const series = { size, maps: names.length };
  yield startFile(source, { datatype: 16, bytesPerVoxel: 4, intent: INTENT_NONE, description, series });
  for (const index of names.keys()) {
    const values = mapAt(index);
    checkVoxelCount(values.length, size);
    yield storedBytes(values, source.littleEndian);
  }
}

export const writeNifti: ImageFormat['write'] = async (values, header, what, deflate) => {
  const description = what.kind === 'map' ? what.description : undefined;
  if (values instanceof Float32Array) return await deflate(floatParts(values, header, description), 'gzip');
  if (!(values instanceof Uint8Array)) return await deflate(seriesParts(values, header, description), 'gzip');
  return await deflate(maskParts(values, header, what.kind === 'mask' ? what.names : {}), 'gzip');
};

/** The quickest level, and no time stamp, so that equal results are equal files. */
function compress(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  parts.reduce((at, part) => {
    bytes.set(part, at);
    return at + part.length;
  }, 0);
  return gzipSync(bytes, { level: 1, mtime: 0 });
}

/**
 * A label map as .nii.gz: uint8, intent code 1002, geometry bytes as in `header`.
 * @param labels one value a voxel, in the header's voxel order
 * @param names of label values, kept in a header extension
 * @throws {GeometryError} if their number is not the grid's
 */
export function encodeMask(labels: Uint8Array, header: ImageHeader, names: LabelNames = {}): Uint8Array {
  return compress(maskParts(labels, header, names));
}

/**
 * A map of numbers as .nii.gz: float32, geometry bytes as in `header`; errors as {@link encodeMask}.
 * @param description at most 79 bytes of text for people, kept in `descrip`
 */
export function encodeFloat(values: Float32Array, header: ImageHeader, description?: string): Uint8Array {
  return compress(floatParts(values, header, description));
}
