/** A training sample as bytes of the cache, and its arrays where a worker thread can share them. */
import { z } from 'zod';
import { count } from '../math/vector.js';
import type { TrainingSample } from '../transforms/sample-patch.js';

const triple = z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]);
const headerSchema = z.object({
  size: z.tuple([z.number().int(), z.number().int(), z.number().int()]),
  affine: z.array(z.number()).length(16),
  spacing: triple,
  minimum: z.number(),
  foreground: z.number().int().nonnegative(),
  annotated: z.array(z.boolean()).nullable(),
});

/** Length of the header, a 32-bit integer, goes first. */
const PREFIX = 4;

/** Parts whose bytes, joined, {@link decodeSample} reads. */
export function encodeSample({ image, labels, foreground, grid, ...rest }: TrainingSample): Uint8Array[] {
  const { spacing, minimum, annotated } = rest;
  const about = { ...grid, spacing, minimum, annotated, foreground: foreground.length };
  const header = new TextEncoder().encode(JSON.stringify(about));
  return [bytesOf(Uint32Array.of(header.length)), header, bytesOf(image), bytesOf(foreground), bytesOf(labels)];
}

/** The sample, its arrays in shared memory; undefined where the bytes are not of one. */
export function decodeSample(bytes: Uint8Array): TrainingSample | undefined {
  if (bytes.length < PREFIX) return undefined;
  const headerEnd = PREFIX + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = headerSchema.safeParse(parseJson(bytes.subarray(PREFIX, headerEnd)));
  if (!header.success) return undefined;
  const { size, affine, spacing, minimum, annotated, foreground } = header.data;
  const voxels = count(size);
  if (bytes.length !== headerEnd + 5 * voxels + 4 * foreground) return undefined;
  const image = new Float32Array(new SharedArrayBuffer(4 * voxels));
  const sample = new Uint32Array(new SharedArrayBuffer(4 * foreground));
  const labels = new Uint8Array(new SharedArrayBuffer(voxels));
  let offset = headerEnd;
  for (const array of [image, sample, labels]) {
    bytesOf(array).set(bytes.subarray(offset, offset + array.byteLength));
    offset += array.byteLength;
  }
  return { image, labels, annotated, foreground: sample, grid: { size, affine }, spacing, minimum };
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
