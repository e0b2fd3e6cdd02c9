/**
 * What one evaluated image leaves behind: plain numbers that the summary, the CSV file and the report are made from.
 * A labelled case is compared with its reference; an image of an OOD set has none and is only judged.
 */
import type { BinSums, CalibrationErrors } from '../calibration/reliability.js';
import type { ForegroundByTask } from '../inference/foreground.js';
import type { Vec3 } from '../math/vector.js';
import type { Confusion, StructureMeasures } from '../metrics/structures.js';
import type { Verdict } from '../ood/verdict.js';
import type { Picture } from './picture.js';

/** Errors of foreground probability over the voxels of one case; null where a region has no voxel. */
export type CalibrationFigures = Omit<CalibrationErrors, 'n'>;

/** Calibration of one case, over all voxels and over the region: (reference or prediction) dilated by 3 voxels. */
export interface CaseCalibration {
  readonly all: CalibrationFigures;
  readonly region: CalibrationFigures;
  /** Bins over all voxels. */
  readonly bins: BinSums;
  readonly regionBins: BinSums;
}

/** A labelled test case, compared with its reference. */
export interface CaseResult {
  readonly task: string;
  readonly case: string;
  /** Cases of one group (a patient, a source scan) are kept together when intervals are made. */
  readonly group: string;
  readonly split: 'test';
  /** Of all structures joined, those aside that were not annotated. */
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
  /** Of a task of several structures, each by itself, and which of them are taken for others. */
  readonly structures?: readonly StructureMeasures[];
  readonly confusions?: readonly Confusion[];
  /** What would be foreground under each task's name. */
  readonly foreground: ForegroundByTask;
  readonly calibration: { readonly before: CaseCalibration; readonly after: CaseCalibration };
  readonly temperature: number;
  /** The Dice that the model expects without seeing the reference; null where the prediction is empty. */
  readonly estimatedDice: number | null;
  readonly verdict: Verdict;
  /** OOD score by detector, higher is further from the training images; may be Infinity. */
  readonly scores: Readonly<Record<string, number>>;
  /** The p-value that each detector would give under the verdict's rule; the verdict's own detector is known anyway. */
  readonly pValues?: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** NaN and infinite voxels of the image, which the model saw as the smallest finite value; absent means none. */
  readonly invalidVoxels?: number;
  readonly picture?: Picture;
}

/** An image that has no reference, from a set that the model is not meant for. */
export interface OodResult {
  readonly set: string;
  readonly case: string;
  /** File name. */
  readonly image: string;
  /**
   * Images of one source stay together in intervals; an image is its own group where this is absent.
   * A changed copy of a test case is tied to its original by `<task>/<group>`.
   */
  readonly group?: string;
  /** Null where the image could not be run. */
  readonly verdict: Verdict | null;
  /** What would be foreground under each task's name; absent where the image could not be run. */
  readonly foreground?: ForegroundByTask;
  readonly scores: Readonly<Record<string, number>>;
  readonly pValues?: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** As of a labelled case. */
  readonly invalidVoxels?: number;
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

export interface ModelReference {
  readonly name: string;
  readonly sha256: string;
}

/** Everything that an evaluation has seen. */
export interface Evaluation {
  readonly model: ModelReference;
  readonly cases: readonly CaseResult[];
  /** Images of sets that the model is not meant for. */
  readonly oodImages?: readonly OodResult[];
  /** Labelled cases that could not be evaluated. */
  readonly failed?: readonly FailedCase[];
  /** Tasks whose spacing is made up, so that their figures in mm and ml mean nothing. */
  readonly placeholderSpacing?: readonly string[];
  /** What the caller left out and why, one sentence each (a 4D file that was skipped). */
  readonly notes?: readonly string[];
}
