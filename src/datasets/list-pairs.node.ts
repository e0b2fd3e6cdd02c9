/** The files of a data set's cases: pairs by their names, as nnU-Net has them, or listed ones under the names they have. */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DatasetError } from '../errors.js';
import { explainSystemError } from '../files/system-error.js';
import { caseName, isImageName } from '../formats/file-names.js';
import type { Case } from './dataset.js';
import { someOf } from './finding.js';

/** A case's name and files. */
export type CaseFiles = Pick<Case, 'name' | 'image' | 'label'>;

/** What follows a case's name in those of its images, where they are numbered by channel. */
const CHANNEL = /_\d{4}$/;

/**
 * nnU-Net: CASE_0000.nii.gz in imagesTr belongs to CASE.nii.gz in labelsTr. Hidden files are left alone.
 * @param ending of all files, such as '.nii.gz'
 * @param source path of dataset.json, which messages name
 * @throws DatasetError where a folder cannot be listed, or no name is one of an image
 */
export async function listPairs(folder: string, ending: string, source: string): Promise<CaseFiles[]> {
  const list = async (part: string) => {
    const path = join(folder, part);
    try {
      return (await readdir(path)).filter((file) => !file.startsWith('.')).sort();
    } catch (cause) {
      throw new DatasetError({
        file: path,
        problem: `cannot be listed (${explainSystemError(cause)})`,
        expected: 'images in imagesTr/ and references in labelsTr/, the nnU-Net layout',
        cause,
      });
    }
  };
  const labels = new Set(await list('labelsTr'));
  const files = await list('imagesTr');
  const channel = `_0000${ending}`;
  const images = files.filter((file) => file.endsWith(channel) && file !== channel);
  if (images.length === 0) throw noImages(files.filter(isImageName), channel, source);
  return images.map((file) => {
    const name = file.slice(0, -channel.length);
    const label = `${name}${ending}`;
    return {
      name,
      image: join(folder, 'imagesTr', file),
      label: labels.has(label) ? join(folder, 'labelsTr', label) : null,
    };
  });
}

/** Nothing is named as it was meant: what there is instead, and what to change. */
function noImages(files: readonly string[], channel: string, source: string): DatasetError {
  const ending = channel.slice('_0000'.length);
  const problem = 'no training cases';
  if (files.length === 0) {
    return new DatasetError({
      ...{ file: source, problem, expected: `files named CASE${channel} in imagesTr/`, found: 'no image there' },
      remedy: 'put the images there',
    });
  }
  const endings = new Map<string, number>();
  for (const file of files) endings.set(endingOf(file), (endings.get(endingOf(file)) ?? 0) + 1);
  const found = [...endings].map(([one, n]) => `${n} ${one} ${n === 1 ? 'file' : 'files'}`).join(', ');
  const [usual] = [...endings].sort((a, b) => b[1] - a[1])[0];
  const numbered = files.filter((file) => CHANNEL.test(caseName(file))).length;
  const remedies = [
    ...(endings.has(ending) ? [] : [`set "file_ending" to ${JSON.stringify(usual)}`]),
    ...(numbered === files.length
      ? []
      : [`rename images to CASE_0000${endings.has(ending) ? ending : usual} (nnU-Net's number of the channel)`]),
  ];
  return new DatasetError({
    ...{ file: source, problem, expected: `files named CASE${channel} in imagesTr/` },
    found: `${found}, ${files.length === 1 ? 'which does not end' : 'none of which ends'} in ${channel} (${someOf(files, 2)})`,
    remedy: remedies.join(' and ') || 'name the image that is to be learnt from _0000',
  });
}

const endingOf = (file: string): string => file.slice(caseName(file).length);

/**
 * Listed images under the names that their files have: nnU-Net v1 lists CASE.nii.gz and reads CASE_0000.nii.gz.
 * @returns paths, and how many had a number added; those that are not there at all stay as they are listed
 */
export async function findListed(paths: readonly string[]): Promise<{ images: string[]; numbered: number }> {
  const folders = new Map<string, Promise<ReadonlySet<string>>>();
  let numbered = 0;
  const images: string[] = [];
  for (const path of paths) {
    const [folder, file] = [dirname(path), basename(path)];
    const names = folders.get(folder) ?? filesIn(folder);
    folders.set(folder, names);
    const withChannel = `${caseName(file)}_0000${endingOf(file)}`;
    const found = await names;
    const isNumbered = !found.has(file) && found.has(withChannel);
    if (isNumbered) numbered++;
    images.push(isNumbered ? join(folder, withChannel) : path);
  }
  return { images, numbered };
}

/** Names of a folder's images without ending, and without channel number; none where there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  return [...(await filesIn(folder))].filter(isImageName).flatMap((file) => {
    const name = caseName(file);
    return [name, name.replace(CHANNEL, '')];
  });
}

/** What a folder holds under nearly the name of a file that is not there; none where nothing is. */
export async function namesakes(path: string): Promise<string[]> {
  const plain = (file: string) => caseName(file).replace(CHANNEL, '').toLowerCase();
  const wanted = plain(basename(path));
  return [...(await filesIn(dirname(path)))].filter((file) => isImageName(file) && plain(file) === wanted).sort();
}

async function filesIn(folder: string): Promise<ReadonlySet<string>> {
  return new Set(await readdir(folder).catch(() => []));
}
