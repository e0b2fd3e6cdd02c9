/** What `predict` says of images: the contents of `CASE.json` and of its `summary.json`. */
import type { FoundStructure } from '../inference/predictor.js';
import type { Verdict } from '../ood/verdict.js';
import type { Device } from '../runtime/session.js';
import type { PredictSettings } from './predict-settings.js';

/** A model by name and contents. */
interface ModelReference {
  readonly name: string;
  readonly sha256: string;
}

/** What results come from. */
export interface ResultSource {
  /** The model that judges. */
  readonly model: ModelReference;
  /** Of an ensemble: all models that segment, the one that judges first. */
  readonly members?: readonly ModelReference[];
  /** Where probabilities are means over passes with dropout. */
  readonly mcDropout?: { readonly passes: number; readonly seed: number };
}

/** What `CASE.json` says of one image. */
export interface PredictedCase extends ResultSource {
  readonly case: string;
  /** File name. */
  readonly image: string;
  /** Of the image's file; of one in two files, of both, the header's first. */
  readonly imageSha256: string;
  readonly settings: PredictSettings;
  readonly verdict: Verdict['verdict'];
  readonly ood: Verdict['ood'];
  readonly task: string;
  readonly temperature: number;
  /** Whether the mask is only the largest connected component of what was found. */
  readonly keepLargest: boolean;
  /** Null where the image was judged by its grid alone and not run. */
  readonly foregroundVoxels: number | null;
  readonly volumeMl: number | null;
  readonly estimatedDice: number | null;
  /** Of a task of several structures, what was found of each; absent where there is one, or nothing was segmented. */
  readonly structures?: readonly FoundStructure[];
  readonly spacing: readonly number[];
  /** Where the network ran. */
  readonly device: Device;
  /** Names of the files written beside this one; null where none was. */
  readonly files: {
    readonly mask: string | null;
    readonly probabilities: string | null;
    readonly oodMap: string | null;
  };
  /** NaN and infinite voxels of the image. */
  readonly notFiniteVoxels: number;
  /** What else a user should know of the image, a sentence each, such as sides that its header leaves open. */
  readonly remarks: readonly string[];
  readonly seconds: number;
}

/** An image of a batch that could not be predicted, and why. */
export interface FailedImage {
  readonly case: string;
  readonly image: string;
  readonly error: { readonly tag: string; readonly message: string };
}

/** Which cases a part did, of which run. */
export interface Part {
  readonly id: number;
  readonly of: number;
  /** SHA-256 over the names of all parts' cases, the models and the settings: parts of other runs are told by it. */
  readonly run: string;
}

/** All cases of a call, failures included: what `predict` returns and writes as `summary.json`. */
export interface PredictSummary extends ResultSource {
  /** Of a part of a job array. */
  readonly part?: Part;
  readonly alpha: number;
  readonly settings: PredictSettings;
  /** Where the network ran in this call; cases that an earlier one completed say so themselves. */
  readonly device: Device;
  readonly cases: readonly (PredictedCase | FailedImage)[];
}
