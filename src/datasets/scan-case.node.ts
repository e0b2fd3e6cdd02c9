/**
 * Reads the voxels of one case and keeps only what the check wants to know: some numbers, which are cheap to send from
 * another process.
 */
import { isCandorError, messageOn } from '../errors.js';
import { readImage } from '../formats/image-file.node.js';
import type { Volume } from '../volume/volume.js';
import type { Case } from './dataset.js';
import type { ImageScan, LabelScan } from './scan.js';
import { scanImage } from './scan-image.js';
import { scanLabel } from './scan-label.node.js';

/** An image of fewer distinct values may be a label. */
const VALUES_OF_LABELS = 64;

/** Why a file could not be read: the error's tag and message, as a check reports it. */
export interface Unreadable {
  readonly tag: string;
  readonly message: string;
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
    return volume;
  };
  const imageScan = await scanFile(image, (volume) => scanWhole(keep(volume)));
  const labelScan = label === null ? null : await scanFile(label, (volume) => scanLabel(keep(volume).data));
  if (read.length === 2) whenRead?.(read[0], read[1]);
  return { image: imageScan, label: labelScan };
}

async function scanFile<T>(file: string, scan: (volume: Volume) => T): Promise<T | Unreadable> {
  try {
    return scan((await readImage(file)).volume);
  } catch (error) {
    if (!isCandorError(error)) throw error;
    return { tag: error.tag, message: messageOn(file, error) };
  }
}

function scanWhole(volume: Volume): ImageScan {
  return { ...scanImage(volume), asLabel: scanLabel(volume.data, VALUES_OF_LABELS) ?? null };
}
