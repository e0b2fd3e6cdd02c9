/**
 * The platform's zlib as formats ask for it: beside the JavaScript thread, stopped where the need ends, so that a small
 * file that would inflate to gigabytes (a "gzip bomb") costs no more than what its header declares.
 */
import { constants, createInflateRaw, createUnzip, type InflateRaw, type Unzip } from 'node:zlib';
import { ImageFormatError } from '../errors.js';
import type { Inflate } from './format.js';
import { isGzip } from './gzip-bytes.js';

/** What may come after the wanted bytes and is still inflated, so that the checksum at the end is seen. */
const SLACK = 2 ** 20;

interface Inflated {
  readonly bytes: Uint8Array;
  /** Null where the stream came to its end, or to where nothing more was wanted. */
  readonly error: Error | null;
}

/** Compressed bytes through a stream of zlib's, up to `wanted` bytes and, where `slack` says so, a little beyond. */
function drain(stream: Unzip | InflateRaw, compressed: Uint8Array, wanted: number, slack: number): Promise<Inflated> {
  return new Promise((resolve) => {
    const out = new Uint8Array(wanted);
    let filled = 0;
    let beyond = 0;
    const finish = (error: Error | null) => {
      stream.destroy();
      resolve({ bytes: out.subarray(0, filled), error });
    };
    stream.on('data', (chunk: Buffer) => {
      const used = chunk.subarray(0, wanted - filled);
      out.set(used, filled);
      filled += used.length;
      beyond += chunk.length - used.length;
      if (filled === wanted && (slack === 0 || beyond > slack)) finish(null);
    });
    stream.on('end', () => finish(null));
    stream.on('error', finish);
    stream.end(compressed);
  });
}

/** Output at a time: few calls for large images, little memory for headers. */
const chunkFor = (wanted: number) => Math.min(2 ** 20, Math.max(4096, wanted));

/** Bytes before the compressed data of a gzip member (RFC 1952, 2.3). */
function memberHeaderLength(gzip: Uint8Array): number {
  const flags = gzip[3];
  let at = 10;
  if (flags & 4) at += 2 + gzip[at] + 256 * gzip[at + 1];
  // Name and comment, each ended by a zero.
  for (const flag of [8, 16]) if (flags & flag) at = gzip.indexOf(0, at) + 1;
  return at + (flags & 2 ? 2 : 0);
}

/** The byte after the first gzip member, its checksum included. */
async function memberEnd(gzip: Uint8Array, wanted: number): Promise<number> {
  const from = memberHeaderLength(gzip);
  const stream = createInflateRaw({ chunkSize: chunkFor(wanted) });
  await drain(stream, gzip.subarray(from), wanted, SLACK);
  return from + stream.bytesWritten + 8;
}

export const inflate: Inflate = async (compressed, wanted, name, part = 'whole') => {
  const isStart = part === 'start';
  const run = (bytes: Uint8Array) =>
    drain(
      createUnzip({
        chunkSize: chunkFor(wanted),
        finishFlush: isStart ? constants.Z_SYNC_FLUSH : constants.Z_FINISH,
      }),
      bytes,
      wanted,
      isStart ? 0 : SLACK,
    );
  let { bytes, error } = await run(compressed);
  if (error && isGzip(compressed)) {
    // zlib takes whatever follows a member for a further one; others ignore it where it is none, once the first is whole.
    const end = await memberEnd(compressed, wanted);
    if (end < compressed.length) {
      const first = await run(compressed.subarray(0, end));
      if (!first.error && (isStart || first.bytes.length === wanted)) ({ bytes, error } = first);
    }
  }
  if (!error) return bytes;
  const truncated = (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';
  throw new ImageFormatError({
    file: name,
    expected: 'compressed data',
    found: truncated
      ? `a stream that ends early, after ${bytes.length} bytes: the file is truncated`
      : `a damaged stream (${error.message})`,
    remedy: 'copy or export the file again',
    cause: error,
  });
};
