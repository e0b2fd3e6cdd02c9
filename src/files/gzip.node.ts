/** Compression by the platform's zlib, beside the JavaScript thread: several times as fast as in JavaScript. */
import { createDeflate, createGzip } from 'node:zlib';

/** Handed over at a time: large enough for few calls, small beside an image. */
const STEP = 2 ** 20;

/**
 * Parts, one after another, as one stream, each asked for when the one before is done with: the quickest level, for long runs in masks and noise in floats gain next to
 * nothing from more. No time stamp, so that equal contents are equal files.
 */
export async function deflateParts(parts: Iterable<Uint8Array>, container: 'gzip' | 'zlib'): Promise<Uint8Array> {
  const stream = (container === 'gzip' ? createGzip : createDeflate)({ level: 1, chunkSize: STEP });
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    stream.on('end', resolve);
    stream.on('error', reject);
  });
  for (const part of parts) {
    for (let at = 0; at < part.length; at += STEP) {
      // A part's memory may be used for the next: it goes on when this one is taken up.
      await new Promise<void>((resolve, reject) => {
        stream.write(part.subarray(at, at + STEP), (error) => (error ? reject(error) : resolve()));
      });
    }
  }
  stream.end();
  await ended;
  return Buffer.concat(chunks);
}
