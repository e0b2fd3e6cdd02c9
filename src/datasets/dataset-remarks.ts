/** What `dataset.json` says to no effect, or otherwise than it was meant: told, since nobody would notice. */
import { caseName } from '../formats/file-names.js';
import type { Case } from './dataset.js';
import type { DatasetDescription } from './dataset-json.js';
import { type Finding, type FindingKind, type Severity, someOf } from './finding.js';
import { annotatedStructures, labelSpaceOf } from './structures.js';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keys whose misspelling goes unnoticed, and whether a value has the form that is expected of them. */
const optionalKeys: Readonly<Record<string, (value: unknown, cases: ReadonlySet<string>) => boolean>> = {
  target: (value) => [value].flat().every((item) => typeof item === 'number'),
  split: (value) => isObject(value) && Object.values(value).some(Array.isArray),
  group: (value, cases) => isObject(value) && Object.keys(value).some((key) => nameMeant(key, cases) !== undefined),
  structures: isObject,
  regions_class_order: Array.isArray,
  annotated: (value, cases) => isObject(value) && Object.keys(value).some((key) => nameMeant(key, cases) !== undefined),
  intensityOffset: (value) => typeof value === 'number',
  placeholderSpacing: (value) => typeof value === 'boolean',
};

/** Keys that are read, and those that describe the data to people. */
const knownKeys = new Set([
  ...Object.keys(optionalKeys),
  ...['name', 'modality', 'channel_names', 'labels', 'training', 'file_ending', 'numTraining', 'numTest', 'test'],
  ...['description', 'reference', 'licence', 'license', 'release', 'tensorImageSize', 'author', 'authors', 'citation'],
  ...['version', 'date', 'comment', 'comments', 'converted_by', 'dataset_name', 'overwrite_image_reader_writer'],
]);

export interface RemarkContext {
  /** Path of dataset.json, which the findings name. */
  readonly source: string;
  /** Names of images without labels: those under "test" and in imagesTs/. */
  readonly unlabelled: ReadonlySet<string>;
}

/** `annotated` that names what is not there, or leaves nothing to learn from. */
function remarksOnAnnotated(
  { annotated, ...about }: DatasetDescription,
  cases: ReadonlySet<string>,
  file: string,
): Finding[] {
  const space = labelSpaceOf(about);
  const known = new Set([
    ...space.structures.flatMap(({ name, labels }) => [name, ...labels]),
    ...Object.values(about.labels),
  ]);
  return [...annotated].flatMap(([key, shown]): Finding[] => {
    const finding = (kind: FindingKind, message: string, advice: string): Finding => ({
      ...{ severity: 'error', kind, case: key, file, message, advice },
    });
    if (!cases.has(key)) {
      const meant = nameMeant(key, cases);
      return [
        finding(
          'unknown-case-in-annotated',
          `"annotated" names a case that does not exist${meant === undefined ? '' : `; it probably means ${meant}`}.`,
          'Keys of "annotated" are case names, without ending and channel number: mend or remove it.',
        ),
      ];
    }
    const unknown = shown.filter((name) => !known.has(name));
    if (unknown.length > 0)
      return [
        finding(
          'unknown-structure-in-annotated',
          `"annotated" names ${unknown.map((name) => JSON.stringify(name)).join(', ')}, which is no structure.`,
          `The structures are ${space.structures.map(({ name }) => JSON.stringify(name)).join(', ')}.`,
        ),
      ];
    if (annotatedStructures(space, { annotated: shown })?.every((one) => !one))
      return [
        finding(
          'nothing-annotated',
          'by "annotated" its reference shows none of the structures.',
          'Leave it out of the split, or name what it shows.',
        ),
      ];
    return [];
  });
}

