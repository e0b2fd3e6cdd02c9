/** Which data a result rests on: hashes of contents, which tell whether a data set, an image set or an image has changed. */
import { type Digests, openDigests } from '../files/digests.node.js';
import { sha256 } from '../files/hash.js';
import { openImage } from '../formats/image-file.node.js';
import type { Dataset } from './dataset.js';

/** What a data set's hash is over; raised whenever the same data would get another one. Hashes without it are older. */
export const HASH_OF = 'contents/1';

/** What a data set says of its structures that only names its labels. */
const NOTHING_MORE = JSON.stringify([null, false, null, null, 'background']);

/**
 * SHA-256 over the contents of all files and all that is said of them: names, groups, labels, split. Where the files lie
 * does not matter, nor whether the data set was opened from a folder or made by a program.
 */
export async function datasetHash(dataset: Dataset, digests: Digests = openDigests()): Promise<string> {
  const { name, modality, labels, target, intensityOffset, placeholderSpacing, split, cases } = dataset;
  const { structures, overlapping, regionOrder, ignore, absent } = dataset;
  const files: unknown[] = [];
  for (const { name: of, group, annotated, image, label } of cases) {
    const contents = [await contentsOf(image, digests), label === null ? null : await contentsOf(label, digests)];
    files.push([of, group, ...contents, ...(annotated === null ? [] : [annotated])]);
  }
  const { train, calibration, test } = split;
  const parts = [train, calibration, test];
  const meaning = [structures, overlapping, regionOrder, ignore, absent];
  // Of data sets that say no more than their labels the hash is as it was before there were structures.
  const more = JSON.stringify(meaning) === NOTHING_MORE ? [] : [meaning];
  const about = [name, modality, labels, target, intensityOffset, placeholderSpacing, parts, ...more];
  return sha256(JSON.stringify([HASH_OF, about, files]));
}

/** SHA-256 over the contents of images, in their order. */
export async function imagesHash(files: readonly string[], digests: Digests = openDigests()): Promise<string> {
  const contents: unknown[] = [];
  for (const file of files) contents.push(await contentsOf(file, digests));
  return sha256(JSON.stringify([HASH_OF, contents]));
}

/**
 * Digests of the files that an image consists of; undefined where one cannot be read: it fails as a case, later and by
 * name, and here only makes a hash of its own.
 */
export async function contentsOf(image: string, digests: Digests): Promise<string[] | undefined> {
  try {
    const contents: string[] = [];
    for (const file of (await openImage(image)).files) contents.push(await digests.of(file));
    return contents;
  } catch {
    return undefined;
  }
}

/**
 * SHA-256 of an image's contents: of its file, or of both its files one after the other, the header's first.
 * @throws as `openImage`
 */
export async function imageHash(image: string): Promise<string> {
  return await (await openImage(image)).sha256();
}
