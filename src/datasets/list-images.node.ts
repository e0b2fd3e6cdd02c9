/** Image files named by a user: single files, or all in a folder; those numbered by channel as nnU-Net names them. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { type CandorError, ImageFormatError, UnsupportedError, UsageError } from '../errors.js';
import { explainSystemError } from '../files/system-error.js';
import { caseName, imageEndings, isImageName, isSegmentationName } from '../formats/file-names.js';

export interface InputImage {
  /** Name of the results: that of the file without ending, and without nnU-Net's `_0000`. */
  readonly case: string;
  readonly path: string;
  /** Why it is none to be segmented, which is what its result says. */
  readonly fault?: CandorError;
  /** What its name may mean that it was not taken for. */
  readonly remark?: string;
}

/** Images that belong together, under the name of their folder. */
export interface ImageSet {
  readonly name: string;
  readonly images: readonly InputImage[];
}

/** Segmentations that lie beside their images are none to be segmented; named one by one, they are taken. */
const isImage = (name: string): boolean => isImageName(name) && !isSegmentationName(name);

/** More images of one name than that are counted through, not channels: no study has so many. */
const MOST_CHANNELS = 16;

/**
 * Images of files and folders, in order of name within a folder. Of a study in channels (`CASE_0000`, `CASE_0001`, as
 * nnU-Net names them) the first is the case; the others have a `fault`, since a model takes one channel.
 * @throws ImageFormatError for a folder without images; UsageError where two images would give results of the same name
 */
export async function listImages(inputs: readonly string[]): Promise<InputImage[]> {
  const images: InputImage[] = [];
  const beside = new Map<string, Promise<readonly string[]>>();
  for (const input of inputs) {
    if (await isFolder(input, false)) {
      const names = await imageNames(input);
      if (names.length === 0)
        throw new ImageFormatError({ file: input, expected: `images (${imageEndings})`, found: 'none' });
      images.push(...names.map((name) => asCase(input, name, names)));
      continue;
    }
    const [folder, name] = [path.dirname(input), path.basename(input)];
    // A file that is not there is a case that fails, not the end of the batch.
    const names = beside.get(folder) ?? imageNames(folder).catch(() => []);
    beside.set(folder, names);
    images.push({ ...asCase(folder, name, await names), path: input });
  }
  const owners = new Map<string, string>([['summary', 'the summary of all cases']]);
  for (const image of images) {
    for (const name of resultNames(image.case)) {
      const other = owners.get(name);
      if (other !== undefined) {
        throw new UsageError({
          problem: `${other} and ${image.path}: results of both would be called ${name}`,
          remedy: 'rename the image',
        });
      }
      owners.set(name, image.path);
    }
  }
  return images;
}

/** @param names of the images beside it */
function asCase(folder: string, file: string, names: readonly string[]): InputImage {
  const image = { case: caseName(file), path: path.join(folder, file) };
  const [, study, number] = /^(.+)_(\d{4})$/.exec(image.case) ?? [];
  if (study === undefined) return image;
  const numbers = names
    .map(caseName)
    .filter((name) => name.startsWith(`${study}_`) && /^_\d{4}$/.test(name.slice(study.length)));
  const channel = Number(number);
  if (numbers.length > MOST_CHANNELS) return image;
  if (channel === 0) return { ...image, case: study };
  if (!numbers.includes(`${study}_0000`)) {
    // Several that begin elsewhere are counted through.
    if (numbers.length > 1) return image;
    const remark = `${image.path}: taken as an image of its own; by nnU-Net's names it would be channel ${channel} of ${study}, whose first is not there.`;
    return { ...image, remark };
  }
  const fault = new UnsupportedError({
    file: image.path,
    problem: `by nnU-Net's names this is channel ${channel} of ${study}, and the model takes one channel, that of ${study}_0000`,
    remedy: 'rename it to have it segmented as a case of its own',
  });
  return { ...image, fault };
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
    if (!(await isFolder(folder)))
      throw new ImageFormatError({ file: folder, expected: 'a folder of images', found: 'a file' });
    const inside = await listFolder(folder);
    const own = (await imageNames(folder)).length > 0;
    const below = own
      ? ['']
      : inside
          .filter((entry) => entry.isDirectory())
          .map(({ name }) => name)
          .sort();
    if (below.length === 0)
      throw new ImageFormatError({ file: folder, expected: `images (${imageEndings})`, found: 'none' });
    for (const sub of below) {
      const set = path.join(folder, sub);
      const name = path.basename(path.resolve(set));
      // Figures are given by set: two of one name would be counted as one.
      if (sets.some((other) => other.name === name)) {
        throw new UsageError({
          file: set,
          problem: `its name ${name} is also that of another set`,
          remedy: 'rename one of them',
        });
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
    throw new ImageFormatError({ file: folder, problem: `cannot be listed: ${explainSystemError(cause)}`, cause });
  }
}

async function isFolder(input: string, mustExist = true): Promise<boolean> {
  try {
    return (await stat(input)).isDirectory();
  } catch (cause) {
    if (!mustExist) return false;
    throw new ImageFormatError({
      file: input,
      problem: `expected an image or a folder, but ${explainSystemError(cause)}`,
      cause,
    });
  }
}
