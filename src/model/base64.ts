/** Float32 arrays as base64 text of their little-endian bytes. */
import { ModelFormatError } from '../errors.js';

/** Characters built per call: long argument lists overflow the stack. */
const CHUNK = 0x8000;

export function encodeFloats(values: Float32Array): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let binary = '';
  for (let i = 0; i < bytes.length; i += CHUNK) binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  return btoa(binary);
}

/** @throws ModelFormatError naming the array where the text is not base64 of whole floats */
export function decodeFloats(text: string, name: string): Float32Array {
  let binary: string;
  try {
    binary = atob(text);
  } catch (cause) {
    throw new ModelFormatError({ problem: `array ${name} is not base64; the file is damaged`, cause });
  }
  if (binary.length % 4 !== 0)
    throw new ModelFormatError({ problem: `array ${name} does not hold whole floats; the file is damaged` });
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return new Float32Array(bytes.buffer);
}
