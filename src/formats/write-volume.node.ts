/** Writes results on the grid of the image they belong to, in the format that the file's name asks for. */
import { isCandorError, OutputError, UsageError } from '../errors.js';
import { writeFileAtomic } from '../files/atomic.node.js';
import { gzipParts } from '../files/gzip.node.js';
import { formatOf } from './file-names.js';
import { encodeItkImage, itkFormatOf } from './itk/itk-image.node.js';
import { type LabelNames, metaImageFields, slicerFields } from './label-names.js';
import type { ImageHeader } from './nifti/nifti.js';
import { checkVoxelCount, floatParts, maskParts } from './nifti/write.js';

/**
 * Write a mask (uint8) with the image's geometry: `.nii.gz` (intent 1002, the image's own geometry bytes), `.nrrd`
 * (with the fields of a Slicer segmentation, which is named `.seg.nrrd`) or `.mha`, by the path's ending.
 * @param names of label values, carried in the file
 * @throws {OutputError} if it cannot be written; {UsageError} for another ending
 */
export async function writeMask(
  path: string,
  mask: Uint8Array,
  header: ImageHeader,
  names: LabelNames = {},
): Promise<void> {
  const fields = () =>
    itkFormatOf(path) === 'nrrd' ? slicerFields(mask, header.grid.size, names) : metaImageFields(names);
  await write(path, mask, header, fields, () => maskParts(mask, header, names));
}

/** Write foreground probabilities (float32) with the image's geometry; formats and errors as {@link writeMask}. */
export async function writeProbabilities(path: string, probability: Float32Array, header: ImageHeader): Promise<void> {
  await writeMap(path, probability, header, 'foreground probability');
}

/** Write an OOD map (float32) with the image's geometry; formats and errors as {@link writeMask}. */
export async function writeOodMap(path: string, map: Float32Array, header: ImageHeader): Promise<void> {
  await writeMap(path, map, header, 'strangeness relative to the rest of the scan, no p-value');
}

function writeMap(path: string, values: Float32Array, header: ImageHeader, description: string): Promise<void> {
  const fields = () => new Map([['Description', description]]);
  return write(path, values, header, fields, () => floatParts(values, header, description));
}

async function write(
  path: string,
  data: Uint8Array | Float32Array,
  header: ImageHeader,
  fields: () => ReadonlyMap<string, string>,
  niftiParts: () => Uint8Array[],
): Promise<void> {
  if (!/\.(nii\.gz|nrrd|mha)$/.test(path)) {
    throw new UsageError(`${path}: expected a result to end in .nii.gz, .nrrd or .mha.`);
  }
  if (formatOf(path) === 'nii.gz') {
    await writeFileAtomic(path, await gzipParts(niftiParts()));
    return;
  }
  checkVoxelCount(data.length, header);
  const format = itkFormatOf(path)!;
  let bytes: Uint8Array;
  try {
    bytes = await encodeItkImage(data, header.grid, format, fields());
  } catch (error) {
    if (!isCandorError(error)) throw error;
    throw new OutputError(`${path}: ${error.message}`, { cause: error });
  }
  await writeFileAtomic(path, bytes);
}
