/** What an earlier call of `predict` left, for `--continue`: taken only where this call would leave the same. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { imageHash } from '../datasets/data-hash.node.js';
import type { InputImage } from '../datasets/list-images.node.js';
import { readPlainText } from '../files/read.node.js';
import { changedSettings, type PredictSettings } from './predict-settings.js';
import type { PredictedCase, ResultSource } from './predicted-case.js';
import { isRefused, namesFor, type ResultChoices } from './result-names.js';

/** A `CASE.json` of an earlier call, in bytes; a thousand tasks take a tenth. */
const MAXIMUM_RESULT = 2 ** 22;

/**
 * The result of an earlier call, if these models completed the case under the same settings, from an image of the same
 * contents, and left what this call would leave.
 * @param note is told why a case is done again
 */
export async function readDone(
  output: string,
  choices: ResultChoices,
  settings: PredictSettings,
  input: InputImage,
  resultSource: ResultSource,
  note: (text: string) => void,
): Promise<PredictedCase | undefined> {
  try {
    const done = JSON.parse(
      await readPlainText(path.join(output, `${input.case}.json`), MAXIMUM_RESULT),
    ) as PredictedCase;
    const changed = isSameSource(done, resultSource) ? [] : ['model'];
    if (done.settings) changed.push(...changedSettings(done.settings, settings));
    else changed.push('settings');
    if (changed.length > 0) {
      note(`images whose results an earlier call made with another ${changed.join(', ')} are done again.`);
      return undefined;
    }
    if (!(await hasLeft(done, output, choices, input))) return undefined;
    // Last, since it reads the whole image; that is still cheap beside a prediction.
    if (done.imageSha256 === (await imageHash(input.path))) return done;
    note('images whose contents have changed since an earlier call are done again.');
    return undefined;
  } catch {
    return undefined;
  }
}

/** Whether the files that this call would leave are there; throws, too, where one is not. */
async function hasLeft(
  { verdict, files, foregroundVoxels }: PredictedCase,
  output: string,
  choices: ResultChoices,
  input: InputImage,
): Promise<boolean> {
  const { mask, probabilities, oodMap } = files;
  if (isRefused(verdict, choices) || foregroundVoxels === null) return mask === null;
  // Results in another format are not those that this call would leave.
  if (mask !== namesFor(input, choices).mask) return false;
  const wanted: (string | null)[] = [mask];
  if (choices.saveProbabilities) wanted.push(probabilities);
  if (choices.saveOodMap) wanted.push(oodMap);
  // A name that is null fails as a file does that is gone.
  for (const file of wanted) await access(path.join(output, file!));
  return true;
}

function isSameSource(a: ResultSource, b: ResultSource): boolean {
  const text = ({ model, members }: ResultSource) => JSON.stringify([model, members]);
  return text(a) === text(b);
}
