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

export { type CheckReport, checkReportSchema } from './datasets/check-report.js';
export type { Finding, FindingKind, Severity } from './datasets/finding.js';
export {
  CancelledError,
  CandorError,
  DatasetError,
  EmptyImageError,
  EngineError,
  type ErrorTag,
  type Fault,
  GeometryError,
  GraphError,
  ImageFormatError,
  isCandorError,
  ModelFormatError,
  OutputError,
  PlanError,
  RunError,
  UnsupportedError,
  UsageError,
} from './errors.js';
export type { Summary } from './evaluation/summary.js';
export type { AffineSource, FormatName, HeaderRemark, Image, ImageHeader } from './formats/image.js';
export { type OpenedImage, openImage, readImage } from './formats/image-file.node.js';
export { writeMask, writeOodMap, writeProbabilities } from './formats/write-volume.node.js';
export { openModel } from './inference/open-model.node.js';
export type { Prediction, Predictor, PredictVolumeOptions } from './inference/predictor.js';
export type { JobOptions, Progress } from './job-options.js';
export { type CheckOptions, check } from './jobs/check.node.js';
export { type DemoOptions, type DemoResult, demo } from './jobs/demo.node.js';
export { type EvaluateOptions, type EvaluateResult, evaluate } from './jobs/evaluate.node.js';
export { inspect } from './jobs/inspect.node.js';
export { type PlanResult, plan } from './jobs/plan.node.js';
export { type PredictOptions, predict } from './jobs/predict.node.js';
export { train } from './jobs/train.node.js';
export type { Model, StoredModel } from './model/model.js';
export type { ModelCard } from './model/model-card.js';
export type { Verdict } from './ood/verdict.js';
export type { FailedImage, PredictedCase, PredictSummary } from './results/predicted-case.js';
export type { TrainOptions, TrainResult } from './training/train-options.js';
export { version } from './version.node.js';
export type { Grid, Mask, Volume } from './volume/volume.js';
