/** Grids that can be read but not believed, judged alone and beside the rest of the set. */

import type { HeaderRemark, ImageHeader } from '../formats/image.js';
import { median } from '../math/statistics.js';
import { count, type Vec3 } from '../math/vector.js';
import { axisCodes, canonicalGrid, determinant, spacingOf } from '../volume/orientation.js';
import type { Case } from './dataset.js';
import { type Finding, type FindingKind, type Severity, someOf } from './finding.js';

/** Finer than microscopes for animals, coarser than any body scan: usually metres or micrometres taken for mm. */
const FINEST_MM = 0.01;
const COARSEST_MM = 50;
/** Localisers and cine stacks reach 20. */
const MOST_ANISOTROPIC = 25;
/** Protocols of one set differ by less. */
const OUTLIER = 4;
/** Cosine between two voxel axes: a gantry tilt of 3 degrees is seen, rounding is not. */
const SHEAR = 0.05;
/** What readers and browsers take at most, as float32. */
const MAXIMUM_VOXELS = 2 ** 29;

/** A case and its image's header. */
export interface CaseHeader {
  readonly case: Case;
  readonly header: ImageHeader;
}

const mm = (spacing: readonly number[]): string => `${spacing.map((v) => Number(v.toPrecision(3))).join(' x ')} mm`;

/** Findings on spacing, axes and stored types; `headers` are those that could be read. */
export function checkGeometry(headers: readonly CaseHeader[]): Finding[] {
  const findings: Finding[] = [];
  const add = (severity: Severity, kind: FindingKind, c: Case | null, message: string, advice: string) =>
    findings.push({ severity, kind, case: c?.name ?? null, file: c?.image ?? null, message, advice });
  // Along the body's axes: voxel axes are stored in any order.
  const spacings = headers.map(({ header }) => spacingOf(canonicalGrid(header.grid).affine));
  const [x, y, z] = [0, 1, 2].map((axis) => median(spacings.map((s) => s[axis])));
  const usual: Vec3 = [x, y, z];
  headers.forEach(({ case: c, header: { grid } }, i) => {
    const spacing = spacings[i];
    const [fine, coarse] = [Math.min(...spacing), Math.max(...spacing)];
    const see = 'Correct the header if it is wrong, or take the case out.';
    const furthest = Math.max(...spacing.map((s, axis) => Math.max(s / usual[axis], usual[axis] / s)));
    const resampled = (count(grid.size) * Math.abs(determinant(grid.affine))) / (x * y * z);
    if (fine < FINEST_MM || coarse > COARSEST_MM)
      add(
        'warning',
        'implausible-spacing',
        c,
        `the spacing is ${mm(spacing)}; expected ${FINEST_MM} to ${COARSEST_MM} mm.`,
        see,
      );
    else if (coarse / fine > MOST_ANISOTROPIC)
      add(
        'warning',
        'implausible-anisotropy',
        c,
        `the spacing is ${mm(spacing)}, ${(coarse / fine).toFixed(0)} times coarser along one axis than along another; scanners reach 20.`,
        see,
      );
    if (headers.length >= 3 && furthest > OUTLIER)
      add(
        'warning',
        'spacing-outlier',
        c,
        `the spacing is ${mm(spacing)}, that of the set ${mm(usual)} (median): more than ${OUTLIER} times off.`,
        see,
      );
    if (resampled > MAXIMUM_VOXELS)
      add(
        'error',
        'implausible-extent',
        c,
        `at the set's median spacing (${mm(usual)}) the image would have ${resampled.toExponential(1)} voxels; expected at most ${MAXIMUM_VOXELS}.`,
        see,
      );
    const cosine = largestCosine(grid.affine);
    if (cosine > SHEAR)
      add(
        'warning',
        'sheared-affine',
        c,
        `two voxel axes meet at ${((Math.acos(cosine) * 180) / Math.PI).toFixed(1)} degrees; expected 90.`,
        'Resample the image and its label onto a rectangular grid: distances and augmentation take axes as perpendicular.',
      );
  });
  const tell = (kind: FindingKind, what: string, read: (h: ImageHeader) => string, advice: string) => {
    const counts = tally(headers.map(({ header }) => read(header)));
    const parts = counts.map(([value, n]) => `${value} in ${n}`).join(', ');
    if (counts.length > 1) add('note', kind, null, `${what} differ: ${parts} of ${headers.length} images.`, advice);
  };
  tell(
    'mixed-orientations',
    'voxel axes',
    ({ grid }) => axisCodes(grid.affine),
    'Images are reoriented by their affines: nothing to do if those are right.',
  );
  tell(
    'mixed-data-types',
    'stored types',
    ({ type }) => type,
    'Nothing to do, unless it tells that some images were rescaled or exported another way.',
  );
  return [...findings, ...checkRemarks(headers)];
}

const severityOf: Readonly<Record<HeaderRemark['kind'], Severity>> = {
  'no-orientation': 'warning',
  'no-spacing': 'warning',
  'header-disagrees': 'warning',
  'spatial-unit': 'note',
};

/** What the readers remarked on headers: alike ones together, with the cases that they are said of. */
function checkRemarks(headers: readonly CaseHeader[]): Finding[] {
  const alike = new Map<string, { remark: HeaderRemark; cases: Case[] }>();
  for (const { case: c, header } of headers) {
    for (const remark of header.remarks) {
      const { cases } = alike.get(remark.text) ?? { cases: [] };
      alike.set(remark.text, { remark, cases: [...cases, c] });
    }
  }
  return [...alike.values()].map(({ remark: { kind, text, advice }, cases }): Finding => {
    const names = someOf(cases.map(({ name }) => name));
    const [only] = cases.length === 1 ? cases : [null];
    return {
      ...{ severity: severityOf[kind], kind, case: only?.name ?? null, file: only?.image ?? null },
      message: only ? `${text}.` : `${text} (${cases.length} of ${headers.length} images: ${names}).`,
      advice: `${advice}.`,
    };
  });
}

/** Values and how often each occurs, the most frequent first. */
function tally(values: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
}

/** Of the angles between voxel axes, the one furthest from a right angle: its cosine, at least 0. */
function largestCosine(affine: readonly number[]): number {
  const spacing = spacingOf(affine);
  const cosine = (i: number, j: number) =>
    Math.abs([0, 4, 8].reduce((sum, row) => sum + affine[row + i] * affine[row + j], 0)) / (spacing[i] * spacing[j]);
  return Math.max(cosine(0, 1), cosine(0, 2), cosine(1, 2));
}
