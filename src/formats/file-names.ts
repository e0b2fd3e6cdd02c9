/** What the endings of image files mean: which files are images, what their cases are called, in what form results go. */
import { type OutputFormat, outputFormats } from './format.js';
import { endingOf, formatByName, formats } from './registry.js';

export { type OutputFormat, outputFormats };

const listed = formats.flatMap(({ endings }) => endings);
const opened = [...listed, ...formats.flatMap(({ voxelEndings }) => voxelEndings)];

/** Endings of images that a data set or a folder may hold, for messages. */
export const imageEndings = '.nii, .nii.gz, .hdr (with .img), .nrrd, .nhdr, .mha or .mhd';

/** True for the name of an image; of images in two files, only the one with the header counts. */
export function isImageName(fileName: string): boolean {
  return endingOf(fileName, listed) !== null && !fileName.startsWith('.');
}

/** True for a Slicer segmentation, which lies beside its image but is none to be segmented. */
export function isSegmentationName(fileName: string): boolean {
  return /\.seg\.(nrrd|nhdr)$/i.test(fileName);
}

/** The name of a case: its image's or label's file name without the ending. */
export function caseName(fileName: string): string {
  const ending = endingOf(fileName, opened);
  return ending === null ? fileName : fileName.slice(0, -ending.length);
}

const outputFormatOf = (fileName: string) => formatByName(fileName) ?? formats[0];

/** The format of results for an image: its own, in one compressed file. */
export function formatOf(fileName: string): OutputFormat {
  return outputFormatOf(fileName).result.ending;
}

/** Ending of a mask's file: Slicer knows a segmentation by `.seg.nrrd`. */
export function maskEnding(format: OutputFormat): string {
  return outputFormatOf(`.${format}`).result.mask;
}
