/**
 * What a model file says of its tasks, computed again from the file alone by other means than the code that wrote it: its
 * own ONNX graph run by the engine directly, windows placed and blended here, eigenvalues, covariances and inverses by
 * ml-matrix. Only files, plans and the preparation of images (`src/preprocessing`) are shared.
 */
import { EigenvalueDecomposition, inverse, Matrix } from 'ml-matrix';
import * as ort from 'onnxruntime-node';
import type { Model } from '../../src/model/model.js';
import type { Plan } from '../../src/preprocessing/plan.js';
import { prepareImage, restoreValues } from '../../src/preprocessing/preprocess.js';
import type { Volume } from '../../src/volume/volume.js';

export type Triple = readonly [number, number, number];

/** One image under one plan. */
export interface Run {
  /** On the image's own grid. */
  readonly logits: Float32Array;
  /** On the plan's grid, with that grid's size. */
  readonly planned: { readonly logits: Float64Array; readonly size: Triple };
  /** Half the logarithms of the mean Gram matrices' eigenvalues, by layer, in descending order. */
  readonly spectra: readonly (readonly number[])[];
  /** Shares of 64 equal bins over [-4, 4]. */
  readonly histogram: readonly number[];
}

/** The network of a model file, as any program would open it. */
export interface OpenedFile {
  run(volume: Volume, plan: Plan): Promise<Run>;
  close(): Promise<void>;
}

export async function openFile(file: string, model: Model): Promise<OpenedFile> {
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const layers = model.ood.layers.map(({ name }) => name);
  return {
    run: (volume, plan) => runImage(session, layers, volume, plan),
    close: () => session.release(),
  };
}

async function runImage(
  session: ort.InferenceSession,
  layers: readonly string[],
  volume: Volume,
  plan: Plan,
): Promise<Run> {
  const prepared = prepareImage(volume, plan);
  const size = [...prepared.grid.size] as unknown as Triple;
  const sums = layers.map(() => ({ gram: new Float64Array(0), voxels: 0 }));
  const [weighted, weights] = [0, 1].map(() => new Float64Array(prepared.data.length));
  for (const origin of windowOrigins(size, plan.patch, plan.overlap)) {
    const window = new Float32Array(voxelsOf(plan.patch));
    forEachVoxel(plan.patch, (at, i) => {
      const from = indexIn(size, add(origin, at));
      window[i] = from < 0 ? prepared.minimum : prepared.data[from];
    });
    const [width, height, depth] = plan.patch;
    const results = await session.run({ image: new ort.Tensor('float32', window, [1, 1, depth, height, width]) });
    const logits = results.logits.data as Float32Array;
    forEachVoxel(plan.patch, (at, i) => {
      const to = indexIn(size, add(origin, at));
      if (to < 0) return;
      const weight = gaussianWeight(at, plan.patch);
      weighted[to] += weight * logits[i];
      weights[to] += weight;
    });
    layers.forEach((layer, l) => {
      const { data, dims } = results[`gram/${layer}`];
      const values = data as Float32Array;
      const square = dims[dims.length - 1] ** 2;
      const sum = sums[l].gram.length > 0 ? sums[l].gram : new Float64Array(square);
      values.forEach((value, i) => {
        sum[i % square] += value;
      });
      // A network of three stages sums over every voxel of a stage; each stage halves every side.
      const voxels = voxelsOf(plan.patch) / 8 ** Number(/\d+$/.exec(layer)![0]);
      sums[l] = { gram: sum, voxels: sums[l].voxels + voxels };
    });
  }
  const planned = weighted.map((value, i) => value / weights[i]);
  return {
    logits: restoreValues(Float32Array.from(planned), prepared),
    planned: { logits: planned, size },
    spectra: sums.map(({ gram, voxels }) => spectrum(gram, voxels)),
    histogram: histogramOf(prepared.data),
  };
}

/** Windows from border to border, as few as overlap by the share or more; a short axis has one, centred. */
export function windowOrigins(size: Triple, patch: Triple, overlap: number): Triple[] {
  const along = size.map((n, axis) => {
    if (n <= patch[axis]) return [Math.floor((n - patch[axis]) / 2)];
    let windows = 2;
    while ((n - patch[axis]) / (windows - 1) > patch[axis] * (1 - overlap) + 1e-9) windows++;
    return Array.from({ length: windows }, (_, i) => Math.round((i * (n - patch[axis])) / (windows - 1)));
  });
  return along[2].flatMap((z) => along[1].flatMap((y) => along[0].map((x): Triple => [x, y, z])));
}

function gaussianWeight(at: Triple, patch: Triple): number {
  const exponent = at.reduce((sum, p, axis) => sum + ((p - (patch[axis] - 1) / 2) / (patch[axis] / 8)) ** 2, 0);
  return Math.max(Math.exp(-exponent / 2), 1e-6);
}