/** All remarks on one file. */
export function remarksOn(
  description: DatasetDescription,
  cases: readonly Case[],
  { source, unlabelled }: RemarkContext,
): Finding[] {
  const { content, groups, layout, modality, intensityOffset, split, repeated } = description;
  const names = new Set(cases.map(({ name }) => name));
  const findings: Finding[] = [];
  const add = (severity: Severity, kind: FindingKind, message: string, advice: string, name: string | null = null) =>
    findings.push({ severity, kind, case: name, file: source, message, advice });

  for (const { key, line } of repeated)
    add(
      'error',
      'repeated-key',
      `the key ${JSON.stringify(key)} is there twice (line ${line}), so that what the first says is lost.`,
      'Join the two, or remove one.',
    );

  const ignored: string[] = [];
  for (const [key, value] of Object.entries(content)) {
    if (knownKeys.has(key)) continue;
    const meant = Object.keys(optionalKeys).find((known) => isMisspelt(key, known));
    if (meant === undefined) ignored.push(JSON.stringify(key));
    else
      add(
        !Object.hasOwn(content, meant) && optionalKeys[meant](value, names) ? 'error' : 'warning',
        'misspelt-key',
        `the key ${JSON.stringify(key)} takes no effect; "${meant}" would.`,
        `Rename it to "${meant}", or give it a name of its own.`,
      );
  }
  if (layout === 'nnunet' && content.training !== undefined) ignored.push('"training"');
  if (layout === 'nnunet' && content.modality !== undefined) ignored.push('"modality"');
  if (layout === 'decathlon' && content.file_ending !== undefined) ignored.push('"file_ending"');
  if (ignored.length > 0)
    add(
      'note',
      'ignored-key',
      `${ignored.length === 1 ? 'the key' : 'the keys'} ${someOf(ignored, 10)} ${ignored.length === 1 ? 'takes' : 'take'} no effect.`,
      layout === 'nnunet'
        ? 'Nothing to do, unless it was meant to: cases are the files of imagesTr/ and labelsTr/.'
        : 'Nothing to do, unless it was meant to: cases are those listed under "training".',
    );

  const lost = [...groups.keys()].filter((key) => !names.has(key) && !unlabelled.has(key));
  for (const key of lost) {
    const meant = nameMeant(key, names);
    add(
      'error',
      'unknown-case-in-group',
      `"group" names a case that does not exist${meant === undefined ? '' : `; it probably means ${meant}`}.`,
      'Keys of "group" are case names, without ending and channel number: mend or remove it, since cases of one group would end up on both sides of the split.',
      key,
    );
  }
  findings.push(...remarksOnAnnotated(description, names, source));

  const ungrouped = cases.filter(({ name }) => !groups.has(name)).map(({ name }) => name);
  if (groups.size > 0 && lost.length === 0 && ungrouped.length > 0)
    add(
      'note',
      'ungrouped-cases',
      `"group" names ${cases.length - ungrouped.length} of ${cases.length} cases: ${someOf(ungrouped)} ${ungrouped.length === 1 ? 'is a group of its own' : 'are groups of their own'}.`,
      'Nothing to do if each is of another person.',
    );

  const parts = isObject(content.split) ? Object.keys(content.split).filter((part) => !(part in (split ?? {}))) : [];
  if (parts.length > 0)
    add(
      'warning',
      'ignored-key',
      `"split" has ${parts.map((part) => JSON.stringify(part)).join(', ')}, which ${parts.length === 1 ? 'takes' : 'take'} no effect.`,
      'Its parts are "train", "calibration" and "test"; cases for choosing the best weights are held out of "train".',
    );

  if (intensityOffset !== null && !isCt(modality))
    add(
      'note',
      'ignored-key',
      `"intensityOffset" is ${intensityOffset}, but the modality is ${JSON.stringify(modality)}: images are normalised one by one, which takes any offset out again.`,
      'Nothing to do if they are not CT; else name the modality "CT".',
    );

  const stated = content.numTraining;
  if (typeof stated === 'number' && stated !== cases.length)
    add(
      'warning',
      'count-mismatch',
      `"numTraining" is ${stated}, but there are ${cases.length} cases.`,
      'See whether files were lost on the way, or correct the number.',
    );
  const tests = Array.isArray(content.test) ? content.test.length : null;
  if (typeof content.numTest === 'number' && tests !== null && content.numTest !== tests)
    add(
      'note',
      'count-mismatch',
      `"numTest" is ${content.numTest}, but "test" lists ${tests} images.`,
      'Correct the number: nothing depends on it.',
    );
  if (tests)
    add(
      'note',
      'unlabelled-images',
      `"test" lists ${tests} images without labels, which are not used.`,
      'Nothing to do: figures come from the part "test" of "split", which has labels.',
    );
  return findings;
}

export function isCt(modality: string): boolean {
  return /^ct$/i.test(modality.trim());
}

/** The case that a key means which is its file's name, or differs in case only; undefined where there is none. */
export function nameMeant(key: string, names: ReadonlySet<string>): string | undefined {
  const plain = caseName(key.split(/[\\/]/).at(-1) ?? key);
  const candidates = [key, plain, plain.replace(/_\d{4}$/, '')];
  const found = candidates.find((candidate) => names.has(candidate));
  return found ?? [...names].find((name) => candidates.some((one) => one.toLowerCase() === name.toLowerCase()));
}

/** Alike but for case, underscores, a plural, or a letter or two: one in words of up to six letters. */
function isMisspelt(key: string, known: string): boolean {
  const [a, b] = [key, known].map((word) => word.toLowerCase().replace(/[^a-z]/g, ''));
  return a === b || a === `${b}s` || distance(a, b) <= (b.length > 6 ? 2 : 1);
}

/** Levenshtein: letters added, left out or changed. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}
