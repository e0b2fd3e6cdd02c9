/** The shape of an evaluation's `summary.json`: every figure with its 95 % interval and the number it rests on. */
import type { ReliabilityBins } from '../calibration/reliability.js';

/**
 * A mean and its 95 % bootstrap interval over groups. `n` is the number of images behind the figure;
 * all three numbers are null where there is none.
 */
export interface Interval {
  readonly mean: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly n: number;
}

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
  readonly calibration: { readonly before: CalibrationSummary; readonly after: CalibrationSummary };
  readonly temperature: number;
  readonly reliability: {
    readonly before: { readonly all: ReliabilityBins; readonly region: ReliabilityBins };
    readonly after: { readonly all: ReliabilityBins; readonly region: ReliabilityBins };
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

export interface ModelReference {
  readonly name: string;
  readonly sha256: string;
}

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
  /** What was left out and why, one sentence each. */
  readonly notes: readonly string[];
}

/** The choices behind the figures, stated wherever they are printed. */
export interface SummarySettings {
  readonly alpha: number;
  readonly bins: number;
  /** Normalised surface Dice: tolerance in mm; null where it was not stated. */
  readonly nsdToleranceMm: number | null;
  readonly resamples: number;
  readonly seed: number;
}