function spectrum(gram: Float64Array, voxels: number): number[] {
  const channels = Math.sqrt(gram.length);
  const rows = Array.from({ length: channels }, (_, i) =>
    Array.from({ length: channels }, (_, j) => (gram[i * channels + j] + gram[j * channels + i]) / 2 / voxels),
  );
  const { realEigenvalues } = new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true });
  const values = [...realEigenvalues].sort((a, b) => b - a);
  return values.map((value) => Math.log(Math.max(value, 1e-6 * values[0])) / 2);
}

function histogramOf(values: Float32Array): number[] {
  const bins = new Array<number>(64).fill(0);
  for (const value of values) bins[Math.min(63, Math.max(0, Math.floor(8 * (value + 4))))] += 1 / values.length;
  return bins;
}

/** Temperature at which the mean over cases of the mean negative log likelihood is least, by golden sections of log T. */
export function bestTemperature(cases: readonly CalibrationCase[]): { temperature: number; nll(t: number): number } {
  const nll = (temperature: number) =>
    mean(
      cases.map(({ logits, reference, region }) => {
        const terms = indicesOf(region).map((i) =>
          Math.log1p(Math.exp((reference[i] ? -1 : 1) * (logits[i] / temperature))),
        );
        return mean(terms);
      }),
    );
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(0.05), Math.log(20)];
  while (high - low > 1e-7) {
    const [left, right] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (nll(Math.exp(left)) < nll(Math.exp(right))) high = right;
    else low = left;
  }
  return { temperature: Math.exp((low + high) / 2), nll };
}

export interface CalibrationCase {
  readonly logits: Float32Array;
  readonly reference: Uint8Array;
  readonly size: Triple;
  readonly mask: Uint8Array;
  /** Within three steps of prediction or reference. */
  readonly region: Uint8Array;
}

export function calibrationCase(logits: Float32Array, reference: Uint8Array, size: Triple): CalibrationCase {
  const mask = Uint8Array.from(logits, (z) => (z > 0 ? 1 : 0));
  const either = mask.map((value, i) => value | reference[i]);
  return { logits, reference, size, mask, region: near(either, size) };
}

/** Voxels at most three steps along the axes from one of the mask's. */
export function near(mask: Uint8Array, size: Triple): Uint8Array {
  const region = new Uint8Array(mask.length);
  for (const i of indicesOf(mask)) {
    const at = positionOf(size, i);
    for (let dz = -3; dz <= 3; dz++)
      for (let dy = Math.abs(dz) - 3; dy <= 3 - Math.abs(dz); dy++)
        for (let dx = Math.abs(dz) + Math.abs(dy) - 3; dx <= 3 - Math.abs(dz) - Math.abs(dy); dx++) {
          const to = indexIn(size, add(at, [dx, dy, dz]));
          if (to >= 0) region[to] = 1;
        }
  }
  return region;
}

/** Probabilities: divided by the temperature within three steps of the prediction, plain elsewhere. */
export function probabilities({ logits, mask, size }: CalibrationCase, temperature: number): number[] {
  const close = near(mask, size);
  return Array.from(logits, (z, i) => 1 / (1 + Math.exp(-(close[i] ? z / temperature : z))));
}

/** Expected calibration error over 15 equal bins, within the case's region. */
export function expectedCalibrationError(c: CalibrationCase, temperature: number): number {
  const p = probabilities(c, temperature);
  const inside = indicesOf(c.region);
  const bins = Array.from({ length: 15 }, (_, b) => inside.filter((i) => Math.min(14, Math.floor(15 * p[i])) === b));
  return bins.reduce((sum, members) => {
    const gap = members.reduce((total, i) => total + p[i] - c.reference[i], 0);
    return sum + Math.abs(gap) / inside.length;
  }, 0);
}

export function diceOf(a: Uint8Array, b: Uint8Array): number {
  const [both, sum] = [a.reduce((n, v, i) => n + (v & b[i]), 0), a.reduce((n, v, i) => n + v + b[i], 0)];
  return sum === 0 ? 1 : (2 * both) / sum;
}

/** Dice in expectation, within three steps of the mask; null for an empty one. */
export function expectedDice(c: CalibrationCase, mask: Uint8Array, temperature: number): number | null {
  const p = probabilities(c, temperature);
  const inside = indicesOf(near(mask, c.size));
  if (inside.length === 0) return null;
  const sum = (pick: (i: number) => number) => inside.reduce((total, i) => total + pick(i), 0);
  return (2 * sum((i) => p[i] * mask[i])) / (sum((i) => p[i]) + sum((i) => mask[i]));
}

/** The largest component of voxels that touch by a face, an edge or a corner. */
export function largestPart(mask: Uint8Array, size: Triple): Uint8Array {
  const seen = new Uint8Array(mask.length);
  let largest: number[] = [];
  for (const start of indicesOf(mask)) {
    if (seen[start]) continue;
    seen[start] = 1;
    const part = [start];
    for (let i = 0; i < part.length; i++) {
      const at = positionOf(size, part[i]);
      forEachVoxel([3, 3, 3], (step) => {
        const to = indexIn(size, add(at, [step[0] - 1, step[1] - 1, step[2] - 1]));
        if (to < 0 || seen[to] || !mask[to]) return;
        seen[to] = 1;
        part.push(to);
      });
    }
    if (part.length > largest.length) largest = part;
  }
  const kept = new Uint8Array(mask.length);
  for (const i of largest) kept[i] = 1;
  return kept;
}

