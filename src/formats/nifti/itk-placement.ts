/**
 * Where programs built on ITK (3D Slicer, ITK-SNAP, ANTs, SimpleITK) place a NIfTI image, which is not always where its
 * standard and nibabel do: spacing comes from pixdim alone, and an affine must be a rotation. After ITK 5.4,
 * itkNiftiImageIO.cxx, `SetImageIOOrientationFromNIfTI`; tests hold it against SimpleITK.
 */
import type { Affine } from '../../math/vector.js';
import { spacingOf } from '../../volume/orientation.js';
import { pixdimSpacing, qformAffine, scaleAffine, sformAffine, unitOf } from './affine.js';
import { type HeaderBytes, readNumber } from './fields.js';

export interface ItkPlacement {
  /** In millimetres, RAS. */
  readonly affine: Affine;
  readonly directionFrom: 'sform' | 'qform' | 'nothing';
}

/** Largest difference of two affines' elements, in the rows' columns `from` to `to`. */
function largestDifference(a: Affine, b: Affine, from: number, to: number): number {
  let largest = 0;
  for (const row of [0, 4, 8]) {
    for (let i = row + from; i < row + to; i++) largest = Math.max(largest, Math.abs(a[i] - b[i]));
  }
  return largest;
}

/** Columns of length 1, the offset as it is. */
function normalised(affine: Affine): Affine {
  const spacing = spacingOf(affine);
  return affine.map((value, i) => (i < 12 && i % 4 < 3 ? value / spacing[i % 4] : value));
}

/** Whether the normalised columns are perpendicular, by ITK's tolerance. */
function isRotation(affine: Affine): boolean {
  const r = normalised(affine);
  const dot = (i: number, j: number) => [0, 1, 2].reduce((sum, k) => sum + r[4 * i + k] * r[4 * j + k], 0);
  return [0, 1, 2].every((i) => [0, 1, 2].every((j) => Math.abs(dot(i, j) - (i === j ? 1 : 0)) <= 1e-4));
}

function prefersSform(sform: Affine, qform: Affine | null, sformCode: number): boolean {
  const isSame = qform !== null && largestDifference(sform, qform, 0, 4) <= 1e-7;
  if (sformCode <= 0) return isSame;
  if (!isRotation(sform)) return isSame;
  if (qform === null || sformCode === 1) return true;
  // ITK compares the axes by singular vectors, which have no sign: a flip alone is none to it.
  const sameAxes = [0, 1, 2].every((axis) => {
    const [a, b] = [normalised(sform), normalised(qform)].map((r) => [r[axis], r[4 + axis], r[8 + axis]]);
    return [1, -1].some((sign) => a.every((value, i) => Math.abs(value - sign * b[i]) <= 1e-4));
  });
  return (
    sameAxes &&
    largestDifference(sform, qform, 3, 4) <= 1e-4 &&
    spacingOf(sform).every((size, axis) => Math.abs(size - spacingOf(qform)[axis]) <= 1e-4)
  );
}

/** ITK's placement; null for a header that it refuses. */
export function itkPlacement(header: HeaderBytes): ItkPlacement | null {
  const spacing = pixdimSpacing(header);
  const { mm } = unitOf(header);
  const sformCode = readNumber(header, 'sform_code');
  const hasQform = readNumber(header, 'qform_code') > 0;
  if (sformCode <= 0 && !hasQform) {
    const [x, y, z] = spacing.map((size) => size * mm);
    return { affine: [-x, 0, 0, 0, 0, -y, 0, 0, 0, 0, z, 0, 0, 0, 0, 1], directionFrom: 'nothing' };
  }
  const sform = sformAffine(header);
  const qform = hasQform ? qformAffine(header) : null;
  const fromSform = prefersSform(sform, qform, sformCode);
  if (!fromSform && qform === null) return null;
  const chosen = normalised(fromSform ? sform : qform!);
  const affine = chosen.map((value, i) => (i < 12 && i % 4 < 3 ? value * spacing[i % 4] : value));
  return { affine: scaleAffine(affine, mm), directionFrom: fromSform ? 'sform' : 'qform' };
}
