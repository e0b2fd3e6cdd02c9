/** Arrays as golden.py packs them. */

/** Base64 of bits. */
export function unpackBits(text: string, length: number): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  return Uint8Array.from({ length }, (_, i) => (bytes[i >> 3] >> (i & 7)) & 1);
}

/** Base64 of little-endian float32. */
export function unpackFloats(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}
