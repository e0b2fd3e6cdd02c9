/** The part of the check that opens headers: are the pairs complete, readable and on one grid? */
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asSentence, isCandorError, messageOn } from '../errors.js';
import { caseName, isImageName } from '../formats/file-names.js';
import type { ImageHeader } from '../formats/image.js';
import { readImageHeader } from '../formats/image-file.node.js';
import { bytesOf } from '../formats/voxels.js';
import { count } from '../math/vector.js';
import type { Case, Dataset } from './dataset.js';
import { type Finding, type FindingKind, someOf } from './finding.js';
import { gridMismatch } from './grid-match.js';
import { namesakes } from './list-pairs.node.js';

/** What is said of a file that cannot be used, by the tag of the reader's error and what it says of the file. */
export function unusableFile(
  c: Case,
  what: 'image' | 'label',
  { tag, message }: { readonly tag: string; readonly message: string },
): Finding {
  const file = what === 'image' ? c.image : c.label;
  const kinds: Readonly<Record<string, FindingKind>> = {
    GeometryError: 'bad-affine',
    UnsupportedError: `unsupported-${what}`,
  };
  return {
    ...{ severity: 'error', kind: kinds[tag] ?? `unreadable-${what}`, case: c.name, file },
    message: `the ${what} cannot be used: ${message}`,
    advice: 'Mend or replace the file, or take the case out.',
  };
}

/** A case's header findings, and the headers that could be read. */
export interface CheckedHeaders {
  readonly image: ImageHeader | null;
  readonly label: ImageHeader | null;
  /** Most bytes that reading the voxels takes at a time. */
  readonly bytes: number;
  readonly findings: Finding[];
}

/** Missing, foreign and damaged files; image and label on different grids. */
export async function checkHeaders(c: Case): Promise<CheckedHeaders> {
  const findings: Finding[] = [];
  const read = async (file: string, what: 'image' | 'label'): Promise<ImageHeader | null> => {
    try {
      await access(file);
    } catch {
      findings.push({
        ...{ severity: 'error', kind: `missing-${what}`, case: c.name, file },
        message: `the ${what} is missing.`,
        advice: await adviceOnMissing(file),
      });
      return null;
    }
    try {
      return await readImageHeader(file);
    } catch (error) {
      if (!isCandorError(error)) throw error;
      findings.push(unusableFile(c, what, { tag: error.tag, message: messageOn(file, error) }));
      return null;
    }
  };
  const image = await read(c.image, 'image');
  if (c.label === null)
    findings.push({
      ...{ severity: 'error', kind: 'image-without-label', case: c.name, file: c.image },
      message: 'the image has no label.',
      advice: 'Add it to labelsTr/ or move the image to imagesTs/.',
    });
  const label = c.label === null ? null : await read(c.label, 'label');
  const mismatch = image && label && gridMismatch(image.grid, label.grid);
  if (mismatch)
    findings.push({
      severity: mismatch.grave ? 'error' : 'warning',
      kind: mismatch.of === 'shape' ? 'shape-mismatch' : 'affine-mismatch',
      ...{ case: c.name, file: c.label, message: `${mismatch.message}.` },
      advice: guessedAdvice(image, label) ?? asSentence(mismatch.remedy),
    });
  if (image && label) findings.push(...labelRemarks(c, image, label));
  return { image, label, bytes: Math.max(0, ...[image, label].map((h) => (h ? bytesToRead(h) : 0))), findings };
}

async function adviceOnMissing(file: string): Promise<string> {
  const near = await namesakes(file);
  return near.length === 0
    ? 'Add the file or take the case out of dataset.json.'
    : `Its folder has ${someOf(near)}: name the file in dataset.json as it is, or rename it.`;
}

/** Inflated bytes and float32 values; compressed bytes are fewer. */
function bytesToRead({ grid, type }: ImageHeader): number {
  return count(grid.size) * (2 * bytesOf(type) + 4);
}

/** What to do where only one of the two headers says how the image lies: voxels that match already must not be moved. */
function guessedAdvice(image: ImageHeader, label: ImageHeader): string | undefined {
  const isGuessed = ({ remarks }: ImageHeader) => remarks.some(({ kind }) => kind === 'no-orientation');
  if (isGuessed(image) === isGuessed(label)) return undefined;
  const [guessed, sure] = isGuessed(label) ? ['label', 'image'] : ['image', 'label'];
  return `The ${guessed}'s header does not say how it lies: if the label was drawn on this image, copy the ${sure}'s geometry into it; do not resample.`;
}

/** Labels whose header says two things, where their image's does not say the same. */
function labelRemarks(c: Case, image: ImageHeader, label: ImageHeader): Finding[] {
  return label.remarks
    .filter(({ kind, text }) => kind === 'header-disagrees' && !image.remarks.some((one) => one.text === text))
    .map(({ kind, text, advice }) => ({
      ...{ severity: 'warning', kind, case: c.name, file: c.label, message: `${text}.`, advice: `${advice}.` },
    }));
}

/** Files that lie in the folders but belong to no case: often a name that was meant to match. */
export async function checkUnused(dataset: Dataset): Promise<Finding[]> {
  const used = new Set(dataset.cases.flatMap((c) => [c.image, c.label]));
  const findings: Finding[] = [];
  for (const part of ['imagesTr', 'labelsTr']) {
    const folder = join(dataset.folder, part);
    // The folder may be absent in the Decathlon's layout, which lists its files; missing ones are found case by case.
    const files = await readdir(folder).catch(() => []);
    for (const file of files.sort()) {
      if (!isImageName(file) || used.has(join(folder, file))) continue;
      const [, name, channel] = /^(.*)_(\d{4})$/.exec(caseName(file)) ?? [];
      const otherChannel = part === 'imagesTr' && Number(channel) > 0 && used.has(nameOfFirst(folder, file, name));
      findings.push({
        severity: 'warning',
        kind: part === 'imagesTr' ? 'unused-image' : 'label-without-image',
        ...{ case: null, file: join(folder, file), message: 'the file belongs to no case and will not be used.' },
        advice: otherChannel
          ? `Nothing to do: by nnU-Net's names it is channel ${Number(channel)} of ${name}, and one channel is taken.`
          : dataset.layout === 'decathlon'
            ? 'List it under "training" or remove it.'
            : 'Rename or remove it: nnU-Net pairs imagesTr/CASE_0000.nii.gz with labelsTr/CASE.nii.gz.',
      });
    }
  }
  return findings;
}

function nameOfFirst(folder: string, file: string, name: string): string {
  return join(folder, `${name}_0000${file.slice(caseName(file).length)}`);
}
