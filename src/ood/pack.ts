/**
 * The out-of-distribution state as it travels in a model file: a small JSON part and float32 arrays. Means and
 * covariances are not kept: fitting them again from the bank takes milliseconds and cannot disagree with it.
 */
import { z } from 'zod';
import { clauseOf, isCandorError, ModelFormatError } from '../errors.js';
import type { Calibration } from './conformal.js';
import { type DetectorName, detectorNames, detectors } from './detectors.js';
import { HISTOGRAM_BINS } from './features.js';
import { assemble, type FittedDetector, type OodState, type OodTask } from './state.js';

const count = z.number().int().nonnegative().max(1_000_000);

export const oodSchema = z.strictObject({
  /** The default detector. */
  detector: z.enum(detectorNames),
  /** Detectors with calibration distances in the file. */
  detectors: z.array(z.enum(detectorNames)).min(1),
  /** Encoder to decoder. */
  layers: z
    .array(z.strictObject({ name: z.string(), channels: z.number().int().min(1).max(1024) }))
    .min(1)
    .max(100),
  histogramBins: z.literal(HISTOGRAM_BINS),
  /** Absent in files of version 0.1. */
  constantWindows: z.enum(['run', 'skipped']).default('run'),
  /** With the number of images in the bank and the calibration set. */
  tasks: z
    .array(z.strictObject({ name: z.string(), bank: count, calibration: count }))
    .min(1)
    .max(1000),
});

export type OodJson = z.infer<typeof oodSchema>;

/** `json` validates against {@link oodSchema}; arrays, tasks in order, image by image:
 * - `bank` [images, sum of channels]: log spectra, layers one after another
 * - `bankHistograms` [images, bins]
 * - `calibrationDistances.<detector>` [calibration images, tasks, components]: +Infinity where not run under a task
 */
export interface PackedOod {
  readonly json: OodJson;
  readonly arrays: Readonly<Record<string, Float32Array>>;
}

/** Pack a state for a model file; `unpackOod` gives back one that judges bit for bit alike. */
export function packOod(state: OodState): PackedOod {
  const fitted = [...state.detectors];
  const bank = state.tasks.flatMap((task) => task.bank);
  const json: OodJson = {
    detector: state.detector,
    detectors: fitted.map(([name]) => name),
    layers: state.layers.map(({ name, channels }) => ({ name, channels })),
    histogramBins: HISTOGRAM_BINS,
    constantWindows: state.constantWindows,
    tasks: state.tasks.map((task, i) => ({
      name: task.name,
      bank: task.bank.length,
      calibration: fitted[0][1].calibration[i].length,
    })),
  };
  const arrays: Record<string, Float32Array> = {
    bank: concatenate(bank.flatMap((image) => image.spectra)),
    bankHistograms: concatenate(bank.map((image) => image.histogram)),
  };
  for (const [name, { calibration }] of fitted) arrays[distancesName(name)] = concatenate(calibration.flat(2));
  return { json, arrays };
}

/**
 * Read a packed state back.
 * @throws ModelFormatError naming the entry that is missing, of a wrong length, or not finite where it must be
 */
export function unpackOod(json: unknown, arrays: Readonly<Record<string, Float32Array>>): OodState {
  const parsed = oodSchema.safeParse(json);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    throw new ModelFormatError({
      file: 'out-of-distribution state',
      problem: `${path.join('.') || 'JSON'}: ${message}`,
    });
  }
  const { detector, layers, tasks, detectors: names, constantWindows } = parsed.data;
  if (!names.includes(detector) || new Set(names).size !== names.length)
    throw new ModelFormatError({
      file: 'out-of-distribution state',
      problem: `detector '${detector}' and list [${names}] do not agree`,
    });
  const channels = layers.reduce((sum, layer) => sum + layer.channels, 0);
  const bankImages = tasks.reduce((sum, task) => sum + task.bank, 0);
  const calibrationImages = tasks.reduce((sum, task) => sum + task.calibration, 0);

  const spectra = reader(arrays, 'bank', bankImages * channels, Number.isFinite);
  const histograms = reader(arrays, 'bankHistograms', bankImages * HISTOGRAM_BINS, (v) => v >= 0 && v <= 1);
  const banks: OodTask[] = tasks.map(({ name, bank }) => ({
    name,
    bank: Array.from({ length: bank }, () => ({
      spectra: layers.map((layer) => spectra(layer.channels)),
      histogram: histograms(HISTOGRAM_BINS),
    })),
  }));

  const state = assembleOrRefuse(layers, detector, banks, names, constantWindows);
  const complete = names.map((name): [DetectorName, FittedDetector] => {
    const components = detectors[name].components(layers.length);
    const length = calibrationImages * tasks.length * components;
    const read = reader(arrays, distancesName(name), length, (v) => v > Number.NEGATIVE_INFINITY);
    const calibration: Calibration = tasks.map((task) =>
      Array.from({ length: task.calibration }, () => tasks.map(() => read(components))),
    );
    return [name, { ...state.detectors.get(name)!, calibration }];
  });
  return { ...state, detectors: new Map(complete) };
}

function assembleOrRefuse(...parameters: Parameters<typeof assemble>): OodState {
  try {
    return assemble(...parameters);
  } catch (error) {
    if (!isCandorError(error)) throw error;
    throw new ModelFormatError({ problem: clauseOf(error), remedy: error.remedy, cause: error });
  }
}

function distancesName(name: DetectorName): string {
  return `calibrationDistances.${name}`;
}

/** A function that hands out an array's values piece by piece, after checking its length and every value. */
function reader(
  arrays: Readonly<Record<string, Float32Array>>,
  name: string,
  length: number,
  valid: (value: number) => boolean,
): (count: number) => Float64Array {
  const array = Object.hasOwn(arrays, name) ? arrays[name] : undefined;
  if (array?.length !== length)
    throw new ModelFormatError({
      file: `array '${name}'`,
      expected: `${length} values`,
      found: `${array?.length ?? 'none'}`,
    });
  const bad = array.findIndex((value) => !valid(value));
  if (bad >= 0)
    throw new ModelFormatError({ file: `array '${name}'`, problem: `unexpected value ${array[bad]} at index ${bad}` });
  let offset = 0;
  return (count) => {
    offset += count;
    return Float64Array.from(array.subarray(offset - count, offset));
  };
}

function concatenate(parts: readonly Float64Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
