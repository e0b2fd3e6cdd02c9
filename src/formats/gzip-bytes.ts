/** What can be told of a compressed stream without inflating it. */

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
