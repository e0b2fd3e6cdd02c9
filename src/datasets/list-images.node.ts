/** Image files named by a user: single files, or all in a folder. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { ImageFormatError, UsageError } from '../errors.js';
import { explainSystemError } from '../files/system-error.js';
import { caseName, imageEndings, isImageName, isSegmentationName } from '../formats/file-names.js';

export interface InputImage {
  /** Name of the results. */
  readonly case: string;
  readonly path: string;
}

/** Images that belong together, under the name of their folder. */
export interface ImageSet {
  readonly name: string;
  readonly images: readonly InputImage[];
}

/** Segmentations that lie beside their images are none to be segmented; named one by one, they are taken. */
const isImage = (name: string): boolean => isImageName(name) && !isSegmentationName(name);

/**
 * Images of files and folders, in order of name within a folder.
 * @throws ImageFormatError for a folder without images; UsageError where two images would give results of the same name
 */
export async function listImages(inputs: readonly string[]): Promise<InputImage[]> {
  const images: InputImage[] = [];
  for (const input of inputs) {
    // A file that is not there is a case that fails, not the end of the batch.
    if (!(await isFolder(input, false))) images.push({ case: caseName(path.basename(input)), path: input });
    else {
      const names = await imageNames(input);
      if (names.length === 0) throw new ImageFormatError(`${input}: expected images (${imageEndings}), found none.`);
      images.push(...names.map((name) => ({ case: caseName(name), path: path.join(input, name) })));
    }
  }
  const owners = new Map<string, string>([['summary', 'The summary of all cases']]);
  for (const image of images) {
    for (const name of resultNames(image.case)) {
      const other = owners.get(name);
      if (other !== undefined) {
        throw new UsageError(`${other} and ${image.path}: results of both would be called ${name}; rename the image.`);
      }
      owners.set(name, image.path);
    }
  }
  return images;
}

/** Names, endings aside, of the files that a case's results may take. */
function resultNames(name: string): string[] {
  return ['', '_prob', '_ood'].map((what) => `${name}${what}`);
}

/**
 * Sets of images: a folder of images is one set; a folder of such folders is one set each.
 * @throws ImageFormatError for a folder without images; UsageError for two sets of one name
 */
export async function listImageSets(folders: readonly string[]): Promise<ImageSet[]> {
  const sets: ImageSet[] = [];
  for (const folder of folders) {
    if (!(await isFolder(folder))) throw new ImageFormatError(`${folder}: expected a folder of images, found a file.`);
    const inside = await listFolder(folder);
    const own = (await imageNames(folder)).length > 0;
    const below = own
      ? ['']
      : inside
          .filter((entry) => entry.isDirectory())
          .map(({ name }) => name)
          .sort();
    if (below.length === 0) throw new ImageFormatError(`${folder}: expected images (${imageEndings}), found none.`);
    for (const sub of below) {
      const set = path.join(folder, sub);
      const name = path.basename(path.resolve(set));
      // Figures are given by set: two of one name would be counted as one.
      if (sets.some((other) => other.name === name)) {
        throw new UsageError(`${set}: its name ${name} is also that of another set; rename one of them.`);
      }
      sets.push({ name, images: await listImages([set]) });
    }
  }
  return sets;
}

async function imageNames(folder: string): Promise<string[]> {
  return (await listFolder(folder))
    .map(({ name }) => name)
    .filter(isImage)
    .sort();
}

async function listFolder(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    throw new ImageFormatError(`${folder}: cannot be listed: ${explainSystemError(cause)}.`, { cause });
  }
}

async function isFolder(input: string, mustExist = true): Promise<boolean> {
  try {
    return (await stat(input)).isDirectory();
  } catch (cause) {
    if (!mustExist) return false;
    throw new ImageFormatError(`${input}: expected an image or a folder, but ${explainSystemError(cause)}.`, { cause });
  }
}
