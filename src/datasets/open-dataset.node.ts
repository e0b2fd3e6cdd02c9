/** Opens a data-set folder: reads `dataset.json`, lists the cases and settles the split. Image files stay closed. */
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { DatasetError } from '../errors.js';
import { readPlainText } from '../files/read.node.js';
import { explainSystemError } from '../files/system-error.js';
import { caseName } from '../formats/file-names.js';
import type { Case, Dataset } from './dataset.js';
import { checkName, type DatasetDescription, parseDatasetJson } from './dataset-json.js';
import { makeSplit } from './split.js';

const maximumJsonBytes = 64 * 2 ** 20;

/**
 * Open a data set in the Decathlon's or nnU-Net v2's layout.
 * @param options.seed of the split that is made where `dataset.json` has none (default 0)
 * @throws DatasetError where the folder or `dataset.json` is missing or malformed; UnsupportedError for several
 *   channels. Faults of single cases are left to checkDataset, which lists them all at once.
 */
export async function openDataset(folder: string, options: { seed?: number } = {}): Promise<Dataset> {
  folder = resolve(folder);
  const source = join(folder, 'dataset.json');
  const description = parseDatasetJson(await readJsonText(source), source);
  const name = description.name ?? basename(folder);
  checkName(name, 'data-set name', source);
  const files = description.training
    ? description.training.map(({ image, label }) => ({
        name: caseName(basename(image)),
        image: resolve(folder, image),
        label: label === null ? null : resolve(folder, label),
      }))
    : await listPairs(folder, description.fileEnding);
  if (files.length === 0)
    throw new DatasetError(`${source}: no training cases; list them under "training" or put them into imagesTr/.`);
  const cases: Case[] = files.map((file) => {
    checkName(file.name, 'case name', source);
    return { ...file, group: description.groups.get(file.name) ?? file.name };
  });
  const { layout, modality, labels, target, intensityOffset, placeholderSpacing } =
    description satisfies DatasetDescription;
  return {
    ...{ name, folder, layout, modality, labels, target, intensityOffset, placeholderSpacing, cases },
    split:
      description.split ??
      makeSplit(
        cases.filter((c) => c.label !== null),
        options.seed ?? 0,
      ),
    splitSource: description.split ? 'dataset.json' : 'seeded',
  };
}

async function readJsonText(path: string): Promise<string> {
  try {
    return await readPlainText(path, maximumJsonBytes);
  } catch (cause) {
    throw new DatasetError(
      `${path}: cannot be read (${explainSystemError(cause)}); expected a folder with dataset.json, imagesTr/ and labelsTr/.`,
      { cause },
    );
  }
}

/** nnU-Net: CASE_0000.nii.gz in imagesTr belongs to CASE.nii.gz in labelsTr. Hidden files are left alone. */
async function listPairs(folder: string, ending: string): Promise<Omit<Case, 'group'>[]> {
  const list = async (part: string) => {
    const path = join(folder, part);
    try {
      return (await readdir(path)).filter((file) => !file.startsWith('.') && file.endsWith(ending)).sort();
    } catch (cause) {
      throw new DatasetError(
        `${path}: cannot be listed (${explainSystemError(cause)}); the nnU-Net layout keeps images in imagesTr/ and references in labelsTr/.`,
        { cause },
      );
    }
  };
  const labels = new Set(await list('labelsTr'));
  const channel = `_0000${ending}`;
  return (await list('imagesTr'))
    .filter((file) => file.endsWith(channel) && file !== channel)
    .map((file) => {
      const name = file.slice(0, -channel.length);
      const label = `${name}${ending}`;
      return {
        name,
        image: join(folder, 'imagesTr', file),
        label: labels.has(label) ? join(folder, 'labelsTr', label) : null,
      };
    });
}
