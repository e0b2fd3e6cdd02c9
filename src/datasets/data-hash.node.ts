/** Which data a result rests on: hashes that tell whether a data set, an image set or an image has changed since. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { openImage } from '../formats/image-file.node.js';
import type { Dataset } from './dataset.js';

/** SHA-256 over `dataset.json` and the names and sizes of all files: tells whether a data set has changed. */
export async function datasetHash(dataset: Dataset): Promise<string> {
  const files = dataset.cases.flatMap(({ image, label }) => (label === null ? [image] : [image, label]));
  return hashOf(dataset.folder, files, await readFile(path.join(dataset.folder, 'dataset.json')));
}

/** SHA-256 over the names and sizes of images. */
export function imagesHash(files: readonly string[]): Promise<string> {
  return hashOf(path.dirname(files[0] ?? ''), files);
}

/**
 * SHA-256 of an image's contents: of its file, or of both its files one after the other, the header's first.
 * @throws as `openImage`
 */
export async function imageHash(image: string): Promise<string> {
  return await (await openImage(image)).sha256();
}

async function hashOf(folder: string, files: readonly string[], start: Uint8Array = new Uint8Array()): Promise<string> {
  const hash = createHash('sha256').update(start);
  for (const file of files) hash.update(`\n${path.relative(folder, file)} ${await sizeOf(file)}`);
  return hash.digest('hex');
}

/** A file that is listed but absent fails as a case, later and by name; here it only makes a hash of its own. */
async function sizeOf(file: string): Promise<number | 'absent'> {
  try {
    return (await stat(file)).size;
  } catch {
    return 'absent';
  }
}
