/** From results of single images to the figures of `summary.json`: accuracy, calibration, detection, and what was left out. */
import { type BinSums, errorsOfBins, mergeBins } from '../calibration/reliability.js';
import { median } from '../math/statistics.js';
import { defaultAlpha } from '../ood/alpha.js';
import type { CaseResult, Evaluation } from './case-result.js';
import { createEstimate, type Estimate, groupOfCase, meanOver } from './figures.js';
import { collectNotes } from './notes.js';
import { summariseDetectors, summariseFalseAlarms } from './summarise-ood.js';
import { summariseEstimatedDice, summariseRanking } from './summarise-ranking.js';
import { summariseConfusions, summariseForeground, summariseStructures } from './summarise-structures.js';
import type { CalibrationSummary, Summary, TaskSummary } from './summary.js';

export interface SummariseOptions {
  /** Bound on false alarms that the verdicts were given for. */
  readonly alpha?: number;
  readonly seed?: number;
  /** Bootstrap resamples. */
  readonly resamples?: number;
  /** Each task's mean Dice on its calibration images: the baseline of the estimated Dice. */
  readonly calibrationDice?: Readonly<Record<string, number>>;
  /** Tolerance of the normalised surface Dice in mm, to be stated beside it. */
  readonly nsdToleranceMm?: number;
}

/** False alarms are counted at these and at the evaluation's own alpha. */
const usualAlphas = [defaultAlpha, 0.1];

/**
 * Summarise an evaluation. Figures are means over cases with 95 % bootstrap intervals over groups; a seed fixes them.
 * Cases with an empty prediction stay in (Dice 0); what a figure cannot cover is missing from its n and said in `notes`.
 */
export function summarise(evaluation: Evaluation, options: SummariseOptions = {}): Summary {
  const { model, cases, oodImages = [], failed = [], placeholderSpacing = [] } = evaluation;
  const { alpha = defaultAlpha, seed = 0, resamples = 1000, calibrationDice = {}, nsdToleranceMm = null } = options;
  const estimate = createEstimate({ seed, resamples });
  const tasks = [...new Set([...cases, ...failed].map((c) => c.task))];
  const alphas = [...new Set([...usualAlphas, alpha])].sort((a, b) => a - b);
  const falseAlarms = summariseFalseAlarms(cases, alphas);
  return {
    model,
    settings: {
      alpha,
      bins: cases[0]?.calibration.after.bins.count.length ?? null,
      nsdToleranceMm,
      resamples,
      seed,
      placeholderSpacing: tasks.filter((task) => placeholderSpacing.includes(task)),
    },
    tasks: Object.fromEntries(
      tasks.map((task) => [
        task,
        summariseTask(
          cases.filter((c) => c.task === task),
          failed.filter((c) => c.task === task).length,
          estimate,
        ),
      ]),
    ),
    ood: {
      default: [...cases, ...oodImages].find((c) => c.verdict)?.verdict?.ood.detector ?? '',
      detectors: summariseDetectors(cases, oodImages, { estimate, alpha }),
      falseAlarms,
    },
    failureRanking: summariseRanking(cases, estimate),
    estimatedDice: summariseEstimatedDice(cases, calibrationDice, estimate),
    foreground: summariseForeground(cases, oodImages, estimate),
    notes: [...collectNotes({ ...evaluation, tasks, alphas, falseAlarms }), ...(evaluation.notes ?? [])],
  };
}

function summariseTask(cases: readonly CaseResult[], failed: number, estimate: Estimate): TaskSummary {
  const figure = (value: (c: CaseResult) => number | null) => meanOver(estimate, cases, value);
  const merged = (when: 'before' | 'after', bins: 'bins' | 'regionBins') =>
    mergeBins(cases.map((c) => c.calibration[when][bins]));
  return {
    n: cases.length,
    failed,
    dice: figure((c) => c.dice),
    hd95Mm: figure((c) => c.hd95Mm),
    assdMm: figure((c) => c.assdMm),
    nsd: figure((c) => c.nsd),
    volumeErrorMl: figure((c) => c.predictedMl - c.referenceMl),
    structures: summariseStructures(cases, estimate),
    confusions: summariseConfusions(cases),
    calibration: {
      before: summariseCalibration(cases, 'before', estimate),
      after: summariseCalibration(cases, 'after', estimate),
    },
    temperature: cases.length > 0 ? median(cases.map((c) => c.temperature)) : null,
    reliability: {
      before: { all: merged('before', 'bins'), region: merged('before', 'regionBins') },
      after: { all: merged('after', 'bins'), region: merged('after', 'regionBins') },
    },
  };
}

function summariseCalibration(
  cases: readonly CaseResult[],
  when: 'before' | 'after',
  estimate: Estimate,
): CalibrationSummary {
  const figure = (where: 'all' | 'region', measure: 'ece' | 'ace' | 'mce' | 'nll' | 'brier') =>
    meanOver(estimate, cases, (c) => c.calibration[when][where][measure]);
  const pooledEce = (bins: (c: CaseResult) => BinSums) =>
    estimate(cases, groupOfCase, (drawn) => errorsOfBins(mergeBins(drawn.map(bins))).ece);
  return {
    ece: figure('all', 'ece'),
    eceRoi: figure('region', 'ece'),
    ace: figure('all', 'ace'),
    aceRoi: figure('region', 'ace'),
    mce: figure('all', 'mce'),
    mceRoi: figure('region', 'mce'),
    nll: figure('all', 'nll'),
    nllRoi: figure('region', 'nll'),
    brier: figure('all', 'brier'),
    brierRoi: figure('region', 'brier'),
    pooledEce: pooledEce((c) => c.calibration[when].bins),
    pooledEceRoi: pooledEce((c) => c.calibration[when].regionBins),
  };
}
