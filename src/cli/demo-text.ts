/** The demonstration's story, told to someone who sees the program for the first time. */
import type { Summary } from '../evaluation/summary.js';
import type { Verdict } from '../ood/verdict.js';
import type { TrainResult } from '../training/train-options.js';
import { summaryText } from './summary-text.js';
import { durationText, fixed, listText, plainText, plural } from './text.js';
import { verdictSentence } from './verdict-text.js';

/** What the story is told from: the parts of the demonstration's result that it mentions. */
export interface Story {
  readonly phantoms: boolean;
  readonly tasks: readonly {
    readonly name: string;
    readonly modality: string;
    readonly cases: { readonly train: number; readonly calibration: number; readonly test: number };
  }[];
  readonly oodSets: readonly string[];
  readonly training: Pick<TrainResult, 'model' | 'steps' | 'trainingSeconds'>;
  readonly summary: Summary;
  readonly report: string;
  readonly predictions: string;
  readonly examples: readonly DemoExample[];
}

interface DemoExample {
  readonly image: string;
  readonly set: string;
  readonly ood: boolean;
  readonly result:
    | (Verdict & { readonly volumeMl: number | null; readonly estimatedDice: number | null })
    | { readonly error: { readonly message: string } };
  readonly dice: number | null;
}

/** Said before the work begins. */
export function demoIntroduction(output: string, data?: string): string {
  return data === undefined
    ? 'Candor learns three organs at once from digital phantoms, then meets scans of kinds it has never seen.\n' +
        `This takes a few minutes; everything it makes goes to ${plainText(output)}/.`
    : `Candor learns the tasks in ${plainText(data)} at once, then meets images of kinds it has never seen.\n` +
        `Everything it makes goes to ${plainText(output)}/.`;
}

/** Told when the work is done. */
export function demoText(story: Story): string {
  const { training, summary, examples, report, predictions } = story;
  return [
    section(
      'Learned',
      learned(story),
      `${plural(training.steps, 'step')} in ${durationText(training.trainingSeconds)} -> ${training.model}`,
    ),
    section('Measured', 'on cases that it has not seen'),
    summaryText(summary, { indent: '  ' }),
    section('Met', `one image of each kind; masks are in ${predictions}`),
    ...examples.map(exampleText),
    section('Report', report),
    section('Next', `candor inspect ${training.model}`, 'candor train <your data sets> -o model.onnx'),
  ].join('\n\n');
}

/** A word in the margin, and what it is about. */
function section(title: string, ...lines: readonly string[]): string {
  return lines.map((line, i) => (i === 0 ? title : '').padEnd(10) + line).join('\n');
}

function learned({ tasks, oodSets }: Story): string {
  const names = tasks.map(({ name, modality }) => `${plainText(name)} (${plainText(modality)})`);
  const unseen = oodSets.length === 0 ? '' : `; never shown: ${listText(oodSets.map(plainText))}`;
  return `${listText(names)}, one network${unseen}`;
}

function exampleText({ image, set, ood, result, dice }: DemoExample): string {
  const title = `  ${ood ? 'Of an OOD set, a' : 'A new'} ${plainText(set)} scan: ${plainText(image)}`;
  if ('error' in result) return `${title}\n    ${plainText(result.error.message)}`;
  const lines = [title, `    ${verdictSentence(result)}`];
  if (result.estimatedDice !== null) {
    const truth = dice === null ? '' : ` (in truth ${fixed(dice, 2)})`;
    lines.push(
      `    ${fixed(result.volumeMl, 1)} ml segmented; expected Dice ${fixed(result.estimatedDice, 2)}${truth}.`,
    );
  }
  return lines.join('\n');
}
