/** The shape of an evaluation's `summary.json`: every figure with its 95 % interval and the number it rests on. */
import type { BinSums } from '../calibration/reliability.js';
import type { Interval } from '../math/bootstrap.js';
import type { ModelReference } from './case-result.js';
import type { ConfusionSummary, ForegroundSummary, StructureSummary } from './summarise-structures.js';

/** Means over cases, over all voxels and (`Roi`) over the region around the organ, and the errors of pooled voxels. */
export interface CalibrationSummary {
  readonly ece: Interval;
  readonly eceRoi: Interval;
  readonly ace: Interval;
  readonly aceRoi: Interval;
  readonly mce: Interval;
  readonly mceRoi: Interval;
  readonly nll: Interval;
  readonly nllRoi: Interval;
  readonly brier: Interval;
  readonly brierRoi: Interval;
  /** From the bins of all cases merged, as the reliability diagrams show them. */
  readonly pooledEce: Interval;
  readonly pooledEceRoi: Interval;
}

export interface TaskSummary {
  /** Cases compared with their references. */
  readonly n: number;
  /** Cases that could not be evaluated. */
  readonly failed: number;
  readonly dice: Interval;
  readonly hd95Mm: Interval;
  readonly assdMm: Interval;
  readonly nsd: Interval;
  /** Predicted minus reference volume, in ml. */
  readonly volumeErrorMl: Interval;
  /** Of a task of several structures, each by itself, by name. */
  readonly structures: Readonly<Record<string, StructureSummary>>;
  readonly confusions: readonly ConfusionSummary[];
  readonly calibration: { readonly before: CalibrationSummary; readonly after: CalibrationSummary };
  /** The median of the temperatures that the cases were given: the task's, unless images were taken for other tasks. */
  readonly temperature: number | null;
  /** Bins of all cases merged. */
  readonly reliability: {
    readonly before: { readonly all: BinSums; readonly region: BinSums };
    readonly after: { readonly all: BinSums; readonly region: BinSums };
  };
}

/** How well one detector tells one set (the positives) from the test cases of all tasks (the negatives). */
export interface DetectorSummary {
  /** Images of the set. */
  readonly n: number;
  /** Test cases they are told from. */
  readonly familiar: number;
  readonly auroc: Interval;
  readonly aupr: Interval;
  readonly fpr95: Interval;
  /** Share of the set flagged at the evaluation's alpha; null for a detector that has no calibrated threshold. */
  readonly detectedAtAlpha: number | null;
}

export interface FalseAlarms {
  readonly alpha: number;
  readonly task: string;
  readonly n: number;
  readonly alarms: number;
  /** Beta-binomial 95 % range of alarms for images like the calibration images; null where it cannot be stated. */
  readonly expectedRange: readonly [number, number] | null;
}

/** How well a score ranks the cases of one task by 1 - Dice. */
export interface RankingSummary {
  readonly excessAurc: Interval;
  readonly spearman: Interval;
}

export interface EstimatedDiceSummary {
  readonly meanAbsoluteError: Interval;
  /** The error of always saying the task's mean Dice on its calibration images. */
  readonly baseline: Interval;
}

/** All figures of an evaluation: what `evaluate` returns and writes as `summary.json`. */
export interface Summary {
  readonly model: ModelReference;
  readonly settings: SummarySettings;
  readonly tasks: Readonly<Record<string, TaskSummary>>;
  readonly ood: {
    readonly default: string;
    /** Detector -> set, or `all` -> figures. */
    readonly detectors: Readonly<Record<string, Readonly<Record<string, DetectorSummary>>>>;
    readonly falseAlarms: readonly FalseAlarms[];
  };
  /** Score -> task, or `all` (the mean of the tasks' figures) -> figures. */
  readonly failureRanking: Readonly<Record<string, Readonly<Record<string, RankingSummary>>>>;
  /** Task, or `all` -> figures. */
  readonly estimatedDice: Readonly<Record<string, EstimatedDiceSummary>>;
  /** Foreground of every set under every task's name: beside a task's own, all of it is false. */
  readonly foreground: readonly ForegroundSummary[];
  /** What was left out and why, one sentence each. */
  readonly notes: readonly string[];
}

/** The choices behind the figures, stated wherever they are printed. */
export interface SummarySettings {
  readonly alpha: number;
  /** Equal-width bins over the foreground probability; null without cases. */
  readonly bins: number | null;
  /** Normalised surface Dice: tolerance in mm; null where it was not stated. */
  readonly nsdToleranceMm: number | null;
  readonly resamples: number;
  readonly seed: number;
  /** Tasks whose spacing is made up: their distances, NSD and volumes mean nothing. */
  readonly placeholderSpacing: readonly string[];
}
