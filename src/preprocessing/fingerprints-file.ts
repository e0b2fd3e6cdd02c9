/** `fingerprints.json`: what was measured over the training cases, from which the plans were derived. */
import { z } from 'zod';
import { quantile } from '../math/statistics.js';
import type { Vec3 } from '../math/vector.js';
import type { CaseFingerprint } from './fingerprint.js';

const number = z.number();
const triple = z.tuple([number, number, number]);
const triples = z.strictObject({ minimum: triple, median: triple, maximum: triple });
/** Null where nothing was there to measure. */
const percentiles = z.strictObject({ p0_5: number, p50: number, p99_5: number }).nullable();

export const fingerprintsSchema = z.strictObject({
  format: z.literal('candor-fingerprints/1'),
  meanings: z.record(z.string(), z.string()),
  tasks: z.record(
    z.string(),
    z.strictObject({
      n: z.number().int().positive(),
      size: triples,
      spacing: triples,
      foregroundIntensity: percentiles,
      foregroundVolumeMl: percentiles,
      cases: z.array(
        z.strictObject({
          name: z.string(),
          size: triple,
          spacing: triple,
          minimum: number.nullable(),
          foregroundIntensity: percentiles,
          foregroundVolumeMl: number,
          foregroundExtentMm: triple,
          foregroundChordMm: triple,
          classes: z.array(z.strictObject({ extentMm: triple, chordMm: triple })).optional(),
        }),
      ),
    }),
  ),
});
export type Fingerprints = z.infer<typeof fingerprintsSchema>;

const meanings = {
  n: 'training cases measured; calibration and test cases are not looked at',
  size: 'voxels along right, anterior, superior',
  spacing: 'mm, along the same axes',
  minimum: 'smallest finite intensity of the image, as stored; null where there is none',
  foregroundIntensity:
    'percentiles of the intensities in the foreground, as stored (no intensityOffset added), from at most 2,000 voxels a case; null without foreground',
  foregroundVolumeMl: 'volume of the foreground in millilitres; over a task: percentiles of its cases',
  foregroundExtentMm: 'sides of the box around the foreground',
  foregroundChordMm: 'mean length of the straight runs of foreground along each axis: how thick it is',
  classes: 'the same two of each structure, in their order, where there are several; 0 where it is not there',
};

export interface MeasuredTask {
  readonly name: string;
  /** One or more. */
  readonly cases: readonly { readonly name: string; readonly fingerprint: CaseFingerprint }[];
}

/** The file's content. */
export function summariseFingerprints(tasks: readonly MeasuredTask[]): Fingerprints {
  return {
    format: 'candor-fingerprints/1',
    meanings,
    tasks: Object.fromEntries(tasks.map((task) => [task.name, summarise(task)])),
  };
}

function summarise({ cases }: MeasuredTask): Fingerprints['tasks'][string] {
  const prints = cases.map(({ fingerprint }) => fingerprint);
  return {
    n: cases.length,
    size: rangeOf(prints.map(({ size }) => size)),
    spacing: rangeOf(prints.map(({ spacing }) => spacing)),
    foregroundIntensity: percentilesOf(prints.flatMap(({ foregroundIntensities }) => [...foregroundIntensities])),
    foregroundVolumeMl: percentilesOf(prints.map(({ foregroundVolumeMl }) => foregroundVolumeMl)),
    cases: cases.map(({ name, fingerprint: f }) => ({
      name,
      size: [...f.size],
      spacing: [...f.spacing],
      minimum: Number.isFinite(f.minimum) ? f.minimum : null,
      foregroundIntensity: percentilesOf([...f.foregroundIntensities]),
      foregroundVolumeMl: f.foregroundVolumeMl,
      foregroundExtentMm: [...f.foregroundExtentMm],
      foregroundChordMm: [...f.foregroundChordMm],
      ...(f.classes && {
        classes: f.classes.map((one) => ({ extentMm: [...one.extentMm], chordMm: [...one.chordMm] })),
      }),
    })),
  };
}

function percentilesOf(values: readonly number[]): z.infer<typeof percentiles> {
  if (values.length === 0) return null;
  const [p0_5, p50, p99_5] = [0.005, 0.5, 0.995].map((q) => quantile(values, q));
  return { p0_5, p50, p99_5 };
}

function rangeOf(values: readonly Vec3[]): z.infer<typeof triples> {
  const at = (q: number): [number, number, number] => {
    const [x, y, z] = [0, 1, 2].map((axis) =>
      quantile(
        values.map((v) => v[axis]),
        q,
      ),
    );
    return [x, y, z];
  };
  return { minimum: at(0), median: at(0.5), maximum: at(1) };
}
