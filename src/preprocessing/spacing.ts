/**
 * Which voxel spacing a task is worked at: the cases' own where a patch then sees a whole image, coarser where it
 * would not (nnU-Net has a second, low-resolution network for that; here one network must see context and detail).
 */
import { quantile } from '../math/statistics.js';
import { mapVec3, type Vec3 } from '../math/vector.js';
import type { CaseFingerprint } from './fingerprint.js';
import { choosePatch, type PatchBudget, spans } from './patch.js';

/** How spacings are chosen: one for all tasks, one a task, or that of the user in mm. */
export type SpacingChoice = 'common' | 'per-task' | Vec3;

/** An axis so many times coarser than the finest is treated as nnU-Net treats the slice axis. */
const anisotropic = 3;
/** Voxels that the foreground's box and its chords keep along each axis, if native spacing gives as many. */
const extentVoxels = 12;
const chordVoxels = 4;
const step = 1.02;

export interface ChosenSpacing {
  readonly spacing: Vec3;
  readonly reason: string;
}

const medianOf = (values: readonly Vec3[]): Vec3 =>
  mapVec3([0, 0, 0], (_, axis) =>
    quantile(
      values.map((v) => v[axis]),
      0.5,
    ),
  );

/** Median size in voxels of the cases' images at a spacing. */
export function medianSizeAt(cases: readonly CaseFingerprint[], spacing: Vec3): Vec3 {
  return medianOf(cases.map((c) => sizeAt(c, spacing)));
}

export function sizeAt(c: CaseFingerprint, spacing: Vec3): Vec3 {
  return mapVec3(c.size, (n, axis) => Math.max(1, Math.round((n * c.spacing[axis]) / spacing[axis])));
}

/** Median spacing per axis; for a far coarser axis the 10th percentile, never finer than the other axes (nnU-Net). */
function nativeSpacing(cases: readonly CaseFingerprint[]): Vec3 {
  const median = medianOf(cases.map((c) => c.spacing));
  const finest = Math.min(...median);
  const coarse = (mm: number) => mm > anisotropic * finest;
  const others = Math.max(...median.filter((mm) => !coarse(mm)));
  return mapVec3(median, (mm, axis) =>
    round(coarse(mm) ? Math.max(others, thinnest(cases.map((c) => c.spacing[axis]))) : mm),
  );
}

/** The 10th percentile; of three cases and more never below the second smallest, so that no single case decides. */
function thinnest(values: readonly number[]): number {
  const [smallest, second = smallest] = [...values].sort((a, b) => a - b);
  return Math.max(quantile(values, 0.1), values.length > 2 ? second : smallest);
}

/** Choose the target spacing of a task (mm, along right, anterior, superior). */
export function chooseSpacing(cases: readonly CaseFingerprint[], budget: PatchBudget): ChosenSpacing {
  const native = nativeSpacing(cases);
  const limit = coarsestAllowed(cases, native);
  const sees = (spacing: Vec3): boolean => {
    const size = medianSizeAt(cases, spacing);
    return spans(choosePatch(size, budget), size, budget);
  };
  let spacing = native;
  while (!sees(spacing)) {
    const next = coarsen(spacing, limit);
    if (next === null) break;
    spacing = next;
  }
  spacing = mapVec3(spacing, round);
  const start = `median spacing of ${cases.length} training cases ${spacingText(native)} mm`;
  if (spacing.every((mm, axis) => mm === native[axis]))
    return {
      spacing,
      reason: sees(spacing)
        ? start
        : `${start}, kept for the sake of thin foreground (${spacingText(limit)} mm at most)`,
    };
  const goal = `so that a patch of about ${budget.patchVoxels} voxels spans the median image`;
  const bound = `, as far as the foreground keeps ${chordVoxels} voxels across and ${extentVoxels} along (${spacingText(limit)} mm at most)`;
  return { spacing, reason: `${start}, coarsened to ${spacingText(spacing)} mm ${goal}${sees(spacing) ? '' : bound}` };
}

/** One step coarser: the finest axes first, up to the coarsest axis, then all together; null at the limits. */
function coarsen(spacing: Vec3, limit: Vec3): Vec3 | null {
  const coarsest = Math.max(...spacing);
  const free = [0, 1, 2].filter((axis) => spacing[axis] < limit[axis] * (1 - 1e-6));
  if (free.length === 0) return null;
  const finer = free.filter((axis) => spacing[axis] < coarsest * (1 - 1e-6));
  const finest = Math.min(...finer.map((axis) => spacing[axis]));
  const moving = finer.length > 0 ? finer.filter((axis) => spacing[axis] < finest * step) : free;
  const ceiling = finer.length > 0 ? coarsest : Infinity;
  return mapVec3(spacing, (mm, axis) => (moving.includes(axis) ? Math.min(mm * step, limit[axis], ceiling) : mm));
}

/** The coarsest spacing at which the median foreground, and every class of it, is still resolved; never finer than native. */
function coarsestAllowed(cases: readonly CaseFingerprint[], native: Vec3): Vec3 {
  const labelled = cases.filter((c) => c.foregroundIntensities.length > 0);
  if (labelled.length === 0) return [Infinity, Infinity, Infinity];
  const whole = labelled.map((c) => ({ extentMm: c.foregroundExtentMm, chordMm: c.foregroundChordMm }));
  const classes = (labelled[0].classes ?? []).flatMap((_, k) => {
    const there = labelled.flatMap((c) => c.classes![k]).filter(({ extentMm }) => extentMm[0] > 0);
    return there.length === 0 ? [] : [there];
  });
  const limits = [whole, ...classes].map((cases) => {
    const extent = medianOf(cases.map(({ extentMm }) => extentMm));
    const chord = medianOf(cases.map(({ chordMm }) => chordMm));
    return mapVec3(extent, (mm, axis) => Math.min(mm / extentVoxels, chord[axis] / chordVoxels));
  });
  return mapVec3(native, (mm, axis) => Math.max(mm, Math.min(...limits.map((limit) => limit[axis]))));
}

/** Five significant digits: free of float noise such as 2.4999998, far below what resampling can tell. */
function round(mm: number): number {
  return Number(mm.toPrecision(5));
}

/** One step coarser without any bound. */
export function coarserThan(spacing: Vec3): Vec3 {
  return mapVec3(coarsen(spacing, [Infinity, Infinity, Infinity])!, (mm) => Number(mm.toPrecision(5)));
}

/** A spacing for people, in mm. */
export function spacingText(v: Vec3): string {
  return v.map((mm) => (mm === Infinity ? 'any' : Number(mm.toPrecision(3)))).join(' x ');
}
