/** NIfTI's data type codes. */
import type { VoxelType } from '../voxels.js';

/** Codes of types that are read. */
export const voxelTypes: Readonly<Record<number, VoxelType>> = {
  2: 'uint8',
  4: 'int16',
  8: 'int32',
  16: 'float32',
  64: 'float64',
  256: 'int8',
  512: 'uint16',
  768: 'uint32',
  1024: 'int64',
  1280: 'uint64',
};

/** Codes that exist but stand for no single number that every platform has. */
export const refusedTypes: Readonly<Record<number, string>> = {
  1: '1-bit binary',
  32: 'complex64',
  128: 'RGB24 colour',
  1536: 'float128',
  1792: 'complex128',
  2048: 'complex256',
  2304: 'RGBA32 colour',
};
