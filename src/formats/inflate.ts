/**
 * Gunzip that stops where the caller's need ends: a small file that would inflate to gigabytes (a "gzip bomb") costs
 * no more memory or time than the size its header declares.
 */
import { Gunzip } from 'fflate';
import { ImageFormatError } from '../errors.js';

/** Deflate cannot do better than 258 bytes for two bits (zlib's documentation, "maximum compression factor"). */
const MAXIMUM_RATIO = 1032;

/** True if the bytes begin as gzip does (RFC 1952). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The most bytes that compressed bytes of this length can hold. */
export function maximumInflatedLength(compressedLength: number): number {
  return compressedLength * MAXIMUM_RATIO;
}

/**
 * The first bytes of a gzip stream: `length` of them, or fewer where the stream ends before.
 * @throws {ImageFormatError} if the stream is damaged before `length` bytes came out
 */
export function gunzipStart(compressed: Uint8Array, length: number, name: string): Uint8Array {
  const out = new Uint8Array(length);
  let filled = 0;
  const stream = new Gunzip((chunk) => {
    const used = chunk.subarray(0, length - filled);
    out.set(used, filled);
    filled += used.length;
  });
  try {
    for (let at = 0; at < compressed.length && filled < length; ) {
      // A chunk that cannot inflate to much more than what is still wanted.
      const step = Math.min(65536, Math.max(4096, Math.ceil((length - filled) / MAXIMUM_RATIO)));
      stream.push(compressed.subarray(at, at + step), false);
      at += step;
    }
  } catch (error) {
    throw new ImageFormatError(
      `${name}: expected gzip data, found a damaged stream after ${filled} bytes (${(error as Error).message}). Copy or export the file again.`,
      { cause: error },
    );
  }
  return out.subarray(0, filled);
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = crcTable[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/**
 * Compare inflated bytes with the checksum at the end of the gzip file (RFC 1952). Files that hold more than was
 * inflated, or several gzip members, cannot be checked so and pass.
 * @throws {ImageFormatError} if the sum differs
 */
export function verifyChecksum(compressed: Uint8Array, inflated: Uint8Array, name: string): void {
  if (compressed.length < 18) return;
  const trailer = new DataView(compressed.buffer, compressed.byteOffset + compressed.length - 8, 8);
  if (trailer.getUint32(4, true) !== inflated.length % 2 ** 32) return;
  if (trailer.getUint32(0, true) !== crc32(inflated)) {
    throw new ImageFormatError(
      `${name}: expected the voxels that the file's checksum was made of, found others: the file is damaged. Copy or export it again.`,
    );
  }
}
