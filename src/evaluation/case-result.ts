/**
 * What one evaluated image leaves behind: plain numbers that the summary, the CSV file and the report are made from.
 * A labelled case is compared with its reference; an image of an unfamiliar set has none and is only judged.
 */
import type { ReliabilityBins } from '../calibration/reliability.js';
import type { Vec3 } from '../math/vector.js';
import type { Picture } from './picture.js';

/** Expected, average and maximum calibration error, negative log likelihood and Brier score of foreground probability. */
export interface CalibrationFigures {
  readonly ece: number;
  readonly ace: number;
  readonly mce: number;
  readonly nll: number;
  readonly brier: number;
}

/** Calibration of one case, over all voxels and over the region: (reference or prediction) dilated by 3 voxels. */
export interface CaseCalibration {
  readonly all: CalibrationFigures;
  readonly region: CalibrationFigures;
  /** Bins over all voxels. */
  readonly bins: ReliabilityBins;
  readonly regionBins: ReliabilityBins;
}

/** The judgement of an image, as `predict` writes it. */
export interface CaseVerdict {
  readonly verdict: 'in-distribution' | 'out-of-distribution' | 'undetermined';
  readonly ood: {
    readonly detector: string;
    readonly score: number;
    /** Null where no rule could be applied. */
    readonly pValue: number | null;
    readonly alpha: number;
    readonly nearestTask: string;
    readonly guarantee: {
      readonly kind: 'per-task' | 'pooled';
      /** Calibration images behind it. */
      readonly n: number;
      readonly minimumAlpha: number;
      readonly holds: boolean;
    };
    readonly perTask: Readonly<
      Record<string, { readonly score: number; readonly pValue: number; readonly n: number }>
    >;
  };
}

/** A labelled test case, compared with its reference. */
export interface CaseResult {
  readonly task: string;
  readonly case: string;
  /** Cases of one group (a patient, a source scan) are kept together when intervals are made. */
  readonly group: string;
  readonly split: 'test';
  readonly dice: number;
  /** 95th percentile Hausdorff distance in mm; null where exactly one of the masks is empty. */
  readonly hd95Mm: number | null;
  /** Average symmetric surface distance in mm; null where exactly one of the masks is empty. */
  readonly assdMm: number | null;
  /** Normalised surface Dice at the evaluation's tolerance. */
  readonly nsd: number;
  readonly referenceMl: number;
  readonly predictedMl: number;
  readonly spacing: Vec3;
  readonly calibration: { readonly before: CaseCalibration; readonly after: CaseCalibration };
  readonly temperature: number;
  /** The Dice that the model expects without seeing the reference; null where the prediction is empty. */
  readonly estimatedDice: number | null;
  readonly verdict: CaseVerdict;
  /** Strangeness by detector, higher is stranger; may be Infinity. */
  readonly scores: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly picture?: Picture;
}

/** An image that has no reference, from a set that the model is not meant for. */
export interface UnlabelledResult {
  readonly set: string;
  readonly case: string;
  /** File name. */
  readonly image: string;
  /** Images of one source stay together in intervals; an image is its own group where this is absent. */
  readonly group?: string;
  /** Null where the image could not be run. */
  readonly verdict: CaseVerdict | null;
  readonly scores: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly error?: CaseError;
}

/** A labelled case that could not be evaluated. It is counted and named, never dropped. */
export interface FailedCase {
  readonly task: string;
  readonly case: string;
  readonly error: CaseError;
}

export interface CaseError {
  readonly tag: string;
  readonly message: string;
}
