/**
 * Reads `dataset.json` of both layouts into one form. What the file says comes from outside: names that could leave
 * the folder or disturb an object's prototype are refused here, so that no later code has to think of it.
 */
import { z } from 'zod';
import { DatasetError, UnsupportedError } from '../errors.js';
import { listOf, parseJson, recordOf } from '../files/json.js';
import { jsonFault, repeatedKeys } from '../files/json-text.js';
import { imageEndings, isImageName } from '../formats/file-names.js';
import type { Dataset, Split } from './dataset.js';
import { readLabelling } from './labels.js';

/** The content of `dataset.json`, before any folder is listed. */
export interface DatasetDescription
  extends Omit<Dataset, 'name' | 'folder' | 'cases' | 'split' | 'splitSource' | 'remarks'> {
  /** Null where the file gives none: the folder's name is used. */
  readonly name: string | null;
  /** Decathlon: the listed pairs, as relative paths. nnU-Net: null, the folders are listed instead. */
  readonly training: { readonly image: string; readonly label: string | null }[] | null;
  /** '.nii.gz', '.nrrd', ... */
  readonly fileEnding: string;
  readonly groups: ReadonlyMap<string, string>;
  /** Names of structures by case; cases that it lacks are annotated in full. */
  readonly annotated: ReadonlyMap<string, readonly string[]>;
  readonly split: Split | null;
  /** All that the file says, for what takes no effect. */
  readonly content: Readonly<Record<string, unknown>>;
  /** Keys that an object has twice, of which the last counts, and their lines. */
  readonly repeated: readonly { readonly key: string; readonly line: number }[];
}

// Names end up in messages, on terminals and in reports.
const text = z.string().regex(/^\P{Cc}*$/u, 'control characters are not allowed');
/** A hundred thousand cases. */
const maximumValues = 300_000;

const names = listOf(text);
const channels = recordOf(text, text).or(names);
const labelValue = z.number().int().min(0).max(65535);
const oneOrMore = labelValue.or(listOf(labelValue).refine((list) => list.length > 0, 'expected at least one value'));

const fileSchema = z.looseObject({
  name: z.string().optional(),
  modality: channels.optional(),
  channel_names: channels.optional(),
  labels: recordOf(text, z.union([text, labelValue, listOf(labelValue)])),
  training: listOf(z.looseObject({ image: z.string(), label: z.string().nullish() })).optional(),
  file_ending: text.optional(),
  target: oneOrMore.optional(),
  structures: recordOf(text, oneOrMore).optional(),
  regions_class_order: listOf(labelValue).optional(),
  annotated: recordOf(text, names).optional(),
  split: z.object({ train: names, calibration: names, test: names }).optional(),
  group: recordOf(text, text.or(z.number())).optional(),
  intensityOffset: z.number().nullish(),
  placeholderSpacing: z.boolean().optional(),
});

/**
 * Parse the text of a `dataset.json`.
 * @param source how messages name the file, usually its path
 * @throws DatasetError where it is malformed, contradicts itself or names something outside the folder; UnsupportedError
 *   for more than one channel, and endings of images that are not read
 */
