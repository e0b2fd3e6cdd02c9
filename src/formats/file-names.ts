/** What the endings of image files mean: which files are images, what their cases are called, in what form results go. */

const imageEnding = /(\.seg)?\.(nrrd|nhdr)$|\.(nii(\.gz)?|hdr(\.gz)?|mha|mhd)$/i;
/** The half of a NIfTI pair that holds the voxels: readable by name, not listed, so that a pair counts once. */
const pairVoxels = /\.img(\.gz)?$/i;

/** Endings of images that a data set or a folder may hold, for messages. */
export const imageEndings = '.nii, .nii.gz, .hdr (with .img), .nrrd, .nhdr, .mha or .mhd';

/** True for the name of an image; of images in two files, only the one with the header counts. */
export function isImageName(fileName: string): boolean {
  return imageEnding.test(fileName) && !fileName.startsWith('.');
}

/** True for a Slicer segmentation, which lies beside its image but is none to be segmented. */
export function isSegmentationName(fileName: string): boolean {
  return /\.seg\.(nrrd|nhdr)$/i.test(fileName);
}

/** The name of a case: its image's or label's file name without the ending. */
export function caseName(fileName: string): string {
  return fileName.replace(imageEnding, '').replace(pairVoxels, '');
}

/** Formats that masks and maps are written in. */
export const outputFormats = ['nii.gz', 'nrrd', 'mha'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** The format of results for an image: its own, in one compressed file. */
export function formatOf(fileName: string): OutputFormat {
  if (/\.(nrrd|nhdr)$/i.test(fileName)) return 'nrrd';
  return /\.(mha|mhd)$/i.test(fileName) ? 'mha' : 'nii.gz';
}

/** Ending of a mask's file: Slicer knows a segmentation by `.seg.nrrd`. */
export function maskEnding(format: OutputFormat): string {
  return format === 'nrrd' ? 'seg.nrrd' : format;
}
