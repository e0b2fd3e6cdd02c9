/** Names of number types and encodings in NRRD headers. */
import type { VoxelStore } from '../text/text-header.js';
import type { VoxelType } from '../voxels.js';

export const voxelTypes: ReadonlyMap<string, VoxelType> = new Map(
  Object.entries({
    int8: ['signed char', 'int8', 'int8_t'],
    uint8: ['uchar', 'unsigned char', 'uint8', 'uint8_t'],
    int16: ['short', 'short int', 'signed short', 'signed short int', 'int16', 'int16_t'],
    uint16: ['ushort', 'unsigned short', 'unsigned short int', 'uint16', 'uint16_t'],
    int32: ['int', 'signed int', 'int32', 'int32_t'],
    uint32: ['uint', 'unsigned int', 'uint32', 'uint32_t'],
    int64: ['longlong', 'long long', 'long long int', 'signed long long', 'signed long long int', 'int64', 'int64_t'],
    uint64: ['ulonglong', 'unsigned long long', 'unsigned long long int', 'uint64', 'uint64_t'],
    float32: ['float'],
    float64: ['double'],
  } satisfies Record<VoxelType, string[]>).flatMap(([type, names]) =>
    names.map((name) => [name, type as VoxelType] as const),
  ),
);

export const encodings: ReadonlyMap<string, VoxelStore['encoding']> = new Map([
  ['raw', 'raw'],
  ['gzip', 'deflate'],
  ['gz', 'deflate'],
  ['ascii', 'text'],
  ['text', 'text'],
  ['txt', 'text'],
  ['hex', 'hex'],
]);
