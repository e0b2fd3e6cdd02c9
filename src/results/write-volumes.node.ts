/** The volumes of one predicted case: mask, probabilities and OOD map, or none where there is to be none. */
import path from 'node:path';
import type { InputImage } from '../datasets/list-images.node.js';
import { removeFile } from '../files/atomic.node.js';
import { outputFormats } from '../formats/file-names.js';
import type { ImageHeader } from '../formats/image.js';
import {
  writeMask,
  writeOodMap,
  writeProbabilities,
  writeStructureProbabilities,
} from '../formats/write-volume.node.js';
import type { Prediction } from '../inference/predictor.js';
import { writtenNames } from '../labels/label-space.js';
import { writtenMask } from '../labels/reference.js';
import type { PredictedCase } from './predicted-case.js';
import { isRefused, namesFor, type ResultChoices, volumeNames } from './result-names.js';

/**
 * Write what was asked for, on the grid of `header`; where the image was not run or is refused, take away what is there.
 * @returns the names of the files
 * @throws OutputError
 */
export async function writeVolumes(
  folder: string,
  input: InputImage,
  header: ImageHeader,
  prediction: Prediction,
  choices: ResultChoices,
): Promise<PredictedCase['files']> {
  const { segmented, verdict, labels, mask, oodMap } = prediction;
  if (!segmented || isRefused(verdict.verdict, choices)) {
    // An earlier call may have written them, in whichever format.
    for (const file of outputFormats.flatMap((format) => Object.values(volumeNames(input.case, format)))) {
      await removeFile(path.join(folder, file));
    }
    return { mask: null, probabilities: null, oodMap: null };
  }
  const names = namesFor(input, choices);
  await writeMask(path.join(folder, names.mask), writtenMask(labels, mask), header, writtenNames(labels));
  if (choices.saveProbabilities) {
    const file = path.join(folder, names.probabilities);
    const structures = labels.structures.map(({ name }) => name);
    if (structures.length === 1) await writeProbabilities(file, prediction.probability, header);
    else await writeStructureProbabilities(file, { names: structures, mapAt: prediction.probabilityOf }, header);
  }
  if (oodMap) await writeOodMap(path.join(folder, names.oodMap), oodMap, header);
  return {
    mask: names.mask,
    probabilities: choices.saveProbabilities ? names.probabilities : null,
    oodMap: oodMap ? names.oodMap : null,
  };
}
