/** The formats of images, each a folder beside this file and a row here; everything about endings comes from these rows. */
import type { ImageFormat } from './format.js';
import { metaImage } from './metaimage/metaimage.js';
import { nifti } from './nifti/nifti.js';
import { nrrd } from './nrrd/nrrd.js';

export const formats: readonly ImageFormat[] = [nifti, nrrd, metaImage];

/** The longest of some endings that a name has, the case of letters aside; null for none. */
export function endingOf(fileName: string, endings: readonly string[]): string | null {
  const name = fileName.toLowerCase();
  const found = endings.filter((ending) => name.endsWith(ending));
  return found.reduce<string | null>((longest, one) => (one.length > (longest?.length ?? 0) ? one : longest), null);
}

/** The format that a name says; null for one that says none. */
export function formatByName(fileName: string): ImageFormat | null {
  return formats.find(({ endings, voxelEndings }) => endingOf(fileName, [...endings, ...voxelEndings])) ?? null;
}

/**
 * The format of a file: as its name says, else as its first bytes do. A file that is neither is taken for NIfTI, whose
 * reader sees into gzip and says what was found instead.
 */
export function formatOfFile(fileName: string, start: Uint8Array): ImageFormat {
  return formatByName(fileName) ?? formats.find((format) => format.recognises(start)) ?? nifti;
}
