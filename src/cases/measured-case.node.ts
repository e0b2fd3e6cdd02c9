/** What a case told when it was read, as bytes of the cache: the check's scan, and the fingerprint. */
import { deserialize, serialize } from 'node:v8';
import { z } from 'zod';
import type { CaseScan } from '../datasets/scan-case.node.js';
import type { CaseFingerprint } from '../preprocessing/fingerprint.js';

const triple = z.tuple([z.number(), z.number(), z.number()]);
/** As text: JSON has no infinities and no NaN. */
const anyNumber = z.string().transform(Number);

const fingerprintSchema = z.object({
  size: triple,
  spacing: triple,
  foregroundIntensities: z.array(z.number()).transform((values) => Float32Array.from(values)),
  foregroundVolumeMl: z.number(),
  foregroundExtentMm: triple,
  foregroundChordMm: triple,
  classes: z.array(z.object({ extentMm: triple, chordMm: triple })).optional(),
  /** Infinity stands for an image without any finite voxel. */
  minimum: anyNumber,
});

export function encodeFingerprint(print: CaseFingerprint): Uint8Array[] {
  return bytesOf({
    ...print,
    foregroundIntensities: [...print.foregroundIntensities],
    minimum: String(print.minimum),
  });
}

export function decodeFingerprint(bytes: Uint8Array): CaseFingerprint | undefined {
  return parsed(fingerprintSchema, bytes);
}

/** Undefined where a file could not be read: that may be mended without a byte of it changing. */
export function encodeScan(scan: CaseScan): Uint8Array[] | undefined {
  const { image, label } = scan;
  return 'tag' in image || (label !== null && 'tag' in label) ? undefined : [serialize(scan)];
}

/** The cache's checksum and the version in the key stand for the bytes: they are as {@link encodeScan} made them. */
export function decodeScan(bytes: Uint8Array): CaseScan | undefined {
  try {
    return deserialize(bytes) as CaseScan;
  } catch {
    return undefined;
  }
}

function bytesOf(value: object): Uint8Array[] {
  return [new TextEncoder().encode(JSON.stringify(value))];
}

function parsed<T>(schema: z.ZodType<T>, bytes: Uint8Array): T | undefined {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}
