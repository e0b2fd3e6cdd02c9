/** Writes results on the grid of the image they belong to, in the format that the file's name asks for. */
import { UsageError } from '../errors.js';
import { writeFileAtomic } from '../files/atomic.node.js';
import { deflateParts } from '../files/gzip.node.js';
import type { MapSeries, ResultKind, ResultValues } from './format.js';
import type { ImageHeader } from './image.js';
import type { LabelNames } from './label-names.js';
import { endingOf, formats } from './registry.js';

/** Of each of several structures: far finer than probabilities are calibrated. */
const PROBABILITY_STEPS = 2 ** 14;

/**
 * Write a mask (uint8) with the image's geometry: `.nii.gz` (intent 1002, the image's own geometry bytes), `.nrrd`
 * (with the fields of a Slicer segmentation, which is named `.seg.nrrd`) or `.mha`, by the path's ending.
 * @param names of label values, carried in the file
 * @throws {OutputError} if it cannot be written; {UsageError} for another ending
 * @example
 * const { volume, header } = await readImage('scan.nii.gz');
 * const mask = Uint8Array.from(volume.data, (value) => (value > 100 ? 1 : 0));
 * await writeMask('mask.nii.gz', mask, header, { 1: 'bright' });
 */
export async function writeMask(
  path: string,
  mask: Uint8Array,
  header: ImageHeader,
  names: LabelNames = {},
): Promise<void> {
  await write(path, mask, header, { kind: 'mask', names });
}

/**
 * Write foreground probabilities (float32) with the image's geometry; formats and errors as {@link writeMask}.
 * @param probability of one structure, in the voxel order of the image
 * @example
 * const model = await openModel('model.onnx');
 * const { volume, header } = await readImage('scan.nii.gz');
 * const { probability } = await model.predict(volume);
 * await writeProbabilities('scan_prob.nii.gz', probability, header);
 * await model.release();
 */
export async function writeProbabilities(path: string, probability: Float32Array, header: ImageHeader): Promise<void> {
  await write(path, probability, header, { kind: 'map', description: 'foreground probability' });
}

/**
 * Those of several structures, along a fourth axis in their order, rounded to steps of 2^-14: the noise below would
 * keep the file from being compressed. Formats and errors as {@link writeMask}.
 */
export async function writeStructureProbabilities(path: string, series: MapSeries, header: ImageHeader): Promise<void> {
  const { names, mapAt } = series;
  const description = `probability of ${names.join(', ')}`;
  await write(path, { names, mapAt: (s) => rounded(mapAt(s)) }, header, { kind: 'map', description });
}

/** In a copy: the giver may keep the array. */
function rounded(probability: Float32Array): Float32Array {
  return probability.map((p) => Math.round(p * PROBABILITY_STEPS) / PROBABILITY_STEPS);
}

/**
 * Write an OOD map (float32) with the image's geometry; formats and errors as {@link writeMask}.
 * @example
 * const model = await openModel('model.onnx');
 * const { volume, header } = await readImage('scan.nii.gz');
 * const { oodMap } = await model.predict(volume, { oodMap: true });
 * if (oodMap) await writeOodMap('scan_ood.nii.gz', oodMap, header);
 * await model.release();
 */
export async function writeOodMap(path: string, map: Float32Array, header: ImageHeader): Promise<void> {
  const description = 'strangeness relative to the rest of the scan, no p-value';
  await write(path, map, header, { kind: 'map', description });
}

async function write(path: string, values: ResultValues, header: ImageHeader, what: ResultKind): Promise<void> {
  const endings = formats.map(({ result }) => `.${result.ending}`);
  const format = formats.find(({ result }) => endingOf(path, [`.${result.ending}`]));
  if (!format) {
    const expected = `a result to end in ${endings.join(', ').replace(/, ([^,]*)$/, ' or $1')}`;
    throw new UsageError({ file: path, expected });
  }
  await writeFileAtomic(path, await format.write(values, header, what, deflateParts));
}
