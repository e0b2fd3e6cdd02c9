/** What the figures of a summary do not cover, and why: one sentence each, for the report's readers. */
import type { Dataset } from '../datasets/dataset.js';
import type { StoredModel } from '../model/model.js';
import type { CaseResult, Evaluation } from './case-result.js';
import type { FalseAlarms } from './summary.js';

interface Context extends Evaluation {
  readonly tasks: readonly string[];
  readonly alphas: readonly number[];
  readonly falseAlarms: readonly FalseAlarms[];
}

/** Sentences about the data sets and the tasks of a model that were evaluated. */
export function notesOnData(
  model: { readonly tasks: readonly Pick<StoredModel['tasks'][number], 'name' | 'calibration'>[] },
  datasets: readonly Pick<Dataset, 'name' | 'splitSource'>[],
): string[] {
  const evaluated = new Set(datasets.map(({ name }) => name));
  return [
    ...datasets
      .filter(({ splitSource }) => splitSource === 'seeded')
      .map(({ name }) => `${name}: dataset.json names no split; the seeded one of the training run was used.`),
    ...model.tasks
      .filter(({ name, calibration }) => evaluated.has(name) && calibration.keepLargest)
      .map(
        ({ name }) =>
          `${name}: of each mask only the largest connected component is kept, which gave the higher mean Dice on the ` +
          'calibration cases.',
      ),
  ];
}

/** Sentences about everything that was left out of a figure. */
export function collectNotes(context: Context): string[] {
  return [...aboutFailures(context), ...aboutAccuracy(context), ...aboutVerdicts(context)];
}

function aboutFailures({ cases, failed = [], oodImages = [], tasks }: Context): string[] {
  const notes = failed.map((c) => `${c.task}: ${c.case} could not be evaluated (${c.error.message})`);
  for (const task of tasks) {
    const missing = failed.filter((c) => c.task === task).length;
    const dice = cases.filter((c) => c.task === task).reduce((sum, c) => sum + c.dice, 0);
    const n = cases.filter((c) => c.task === task).length;
    if (missing > 0) {
      const mean = (dice / (n + missing)).toFixed(3);
      notes.push(
        `${task}: ${missing} of ${n + missing} cases failed; counted as Dice 0 the mean Dice would be ${mean}.`,
      );
    }
  }
  for (const c of oodImages) {
    if (c.error) notes.push(`${c.set}: ${c.image} could not be run (${c.error.message}) and is in no figure.`);
  }
  return notes;
}

function aboutAccuracy({ cases, tasks, placeholderSpacing = [] }: Context): string[] {
  return tasks.flatMap((task) => {
    const own = cases.filter((c) => c.task === task);
    const notes: string[] = [];
    if (placeholderSpacing.includes(task)) {
      notes.push(
        `${task}: its data set says that the voxel spacing is a placeholder, so that its distances in mm, its NSD and its ` +
          'volumes in ml mean nothing. Dice and calibration do not depend on it.',
      );
    }
    const emptyReference = own.filter((c) => c.referenceMl === 0);
    if (emptyReference.length > 0) {
      notes.push(
        `${task}: the reference is empty in ${emptyReference.length} of ${own.length} cases (${names(emptyReference)}); ` +
          'by policy Dice and NSD are then 1 if the prediction is empty too, else 0.',
      );
    }
    const emptyPrediction = own.filter((c) => c.predictedMl === 0 && c.referenceMl > 0);
    if (emptyPrediction.length > 0) {
      notes.push(
        `${task}: the prediction is empty though the reference is not in ${emptyPrediction.length} of ${own.length} cases ` +
          `(${names(emptyPrediction)}); Dice and NSD are then 0.`,
      );
    }
    const invalid = own.filter((c) => c.invalidVoxels);
    if (invalid.length > 0) {
      notes.push(
        `${task}: ${invalid.length} of ${own.length} images hold NaN or infinite voxels (${names(invalid)}), which the ` +
          'model saw as the smallest finite value; these cases are in all figures.',
      );
    }
    const noDistance = own.filter((c) => c.hd95Mm === null || c.assdMm === null).length;
    if (noDistance > 0) {
      notes.push(
        `${task}: distances in mm are undefined for ${noDistance} of ${own.length} cases, since one of the two masks ` +
          'is empty; these cases are missing from HD95 and ASSD and count as 0 in Dice and NSD.',
      );
    }
    const bothEmpty = own.filter((c) => c.referenceMl === 0 && c.predictedMl === 0).length;
    if (bothEmpty > 0) {
      notes.push(
        `${task}: in ${bothEmpty} of ${own.length} cases reference and prediction are both empty, which counts as ` +
          'agreement (Dice 1, NSD 1, distances 0).',
      );
    }
    const noEstimate = own.filter((c) => c.estimatedDice === null).length;
    if (noEstimate > 0) {
      notes.push(
        `${task}: ${noEstimate} of ${own.length} cases have no estimated Dice, since their prediction is empty or their ` +
          "verdict is not “in distribution”; they are missing from the estimate's error, and the failure ranking takes " +
          'them for the worst.',
      );
    }
    const noRegion = own.filter((c) => c.calibration.after.region.ece === null).length;
    if (noRegion > 0) {
      notes.push(
        `${task}: ${noRegion} of ${own.length} cases have no voxel near the organ, since both masks are empty; they are ` +
          'missing from the calibration figures near the organ.',
      );
    }
    if (own.length > 0 && new Set(own.map((c) => c.group)).size < 2) {
      notes.push(`${task}: all test cases belong to one group, so that no interval can be given.`);
    }
    return notes;
  });
}

/** Names of cases, the first few where there are many. */
function names(cases: readonly CaseResult[]): string {
  const shown = cases.slice(0, 10).map((c) => c.case);
  return cases.length > shown.length ? `${shown.join(', ')} and ${cases.length - shown.length} more` : shown.join(', ');
}

function aboutVerdicts({ cases, oodImages = [], alphas, falseAlarms }: Context): string[] {
  const notes: string[] = [];
  const verdicts = [...cases, ...oodImages].flatMap((c) => (c.verdict ? [c.verdict] : []));
  const undetermined = verdicts.filter((v) => v.verdict === 'undetermined');
  if (undetermined.length > 0) {
    const smallest = Math.max(...undetermined.map((v) => v.ood.guarantee.minimumAlpha));
    notes.push(
      `${undetermined.length} of ${verdicts.length} verdicts are undetermined: the calibration images support no ` +
        `alpha below ${smallest.toPrecision(2)}. Undetermined images count as not detected.`,
    );
  }
  if (verdicts.some((v) => v.ood.guarantee.kind === 'pooled')) {
    const { alpha, perTask } = verdicts.find((v) => v.ood.guarantee.kind === 'pooled')!.ood;
    const few = Object.entries(perTask).filter(([, { n }]) => n + 1 < 1 / alpha - 1e-9);
    const names = few.map(([task, { n }]) => `${task} (${n})`).join(', ');
    notes.push(
      `Too few calibration images for a guarantee of their own at alpha ${alpha}: ${names}. The bound on false alarms ` +
        'holds for the mixture of tasks in the calibration sets, not for each task.',
    );
  }
  for (const alpha of alphas) {
    if (cases.length > 0 && !falseAlarms.some((row) => row.alpha === alpha)) {
      notes.push(`False alarms at alpha ${alpha} are not given: the verdicts at hand do not decide them.`);
    }
  }
  return notes;
}
