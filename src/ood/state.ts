/**
 * What a model knows about its own training images, learned once after training: banks, fitted detectors and the
 * distances of the calibration images.
 */
import { UsageError } from '../errors.js';
import type { Calibration, ImageDistances } from './conformal.js';
import type { Detector, Distances } from './detector.js';
import { type DetectorName, detectorNames, detectors } from './detectors.js';
import { type BankFeatures, type Features, type FeaturesByTask, HISTOGRAM_BINS, type Layer } from './features.js';

/** The most float64 values that fitted covariances may take (256 MB). */
const MAXIMUM_COVARIANCE_VALUES = 2 ** 25;

/** Fewest images a bank can be fitted from. */
export const MINIMUM_BANK = 2;

/** A task's name and the images it is recognised by. Values are exactly float32, so that saving loses nothing. */
export interface OodTask {
  readonly name: string;
  readonly bank: readonly BankFeatures[];
}

export interface FittedDetector {
  readonly detector: Detector<DetectorName>;
  /** Distances of an image from a task's bank, unrounded. */
  readonly distance: (features: Features, task: number) => ArrayLike<number>;
  /** Distances of the calibration images, by own task. */
  readonly calibration: Calibration;
}

export interface OodState {
  /** Encoder to decoder. */
  readonly layers: readonly Layer[];
  /** The detector whose verdicts are given unless another is asked for. */
  readonly detector: DetectorName;
  readonly tasks: readonly OodTask[];
  /** Whether signatures take in windows in which all voxels are alike; those of new images must be taken likewise. */
  readonly constantWindows: ConstantWindows;
  readonly detectors: ReadonlyMap<DetectorName, FittedDetector>;
}

/** Models of version 0.1 ran them. */
export type ConstantWindows = 'run' | 'skipped';

/** Material of one task. The bank is of training cases; no calibration case was in training, or the bound is void. */
export interface TaskMaterial {
  readonly name: string;
  /** At least two images, run under this task's plan. */
  readonly bank: readonly BankFeatures[];
  /** Any number of images, each run under every task's plan; null where it lies outside, or has nothing in it. */
  readonly calibration: readonly FeaturesByTask[];
}

export interface FitOodOptions {
  readonly layers: readonly Layer[];
  readonly tasks: readonly TaskMaterial[];
  /** Default: soft-maximum. */
  readonly detector?: DetectorName;
}

/**
 * Fit all detectors on the banks and measure the calibration images.
 * A calibration image that lies outside its own plan counts as infinitely far, as a new one does.
 * @throws UsageError where features do not fit the layers, a bank has fewer than two images, or the run of a bank image,
 * or of a calibration image under its own plan, is not finite
 */
export function fitOod({ layers, tasks, detector = 'soft-maximum' }: FitOodOptions): OodState {
  const banks = tasks.map(({ name, bank }) => ({
    name,
    bank: bank.map((image, i) => roundFeatures(layers, image, `task '${name}', bank image ${i + 1}`)),
  }));
  const state = assemble(layers, detector, banks, detectorNames);
  const measured = new Map<DetectorName, FittedDetector>();
  for (const [name, fitted] of state.detectors) {
    const calibration = tasks.map((task, own) =>
      task.calibration.map((image, i) => {
        const distances = measure(state, fitted, image);
        if (image[task.name] && !distances[own].every(Number.isFinite))
          throw new UsageError({
            file: `task '${task.name}', calibration image ${i + 1}`,
            expected: `a finite run under its own plan (${name})`,
          });
        return distances;
      }),
    );
    measured.set(name, { ...fitted, calibration });
  }
  return { ...state, detectors: measured };
}

/** Fit the named detectors on banks; calibration images are still to come. */
export function assemble(
  layers: readonly Layer[],
  detector: DetectorName,
  tasks: readonly OodTask[],
  names: readonly DetectorName[],
  constantWindows: ConstantWindows = 'skipped',
): OodState {
  if (layers.length === 0 || tasks.length === 0)
    throw new UsageError({ file: 'out-of-distribution state', problem: 'no layer or no task' });
  if (new Set(tasks.map(({ name }) => name)).size !== tasks.length)
    throw new UsageError({ file: 'out-of-distribution state', problem: 'two tasks have the same name' });
  for (const { name, bank } of tasks)
    if (bank.length < MINIMUM_BANK)
      throw new UsageError({
        file: `task '${name}'`,
        expected: `at least ${MINIMUM_BANK} bank images`,
        found: `${bank.length}`,
      });
  const values = tasks.length * layers.reduce((sum, { channels }) => sum + channels ** 2, 0);
  if (values > MAXIMUM_COVARIANCE_VALUES)
    throw new UsageError({
      file: `covariances of ${tasks.length} tasks`,
      expected: `at most ${MAXIMUM_COVARIANCE_VALUES} values`,
      found: `${values}`,
    });
  const banks = tasks.map(({ bank }) => bank);
  const fitted = names.map((name): [DetectorName, FittedDetector] => [
    name,
    { detector: detectors[name], distance: detectors[name].fit(banks), calibration: tasks.map(() => []) },
  ]);
  return { layers, detector, tasks, constantWindows, detectors: new Map(fitted) };
}

/** A fitted detector by name. @throws UsageError where the state has none of that name */
export function detectorOf(state: OodState, name: DetectorName): FittedDetector {
  const fitted = state.detectors.get(name);
  if (!fitted)
    throw new UsageError({
      problem: `this model has no detector '${name}'`,
      expected: `one of ${[...state.detectors.keys()].join(', ')}`,
    });
  return fitted;
}

/**
 * Distances of an image under each task, rounded to float32 as the stored calibration distances are; +Infinity where
 * it was not run or where a distance is not a number.
 * @throws UsageError on a task the state does not know, or features of another network
 */
export function measure(state: OodState, fitted: FittedDetector, features: FeaturesByTask): ImageDistances {
  for (const name of Object.keys(features))
    if (!state.tasks.some((task) => task.name === name))
      throw new UsageError({ problem: `features of unknown task '${name}'` });
  const components = fitted.detector.components(state.layers.length);
  return state.tasks.map(({ name }, task): Distances => {
    const run = Object.hasOwn(features, name) ? features[name] : null;
    if (!run) return new Float64Array(components).fill(Number.POSITIVE_INFINITY);
    checkShape(state.layers, run, `task '${name}'`);
    return Float64Array.from(fitted.distance(run, task), (d) =>
      Number.isFinite(d) ? Math.fround(d) : Number.POSITIVE_INFINITY,
    );
  });
}

function checkShape(layers: readonly Layer[], { spectra, histogram }: BankFeatures, what: string): void {
  const expected = layers.map(({ channels }) => channels).join(',');
  const found = spectra.map(({ length }) => length).join(',');
  if (expected !== found)
    throw new UsageError({ file: `features, ${what}`, expected: `spectra of ${expected}`, found });
  if (histogram.length !== HISTOGRAM_BINS)
    throw new UsageError({
      file: `features, ${what}`,
      expected: `${HISTOGRAM_BINS} histogram bins`,
      found: `${histogram.length}`,
    });
}

function roundFeatures(layers: readonly Layer[], features: BankFeatures, what: string): BankFeatures {
  checkShape(layers, features, what);
  const round = (values: Float64Array): Float64Array => {
    if (!values.every(Number.isFinite)) throw new UsageError({ file: `features, ${what}`, expected: 'finite values' });
    return values.map(Math.fround);
  };
  return { spectra: features.spectra.map(round), histogram: round(features.histogram) };
}
