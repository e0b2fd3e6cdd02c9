/**
 * Reads `dataset.json` of both layouts into one form. What the file says comes from outside: names that could leave
 * the folder or disturb an object's prototype are refused here, so that no later code has to think of it.
 */
import { z } from 'zod';
import { DatasetError, UnsupportedError } from '../errors.js';
import { listOf, parseJson, recordOf } from '../files/json.js';
import { imageEndings, isImageName } from '../formats/file-names.js';
import type { Dataset, Split } from './dataset.js';
import { parseLabels } from './labels.js';

/** The content of `dataset.json`, before any folder is listed. */
export interface DatasetDescription
  extends Pick<Dataset, 'layout' | 'modality' | 'labels' | 'target' | 'intensityOffset' | 'placeholderSpacing'> {
  /** Null where the file gives none: the folder's name is used. */
  readonly name: string | null;
  /** Decathlon: the listed pairs, as relative paths. nnU-Net: null, the folders are listed instead. */
  readonly training: { readonly image: string; readonly label: string | null }[] | null;
  /** '.nii.gz', '.nrrd', ... */
  readonly fileEnding: string;
  readonly groups: ReadonlyMap<string, string>;
  readonly split: Split | null;
}

// Names end up in messages, on terminals and in reports.
const text = z.string().regex(/^\P{Cc}*$/u, 'control characters are not allowed');
/** A hundred thousand cases. */
const maximumValues = 300_000;

const names = listOf(text);
const channels = recordOf(text, text).or(names);
const labelValue = z.number().int().min(0).max(65535);

const fileSchema = z.looseObject({
  name: z.string().optional(),
  modality: channels.optional(),
  channel_names: channels.optional(),
  labels: recordOf(text, z.union([text, labelValue, listOf(labelValue)])),
  training: listOf(z.looseObject({ image: z.string(), label: z.string().nullish() })).optional(),
  file_ending: text.optional(),
  target: labelValue.or(listOf(labelValue).refine((list) => list.length > 0, 'expected at least one value')).optional(),
  split: z.object({ train: names, calibration: names, test: names }).optional(),
  group: recordOf(text, text.or(z.number())).optional(),
  intensityOffset: z.number().nullish(),
  placeholderSpacing: z.boolean().optional(),
});

/**
 * Parse the text of a `dataset.json`.
 * @param source how messages name the file, usually its path
 * @throws DatasetError where it is malformed or names something outside the folder; UnsupportedError for more than
 *   one channel, endings of images that are not read, and an `ignore` label.
 */
export function parseDatasetJson(text: string, source: string): DatasetDescription {
  const parsed = fileSchema.safeParse(readJson(text, source));
  if (!parsed.success) {
    const found = parsed.error.issues
      .slice(0, 5)
      .map((i) => `${i.path.map(String).join('.') || 'the whole'}: ${i.message}`);
    throw new DatasetError(
      `${source}: ${oneLine(found.join('; '))}. Expected a dataset.json of the Decathlon or nnU-Net v2.`,
    );
  }
  const file = parsed.data;
  const layout = file.channel_names ? 'nnunet' : 'decathlon';
  if (layout === 'decathlon' && !file.training)
    throw new DatasetError(
      `${source}: neither "training" (a list of {image, label}, as in the Decathlon) nor "channel_names" (as in nnU-Net v2) is there; add the one that fits the folder's layout.`,
    );
  const training = layout === 'decathlon' ? file.training! : null;
  for (const { image, label } of training ?? []) {
    checkRelativePath(image, source);
    if (label) checkRelativePath(label, source);
  }
  const fileEnding = file.file_ending ?? '.nii.gz';
  if (!/^\.[^/\\]+$/.test(fileEnding) || !isImageName(`case${fileEnding}`))
    throw new UnsupportedError(`${source}: file_ending "${fileEnding}" is not handled; expected ${imageEndings}.`);
  if (file.name !== undefined) checkName(file.name, 'data-set name', source);
  const labels = parseLabels(file.labels, source);
  const target = file.target === undefined ? null : [file.target].flat();
  for (const value of target ?? [])
    if (value === 0 || !Object.hasOwn(labels, value))
      throw new DatasetError(
        `${source}: target ${value} is not a foreground label; "labels" has ${Object.keys(labels).join(', ')}.`,
      );
  return {
    layout,
    name: file.name ?? null,
    modality: onlyChannel((layout === 'nnunet' ? file.channel_names : file.modality) ?? ['unknown'], source),
    labels,
    target,
    intensityOffset: file.intensityOffset ?? null,
    placeholderSpacing: file.placeholderSpacing ?? false,
    training: training?.map(({ image, label }) => ({ image, label: label ?? null })) ?? null,
    fileEnding,
    groups: new Map(Object.entries(file.group ?? {}).map(([name, group]) => [name, String(group)])),
    split: file.split ?? null,
  };
}

function readJson(text: string, source: string): unknown {
  let json: unknown;
  try {
    json = parseJson(text.replace(/^\uFEFF/, ''), maximumValues);
  } catch (cause) {
    throw new DatasetError(`${source}: not valid JSON (${oneLine((cause as Error).message)}).`, { cause });
  }
  // An explicit stack, since nesting may be deeper than the call stack.
  const waiting = [json];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (Object.hasOwn(value, '__proto__'))
      throw new DatasetError(`${source}: the key "__proto__" is not allowed; remove it.`);
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
    throw new UnsupportedError(
      `${source}: ${all.length} channels (${all.join(', ')}); Candor takes one channel, so make a data set of one of them.`,
    );
  return all[0] ?? 'unknown';
}

/**
 * Refuse a path from outside that could leave the data set's folder.
 * @throws DatasetError for absolute paths, `..`, backslashes and control characters.
 */
export function checkRelativePath(path: string, source: string): void {
  const parts = path.split('/');
  const last = parts[parts.length - 1];
  if (
    path.startsWith('/') ||
    parts.includes('..') ||
    /[\\\p{Cc}]|^[A-Za-z]:/u.test(path) ||
    last === '' ||
    last === '.'
  )
    throw new DatasetError(
      `${source}: the file name ${JSON.stringify(path)} is refused; expected a path inside the data set's folder, such as "./imagesTr/case.nii.gz".`,
    );
}

/**
 * Refuse a name that is unsafe as part of a file name or as a key.
 * @throws DatasetError
 */
export function checkName(name: string, what: string, source: string): void {
  if (!/^[^/\\\p{Cc}]{1,200}$/u.test(name) || name === '.' || name === '..' || name === '__proto__')
    throw new DatasetError(
      `${source}: the ${what} ${JSON.stringify(name.slice(0, 200))} is refused; expected 1 to 200 characters without slashes.`,
    );
}
