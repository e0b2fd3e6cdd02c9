/**
 * Candor as a library: what the verbs of the command line do, as functions, and a model to use in one's own program.
 *
 * @example
 * import { openModel, readImage, writeMask } from 'candor';
 * const model = await openModel('model.onnx');
 * const image = await readImage('scan.nii.gz');
 * const { mask, verdict, task, volumeMl } = await model.predict(image.volume);
 * if (verdict.verdict === 'in-distribution') await writeMask('mask.nii.gz', mask, image.header);
 * await model.release();
 */

export type { Finding, FindingKind, Severity } from './datasets/finding.js';
export * from './errors.js';
export type { Summary } from './evaluation/summary.js';
export type { Prediction, Predictor, PredictVolumeOptions } from './inference/predictor.js';
export { check } from './jobs/check.node.js';
export { type CheckReport, checkReportSchema } from './jobs/check-report.js';
export { type DemoOptions, type DemoResult, demo } from './jobs/demo.node.js';
export { type EvaluateResult, evaluate } from './jobs/evaluate.node.js';
export { inspect } from './jobs/inspect.node.js';
export type { ModelCard } from './jobs/model-card.js';
export { openModel } from './jobs/open-model.node.js';
export { plan } from './jobs/plan.node.js';
export { predict } from './jobs/predict.node.js';
export type { FailedImage, PredictedCase, PredictSummary } from './jobs/predicted-case.js';
export { train } from './jobs/train.node.js';
export type {
  CheckOptions,
  EvaluateOptions,
  JobOptions,
  PlanResult,
  PredictOptions,
  Progress,
  TrainOptions,
  TrainResult,
} from './jobs/types.js';
export { version } from './jobs/version.node.js';
export { writeMask, writeOodMap, writeProbabilities } from './jobs/write-volume.node.js';
export type { Model, StoredModel } from './model/model.js';
export type { Verdict } from './ood/verdict.js';
export { readImage } from './volume/image-file.node.js';
export type { Image, ImageHeader } from './volume/nifti.js';
export type { Grid, Mask, Volume } from './volume/volume.js';
