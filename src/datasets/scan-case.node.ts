/**
 * Reads the voxels of one case and keeps only what the check wants to know: a few numbers and a hash, which are cheap
 * to send from another process.
 */
import { createHash } from 'node:crypto';
import { isCandorError } from '../errors.js';
import { readImage } from '../formats/image-file.node.js';
import type { Volume } from '../volume/volume.js';
import type { Case } from './dataset.js';

/** More distinct values than any label image has: what goes beyond is not kept one by one. */
const MOST_VALUES = 1000;

/** Why a file could not be read: the error's tag and message, as a check reports it. */
export interface Unreadable {
  readonly tag: string;
  readonly message: string;
}

export interface ImageScan {
  /** SHA-256 of the values as float32, whatever the file's compression, type and byte order. */
  readonly hash: string;
  readonly notFinite: number;
  /** Of the finite values; infinite where there are none. */
  readonly minimum: number;
  readonly maximum: number;
}

export interface LabelScan {
  /** Distinct values, the first thousand; NaN is one. */
  readonly values: readonly number[];
}

export interface CaseScan {
  readonly image: ImageScan | Unreadable;
  /** Null where the case has no label. */
  readonly label: LabelScan | Unreadable | null;
}

/**
 * Read and reduce one case; bad files are part of the result.
 * @param whenRead gets image and label of a case whose files both can be read, so that more is learned by the same read
 */
export async function scanCase(
  { image, label }: Pick<Case, 'image' | 'label'>,
  whenRead?: (image: Volume, label: Volume) => void,
): Promise<CaseScan> {
  const read: Volume[] = [];
  const keep = (volume: Volume) => {
    // Else one after the other, so that a process holds one image at a time.
    if (whenRead) read.push(volume);
    return volume.data;
  };
  const imageScan = await scanFile(image, (volume) => scanImage(keep(volume)));
  const labelScan = label === null ? null : await scanFile(label, (volume) => scanLabel(keep(volume)));
  if (read.length === 2) whenRead?.(read[0], read[1]);
  return { image: imageScan, label: labelScan };
}

async function scanFile<T>(file: string, scan: (volume: Volume) => T): Promise<T | Unreadable> {
  try {
    return scan((await readImage(file)).volume);
  } catch (error) {
    if (!isCandorError(error)) throw error;
    return { tag: error.tag, message: error.message };
  }
}

function scanImage(data: Float32Array): ImageScan {
  let notFinite = 0;
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    // x - x is 0 for every finite x and NaN for the others.
    if (value - value !== 0) notFinite++;
    else {
      if (value < minimum) minimum = value;
      if (value > maximum) maximum = value;
    }
  }
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { hash: createHash('sha256').update(bytes).digest('hex'), notFinite, minimum, maximum };
}

function scanLabel(data: Float32Array): LabelScan {
  const values = new Set<number>();
  let last = Number.NaN;
  for (let i = 0; i < data.length; i++) {
    const stored = data[i];
    // Neighbours are mostly alike.
    if (stored === last) continue;
    last = stored;
    // Float noise of scaled label images is forgiven, true fractions are not.
    const nearest = Math.round(stored);
    if (values.size < MOST_VALUES) values.add(Math.abs(stored - nearest) < 1e-3 ? nearest : stored);
  }
  return { values: [...values].sort((a, b) => a - b) };
}