export function parseDatasetJson(text: string, source: string): DatasetDescription {
  const content = readJson(text, source);
  const parsed = fileSchema.safeParse(content);
  if (!parsed.success) {
    const found = parsed.error.issues
      .slice(0, 5)
      .map((i) => `${i.path.map(String).join('.') || 'the whole'}: ${i.message}`);
    throw new DatasetError({
      file: source,
      expected: 'a dataset.json of the Decathlon or nnU-Net v2',
      found: oneLine(found.join('; ')),
    });
  }
  const file = parsed.data;
  const layout = file.channel_names ? 'nnunet' : 'decathlon';
  if (layout === 'decathlon' && !file.training)
    throw new DatasetError({
      file: source,
      problem:
        'neither "training" (a list of {image, label}, as in the Decathlon) nor "channel_names" (as in nnU-Net v2) is there',
      remedy: "add the one that fits the folder's layout",
    });
  const training = layout === 'decathlon' ? file.training! : null;
  for (const { image, label } of training ?? []) {
    checkRelativePath(image, source);
    if (label) checkRelativePath(label, source);
  }
  const fileEnding = file.file_ending ?? '.nii.gz';
  if (!/^\.[^/\\]+$/.test(fileEnding) || !isImageName(`case${fileEnding}`))
    throw new UnsupportedError({
      file: source,
      expected: `a file_ending of ${imageEndings}`,
      found: JSON.stringify(fileEnding),
    });
  if (file.name !== undefined) checkName(file.name, 'data-set name', source);
  const labelling = readLabelling(file, source);
  return {
    layout,
    name: file.name ?? null,
    modality: onlyChannel((layout === 'nnunet' ? file.channel_names : file.modality) ?? ['unknown'], source),
    ...labelling,
    absent: 'background',
    intensityOffset: file.intensityOffset ?? null,
    placeholderSpacing: file.placeholderSpacing ?? false,
    training: training?.map(({ image, label }) => ({ image, label: label ?? null })) ?? null,
    fileEnding,
    groups: new Map(Object.entries(file.group ?? {}).map(([name, group]) => [name, String(group)])),
    annotated: new Map(Object.entries(file.annotated ?? {})),
    split: file.split ?? null,
    content: content as Record<string, unknown>,
    repeated: repeatedKeys(text).map(({ key, line }) => ({ key: oneLine(key), line })),
  };
}

function readJson(text: string, source: string): unknown {
  let json: unknown;
  try {
    json = parseJson(text.replace(/^\uFEFF/, ''), maximumValues);
  } catch (cause) {
    // What is refused for its size is not read again to find a fault.
    const fault = cause instanceof SyntaxError ? jsonFault(text.replace(/^\uFEFF/, '')) : undefined;
    const why = fault ?? (cause as Error).message;
    throw new DatasetError({ file: source, problem: `not valid JSON (${oneLine(why)})`, cause });
  }
  // An explicit stack, since nesting may be deeper than the call stack.
  const waiting = [json];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (Object.hasOwn(value, '__proto__'))
      throw new DatasetError({ file: source, problem: 'the key "__proto__" is not allowed', remedy: 'remove it' });
    for (const inner of Object.values(value)) waiting.push(inner);
  }
  return json;
}

/** Messages stay on one line, whatever the file puts into them. */
function oneLine(message: string): string {
  return message.replace(/\p{Cc}+/gu, ' ').slice(0, 500);
}

function onlyChannel(channelNames: Record<string, string> | string[], source: string): string {
  const all = Object.values(channelNames);
  if (all.length > 1)
    throw new UnsupportedError({
      file: source,
      expected: 'one channel',
      found: `${all.length} (${all.join(', ')})`,
      remedy: 'make a data set of one of them',
    });
  return all[0] ?? 'unknown';
}

/**
 * Refuse a path from outside that could leave the data set's folder.
 * @throws DatasetError for absolute paths, `..`, backslashes and control characters.
 */
function checkRelativePath(path: string, source: string): void {
  const parts = path.split('/');
  const last = parts[parts.length - 1];
  if (
    path.startsWith('/') ||
    parts.includes('..') ||
    /[\\\p{Cc}]|^[A-Za-z]:/u.test(path) ||
    last === '' ||
    last === '.'
  )
    throw new DatasetError({
      file: source,
      problem: `the file name ${JSON.stringify(path)} is refused`,
      expected: 'a path inside the data set\'s folder, such as "./imagesTr/case.nii.gz"',
    });
}

/**
 * Refuse a name that is unsafe as part of a file name or as a key.
 * @throws DatasetError
 */
export function checkName(name: string, what: string, source: string): void {
  if (!/^[^/\\\p{Cc}]{1,200}$/u.test(name) || name === '.' || name === '..' || name === '__proto__')
    throw new DatasetError({
      file: source,
      problem: `the ${what} ${JSON.stringify(name.slice(0, 200))} is refused`,
      expected: '1 to 200 characters without slashes',
    });
}
