/** Opens a data-set folder: reads `dataset.json`, lists the cases and settles the split. Image files stay closed. */
import { basename, join, resolve } from 'node:path';
import { DatasetError } from '../errors.js';
import { readPlainText } from '../files/read.node.js';
import { explainSystemError } from '../files/system-error.js';
import { caseName } from '../formats/file-names.js';
import type { Case, Dataset } from './dataset.js';
import { checkName, type DatasetDescription, parseDatasetJson } from './dataset-json.js';
import { remarksOn } from './dataset-remarks.js';
import type { Finding } from './finding.js';
import { type CaseFiles, findListed, listPairs, namesIn } from './list-pairs.node.js';
import { makeSplit } from './split.js';

const maximumJsonBytes = 64 * 2 ** 20;

/**
 * Open a data set in the Decathlon's or nnU-Net v2's layout.
 * @param options.seed of the split that is made where `dataset.json` has none (default 0)
 * @returns a value that jobs take instead of the folder; changed (another `split`, fewer `cases`), it is another data set
 * @throws DatasetError where the folder or `dataset.json` is missing or malformed; UnsupportedError for several
 *   channels. Faults of single cases are left to the check, which lists them all at once.
 * @example
 * const dataset = await openDataset('data/liver');
 * const { train: [first, ...others], ...split } = dataset.split;
 * const fold = { ...split, train: others, test: [...split.test, first] };
 * await train({ datasets: [{ ...dataset, split: fold }], output: 'fold-1.onnx' });
 */
export async function openDataset(folder: string, options: { seed?: number } = {}): Promise<Dataset> {
  folder = resolve(folder);
  const source = join(folder, 'dataset.json');
  const description: DatasetDescription = parseDatasetJson(await readJsonText(source), source);
  const name = description.name ?? basename(folder);
  checkName(name, 'data-set name', source);
  const { files, remarks } = await filesOf(folder, source, description);
  const cases: Case[] = files.map((file) => {
    checkName(file.name, 'case name', source);
    const { groups, annotated } = description;
    return { ...file, group: groups.get(file.name) ?? file.name, annotated: annotated.get(file.name) ?? null };
  });
  const unlabelled = new Set([...(await namesIn(join(folder, 'imagesTs'))), ...testNames(description.content.test)]);
  return {
    ...about(description),
    ...{ name, folder, cases },
    split:
      description.split ??
      makeSplit(
        cases.filter((c) => c.label !== null),
        options.seed ?? 0,
      ),
    splitSource: description.split ? 'dataset.json' : 'seeded',
    remarks: [...remarks, ...remarksOn(description, cases, { source, unlabelled })],
  };
}

type Files = CaseFiles[];

/** What the file says that the rest of the house asks for. */
function about(description: DatasetDescription) {
  const { layout, modality, labels, target, structures, overlapping, regionOrder, ignore, absent } = description;
  const { intensityOffset, placeholderSpacing } = description;
  return {
    ...{ layout, modality, labels, target, structures, overlapping, regionOrder, ignore, absent },
    ...{ intensityOffset, placeholderSpacing },
  };
}

async function filesOf(
  folder: string,
  source: string,
  { training, fileEnding }: DatasetDescription,
): Promise<{ files: Files; remarks: Finding[] }> {
  if (training === null) return { files: await listPairs(folder, fileEnding, source), remarks: [] };
  if (training.length === 0) {
    throw new DatasetError({ file: source, problem: 'no training cases', remedy: 'list them under "training"' });
  }
  const { images, numbered } = await findListed(training.map(({ image }) => resolve(folder, image)));
  const files = training.map(({ image, label }, i) => ({
    name: caseName(basename(image)),
    image: images[i],
    label: label === null ? null : resolve(folder, label),
  }));
  const remarks: Finding[] =
    numbered === 0
      ? []
      : [
          {
            ...{ severity: 'note', kind: 'name-without-channel', case: null, file: source },
            message: `${numbered} of ${training.length} images are listed without the channel number that their files have: ${basename(images.find((file, i) => file !== resolve(folder, training[i].image)) ?? '')} is read, as in nnU-Net v1.`,
            advice: 'Nothing to do.',
          },
        ];
  return { files, remarks };
}

/** Names of the images under "test", which are paths or objects with one. */
function testNames(test: unknown): string[] {
  if (!Array.isArray(test)) return [];
  const paths = test.map((entry: unknown) => (isEntry(entry) ? entry.image : entry));
  return paths.flatMap((path) => (typeof path === 'string' ? caseName(basename(path)) : []));
}

const isEntry = (entry: unknown): entry is { image: unknown } =>
  typeof entry === 'object' && entry !== null && 'image' in entry;

async function readJsonText(path: string): Promise<string> {
  try {
    return await readPlainText(path, maximumJsonBytes);
  } catch (cause) {
    throw new DatasetError({
      file: path,
      problem: `cannot be read (${explainSystemError(cause)})`,
      expected: 'a folder with dataset.json, imagesTr/ and labelsTr/',
      cause,
    });
  }
}