/** Log Mahalanobis distance of each layer's spectrum from a bank of spectra, under its Ledoit-Wolf covariance. */
export function logDistances(spectra: Run['spectra'], bank: readonly Run['spectra'][]): number[] {
  return spectra.map((x, layer) => {
    const rows = new Matrix(bank.map((image) => [...image[layer]]));
    const [n, p] = [rows.rows, rows.columns];
    const centre = rows.mean('column');
    const centred = rows.clone().subRowVector(centre);
    const covariance = centred.transpose().mmul(centred).div(n);
    const scale = covariance.trace() / p;
    const away = Matrix.sub(covariance, Matrix.eye(p, p, scale));
    const delta = away.norm('frobenius') ** 2 / p;
    // Mean squared error of the covariance as an estimate: of each image's own outer product from it.
    const beta =
      Array.from({ length: n }, (_, i) => {
        const row = centred.getRowVector(i);
        return Matrix.sub(row.transpose().mmul(row), covariance).norm('frobenius') ** 2;
      }).reduce((a, b) => a + b, 0) /
      (n * n * p);
    const shrinkage = p === 1 || delta === 0 ? 0 : Math.min(1, beta / delta);
    covariance.mul(1 - shrinkage).add(Matrix.eye(p, p, shrinkage * scale + 1e-9));
    const difference = Matrix.rowVector(x.map((value, j) => value - centre[j]));
    return Math.log(difference.mmul(inverse(covariance)).mmul(difference.transpose()).get(0, 0)) / 2;
  });
}

/** `distances[task][image][task measured against][layer]`, with infinities where an image was not run. */
export type Distances = readonly (readonly (readonly (readonly number[])[])[])[];

/** Each task's score of an image: layers standardised by calibration images, joined by a soft maximum. */
export function scoresOf(image: readonly (readonly number[])[], own: readonly (readonly (readonly number[])[])[]) {
  const layers = image[0].length;
  const moments = own.map((images) =>
    Array.from({ length: layers }, (_, l) => {
      const values = images.map((distances) => distances[l]);
      const centre = mean(values);
      const variance = values.reduce((sum, v) => sum + (v - centre) ** 2, 0) / (values.length - 1);
      return { centre, variance };
    }),
  );
  return image.map((distances, task) => {
    const z = distances.map((d, l) => {
      const common = mean(moments.map((m) => m[l].variance));
      return (d - moments[task][l].centre) / Math.max(Math.sqrt((moments[task][l].variance + common) / 2), 1e-3);
    });
    return Math.log(mean(z.map((value) => Math.exp(2 * value)))) / 2;
  });
}

/** Share of a task's calibration images and the new one that are at least as strange, the new one among them in every constant. */
export function taskPValue(image: readonly (readonly number[])[], distances: Distances, task: number): number {
  const own = distances.map((images, t) => images.map((one) => one[t]));
  const extended = own.map((images, t) => (t === task ? [...images, image[t]] : images));
  const score = (one: readonly number[]) =>
    scoresOf(
      image.map(() => one),
      extended,
    )[task];
  return extended[task].filter((one) => score(one) >= score(image[task])).length / extended[task].length;
}

/** The same of the smallest score over tasks among all calibration images, the most cautious over which task it joins. */
export function pooledPValue(image: readonly (readonly number[])[], distances: Distances): number {
  const pool = distances.flat();
  const under = distances.map((_, task) => {
    const extended = distances.map((images, t) => [...images.map((one) => one[t]), ...(t === task ? [image[t]] : [])]);
    const least = (one: readonly (readonly number[])[]) => Math.min(...scoresOf(one, extended));
    return (1 + pool.filter((one) => least(one) >= least(image)).length) / (pool.length + 1);
  });
  return Math.max(...under);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const voxelsOf = (size: Triple) => size[0] * size[1] * size[2];
const add = (a: Triple, b: Triple): Triple => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
const positionOf = ([nx, ny]: Triple, i: number): Triple => [
  i % nx,
  Math.floor(i / nx) % ny,
  Math.floor(i / (nx * ny)),
];

/** -1 outside. */
function indexIn(size: Triple, at: Triple): number {
  return at.every((p, axis) => p >= 0 && p < size[axis]) ? at[0] + size[0] * (at[1] + size[1] * at[2]) : -1;
}

export function indicesOf(mask: Uint8Array): number[] {
  const found: number[] = [];
  mask.forEach((value, i) => {
    if (value) found.push(i);
  });
  return found;
}

function forEachVoxel(size: Triple, visit: (at: Triple, i: number) => void): void {
  let i = 0;
  for (let z = 0; z < size[2]; z++)
    for (let y = 0; y < size[1]; y++) for (let x = 0; x < size[0]; x++) visit([x, y, z], i++);
}
