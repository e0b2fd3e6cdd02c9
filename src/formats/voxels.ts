/** Stored voxels of any number type and byte order to float32 values. */

const constructors = {
  uint8: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** Number types that a stored voxel may have. */
export type VoxelType = keyof typeof constructors | 'int64' | 'uint64';

/** Bytes per voxel. */
export function bytesOf(type: VoxelType): number {
  return type === 'int64' || type === 'uint64' ? 8 : constructors[type].BYTES_PER_ELEMENT;
}

/** How voxels are stored. */
export interface StoredAs {
  readonly type: VoxelType;
  readonly littleEndian: boolean;
}

export const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Reverse the bytes of each element, in place. */
function swapBytes(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) {
    for (let i = at, j = at + width - 1; i < j; i++, j--) {
      const byte = bytes[i];
      bytes[i] = bytes[j];
      bytes[j] = byte;
    }
  }
}

/** Voxels converted at a time: small enough for the cache, large enough to make the calls not count. */
const BLOCK = 16384;

/**
 * Values = stored * slope + intercept, computed in float64 and rounded once to float32.
 * @param stored exactly the voxels' bytes; not changed
 */
export function convertVoxels(
  stored: Uint8Array,
  { type, littleEndian }: StoredAs,
  values: Float32Array,
  { slope, intercept } = { slope: 1, intercept: 0 },
): void {
  const width = bytesOf(type);
  const swap = width > 1 && littleEndian !== hostIsLittleEndian;
  const block = new Uint8Array(BLOCK * width);
  const numbers = new Float64Array(BLOCK);
  // 64-bit integers come as two words: a BigInt for each voxel would be thirty times slower.
  const words = width === 8 ? new Uint32Array(block.buffer) : new Uint32Array(0);
  const lowWord = hostIsLittleEndian ? 0 : 1;
  const signedFrom = type === 'int64' ? 2 ** 31 : Number.POSITIVE_INFINITY;

  for (let from = 0; from < values.length; from += BLOCK) {
    const n = Math.min(BLOCK, values.length - from);
    block.set(stored.subarray(from * width, (from + n) * width));
    if (swap) swapBytes(block, width);
    if (type === 'int64' || type === 'uint64') {
      for (let i = 0; i < n; i++) {
        const high = words[2 * i + 1 - lowWord];
        numbers[i] = (high >= signedFrom ? high - 2 ** 32 : high) * 2 ** 32 + words[2 * i + lowWord];
      }
    } else {
      numbers.set(new constructors[type](block.buffer, 0, n));
    }
    for (let i = 0; i < n; i++) values[from + i] = numbers[i] * slope + intercept;
  }
}

/** The bytes of values as they are stored; shares their memory where the byte order is the host's. */
export function storedBytes(values: Uint8Array | Float32Array, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (values instanceof Uint8Array || littleEndian === hostIsLittleEndian) return bytes;
  const swapped = bytes.slice();
  swapBytes(swapped, values.BYTES_PER_ELEMENT);
  return swapped;
}
