/** A prepared training case as bytes of the cache, and its arrays where a worker thread can share them. */
import { z } from 'zod';
import { count } from '../math/vector.js';
import type { TrainingCase } from '../transforms/sample-patch.js';

const triple = z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]);
const headerSchema = z.object({
  size: z.tuple([z.number().int(), z.number().int(), z.number().int()]),
  spacing: triple,
  minimum: z.number(),
  foreground: z.number().int().nonnegative(),
});

/** Length of the header, a 32-bit integer, goes first. */
const PREFIX = 4;

/** Parts whose bytes, joined, {@link decodeCase} reads. */
export function encodeCase({ image, label, foreground, size, spacing, minimum }: TrainingCase): Uint8Array[] {
  const header = new TextEncoder().encode(
    JSON.stringify({ size, spacing, minimum, foreground: foreground.length } satisfies Record<string, unknown>),
  );
  return [bytesOf(Uint32Array.of(header.length)), header, bytesOf(image), bytesOf(foreground), bytesOf(label)];
}

/** The case, its arrays in shared memory; undefined where the bytes are not of one. */
export function decodeCase(bytes: Uint8Array): TrainingCase | undefined {
  if (bytes.length < PREFIX) return undefined;
  const headerEnd = PREFIX + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = headerSchema.safeParse(parseJson(bytes.subarray(PREFIX, headerEnd)));
  if (!header.success) return undefined;
  const { size, spacing, minimum, foreground } = header.data;
  const voxels = count(size);
  if (bytes.length !== headerEnd + 5 * voxels + 4 * foreground) return undefined;
  const image = new Float32Array(new SharedArrayBuffer(4 * voxels));
  const sample = new Uint32Array(new SharedArrayBuffer(4 * foreground));
  const label = new Uint8Array(new SharedArrayBuffer(voxels));
  let offset = headerEnd;
  for (const array of [image, sample, label]) {
    bytesOf(array).set(bytes.subarray(offset, offset + array.byteLength));
    offset += array.byteLength;
  }
  return { image, label, foreground: sample, size, spacing, minimum };
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Uint32Array | Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
