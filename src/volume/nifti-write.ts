/**
 * Results on the grid of the image they came from: the image's own header bytes with only the fields changed that say
 * what the voxels are, so that float noise in the geometry never keeps viewers from overlaying the two.
 */
import { gzipSync } from 'fflate';
import { GeometryError } from '../errors.js';
import { count } from '../math/vector.js';
import { firstVoxelOffset, type HeaderBytes, writeField } from './nifti-fields.js';
import type { ImageHeader } from './nifti-header.js';

/** NIFTI_INTENT_LABEL: viewers show such a file as a label map. */
const INTENT_LABEL = 1002;
const INTENT_NONE = 0;

interface VoxelDescription {
  readonly datatype: number;
  readonly bytesPerVoxel: number;
  readonly intent: number;
  readonly description?: string;
}

/** A file with a copy of the header and zeroed voxels to fill in; extensions of the source are left out. */
function startFile(header: ImageHeader, length: number, voxels: VoxelDescription): Uint8Array {
  const expected = count(header.grid.size);
  if (length !== expected) {
    throw new GeometryError(
      `Result: expected ${expected} voxels (${header.grid.size.join(' x ')}, the image's grid), found ${length}.`,
    );
  }
  const from = firstVoxelOffset[header.format];
  const bytes = new Uint8Array(from + length * voxels.bytesPerVoxel);
  bytes.set(header.bytes);
  const copy: HeaderBytes = { format: header.format, littleEndian: header.littleEndian, bytes };
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
  if (voxels.description !== undefined) {
    // 80 bytes with a terminating zero.
    writeField(copy, 'descrip', new TextEncoder().encode(voxels.description).subarray(0, 79));
  }
  return bytes;
}

/**
 * The quickest level, for long runs in masks and noise in floats gain next to nothing from more; no time stamp, so
 * that equal results are equal files.
 */
function compress(bytes: Uint8Array): Uint8Array {
  return gzipSync(bytes, { level: 1, mtime: 0 });
}

/**
 * A label map as .nii.gz: uint8, intent code 1002, geometry bytes as in `header`.
 * @param labels one value a voxel, in the header's voxel order
 * @throws {GeometryError} if their number is not the grid's
 */
export function encodeMask(labels: Uint8Array, header: ImageHeader): Uint8Array {
  const bytes = startFile(header, labels.length, { datatype: 2, bytesPerVoxel: 1, intent: INTENT_LABEL });
  bytes.set(labels, firstVoxelOffset[header.format]);
  return compress(bytes);
}

/**
 * A map of numbers as .nii.gz: float32 in the header's byte order, geometry bytes as in `header`.
 * @param values one value a voxel, in the header's voxel order
 * @param description at most 79 bytes of text for people, kept in `descrip`
 * @throws {GeometryError} if their number is not the grid's
 */
export function encodeFloat(values: Float32Array, header: ImageHeader, description?: string): Uint8Array {
  const voxels = { datatype: 16, bytesPerVoxel: 4, intent: INTENT_NONE, description };
  const bytes = startFile(header, values.length, voxels);
  const view = new DataView(bytes.buffer, firstVoxelOffset[header.format]);
  for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i], header.littleEndian);
  return compress(bytes);
}
