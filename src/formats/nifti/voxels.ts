/** Stored voxels of any NIfTI number type and byte order to float32 values. */

/** A number type that a voxel may have. */
export interface VoxelType {
  readonly name: string;
  /** Bytes per voxel. */
  readonly bytes: number;
}

type Constructor = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => ArrayLike<number>;

const constructors: Readonly<Record<number, Constructor>> = {
  2: Uint8Array,
  4: Int16Array,
  8: Int32Array,
  16: Float32Array,
  64: Float64Array,
  256: Int8Array,
  512: Uint16Array,
  768: Uint32Array,
};

/** NIfTI data type codes that are read. */
export const voxelTypes: Readonly<Record<number, VoxelType>> = {
  2: { name: 'uint8', bytes: 1 },
  4: { name: 'int16', bytes: 2 },
  8: { name: 'int32', bytes: 4 },
  16: { name: 'float32', bytes: 4 },
  64: { name: 'float64', bytes: 8 },
  256: { name: 'int8', bytes: 1 },
  512: { name: 'uint16', bytes: 2 },
  768: { name: 'uint32', bytes: 4 },
  1024: { name: 'int64', bytes: 8 },
  1280: { name: 'uint64', bytes: 8 },
};

/** NIfTI data type codes that exist but hold no single number that every platform has. */
export const refusedTypes: Readonly<Record<number, string>> = {
  1: '1-bit binary',
  32: 'complex64',
  128: 'RGB24 colour',
  1536: 'float128',
  1792: 'complex128',
  2048: 'complex256',
  2304: 'RGBA32 colour',
};

const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

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
 * @param datatype a code of {@link voxelTypes}
 */
export function convertVoxels(
  stored: Uint8Array,
  datatype: number,
  littleEndian: boolean,
  scaling: { slope: number; intercept: number },
  values: Float32Array,
): void {
  const width = voxelTypes[datatype].bytes;
  const swap = width > 1 && littleEndian !== hostIsLittleEndian;
  const { slope, intercept } = scaling;
  const wide = datatype === 1024 || datatype === 1280;
  const block = new Uint8Array(BLOCK * width);
  const numbers = new Float64Array(BLOCK);
  // 64-bit integers come as two words: a BigInt for each voxel would be thirty times slower.
  const words = wide ? new Uint32Array(block.buffer) : new Uint32Array(0);
  const lowWord = hostIsLittleEndian ? 0 : 1;
  const signedFrom = datatype === 1024 ? 2 ** 31 : Number.POSITIVE_INFINITY;

  for (let from = 0; from < values.length; from += BLOCK) {
    const n = Math.min(BLOCK, values.length - from);
    block.set(stored.subarray(from * width, (from + n) * width));
    if (swap) swapBytes(block, width);
    if (wide) {
      for (let i = 0; i < n; i++) {
        const high = words[2 * i + 1 - lowWord];
        numbers[i] = (high >= signedFrom ? high - 2 ** 32 : high) * 2 ** 32 + words[2 * i + lowWord];
      }
    } else {
      numbers.set(new constructors[datatype](block.buffer, 0, n));
    }
    for (let i = 0; i < n; i++) values[from + i] = numbers[i] * slope + intercept;
  }
}
