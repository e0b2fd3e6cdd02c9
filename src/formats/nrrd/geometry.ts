/** Where a NRRD image lies: by the axes' directions in a patient's space, or by their spacing alone. */
import { GeometryError, ImageFormatError, UnsupportedError } from '../../errors.js';
import { mapVec3, type Vec3 } from '../../math/vector.js';
import { spacingOf } from '../../volume/orientation.js';
import type { Grid } from '../../volume/volume.js';
import { checkAffine } from '../affine-check.js';
import type { AffineSource, HeaderRemark } from '../image.js';
import { affineOf, signsOf } from '../lps.js';
import { mmText } from '../place-text.js';
import { gridSize } from '../size-check.js';
import { parseNumber } from '../text/encodings.js';
import { millimetresIn, unitRemark } from '../text/length-unit.js';
import type { NrrdFields } from './fields.js';

/** Spaces of a patient in which the axes have the signs of ITK's or NIfTI's. */
const spaces: ReadonlyMap<string, Vec3> = new Map<string, Vec3>([
  ['left-posterior-superior', signsOf.lps],
  ['lps', signsOf.lps],
  ['right-anterior-superior', signsOf.ras],
  ['ras', signsOf.ras],
]);

export interface NrrdGeometry {
  readonly grid: Grid;
  readonly affineSource: AffineSource;
  readonly remarks: readonly HeaderRemark[];
  /** Whether the header has axes that hold no space: its lines on axes are then not those of a 3D image. */
  readonly hasOtherAxes: boolean;
}

const words = (text: string | undefined) => (text ?? '').split(/\s+/).filter((word) => word !== '');
const numbers = (text: string | undefined) => words(text).map((word) => parseNumber(word) ?? Number.NaN);
const quoted = (text: string | undefined) => [...(text ?? '').matchAll(/"([^"]*)"/g)].map(([, inside]) => inside);

/** "(1,0,0) none (0,1,0)": a vector an axis, null for none. */
function vectors(text: string | undefined): (number[] | null)[] {
  return [...(text ?? '').matchAll(/none|\(([^)]*)\)/gi)].map(([, inside]) =>
    inside === undefined ? null : inside.split(',').map((part) => parseNumber(part.trim()) ?? Number.NaN),
  );
}

/** Which of the header's axes are the image's three. */
function spaceAxes({ fields }: NrrdFields, file: string): { axes: Vec3; size: Vec3; rank: number } {
  const rank = Number(fields.get('dimension'));
  const sizes = words(fields.get('sizes')).map(Number);
  if (!(Number.isInteger(rank) && rank >= 1 && rank <= 16) || sizes.length !== rank) {
    throw new ImageFormatError({
      file,
      expected: 'a number of dimensions and as many sizes',
      found: `${rank} and "${(fields.get('sizes') ?? '').slice(0, 80)}": the header is damaged`,
    });
  }
  const kinds = words(fields.get('kinds')).map((kind) => kind.toLowerCase());
  const directions = vectors(fields.get('spacedirections'));
  const holdsNoSpace = (axis: number) =>
    directions[axis] === null || !['domain', 'space', 'none', '???', ''].includes(kinds[axis] ?? '');
  const all = sizes.map((_, axis) => axis);
  const other = all.find((axis) => holdsNoSpace(axis) && sizes[axis] > 1);
  if (other !== undefined && rank <= 4) {
    throw new UnsupportedError({
      file,
      expected: 'one number a voxel',
      found: `${sizes[other]} along an axis of the kind ${JSON.stringify(kinds[other] ?? 'none')}`,
      remedy: 'split the image into single volumes first',
    });
  }
  let axes = all.filter((axis) => !holdsNoSpace(axis));
  // One volume of a series, whose last axis is not marked.
  if (axes.length === 4 && directions.length === 0 && sizes[axes[3]] === 1) axes = axes.slice(0, 3);
  const inSpace = axes.map((axis) => sizes[axis]);
  const size = gridSize(inSpace, file, sizes);
  return { axes: [axes[0], axes[1], axes[2]], size, rank };
}

function signsOfSpace(name: string | undefined, file: string): Vec3 {
  if (name === undefined) return signsOf.lps;
  const signs = spaces.get(name.toLowerCase());
  if (signs) return signs;
  throw new GeometryError({
    file,
    expected: 'the space left-posterior-superior or right-anterior-superior',
    found: JSON.stringify(name.toLowerCase().slice(0, 40)),
    remedy: 'save the image in one of these',
  });
}

/** A factor for each of three lengths; unknown units are taken for millimetres. */
const factors = (names: readonly string[]): Vec3 => mapVec3([0, 1, 2], (i) => millimetresIn(names[i] ?? '') ?? 1);

function bySpacing({ fields }: NrrdFields, axes: Vec3, size: Vec3): Omit<NrrdGeometry, 'hasOtherAxes'> {
  const [spacings, mins, maxs] = ['spacings', 'axismins', 'axismaxs'].map((key) => numbers(fields.get(key)));
  const centers = words(fields.get('centers') ?? fields.get('centerings')).map((word) => word.toLowerCase());
  // Unknown centring is that of cells, as in Teem.
  const isNode = (axis: number) => centers[axis] === 'node';
  const given = (value: number | undefined): value is number => Number.isFinite(value) && value !== 0;
  const byRange = mapVec3(axes, (axis, i) => (maxs[axis] - mins[axis]) / (isNode(axis) ? size[i] - 1 : size[i]));
  const own = mapVec3(axes, (axis, i) => [spacings[axis], byRange[i], 1].find(given)!);
  const units = axes.map((axis) => quoted(fields.get('units'))[axis] ?? '');
  const mm = factors(units);
  const origin = mapVec3(axes, (axis, i) => mins[axis] + (isNode(axis) ? 0 : own[i] / 2));
  const spacing = mapVec3(own, (value, i) => value * mm[i]);
  const world = {
    axes: spacing.map((value, i) => [0, 1, 2].map((row) => (row === i ? value : 0))),
    origin: origin.every(Number.isFinite) ? mapVec3(origin, (value, i) => value * mm[i]) : [0, 0, 0],
  };
  const ranged = axes.some((axis, i) => !given(spacings[axis]) && given(byRange[i]));
  const absent = axes.some((axis, i) => !given(spacings[axis]) && !given(byRange[i]));
  const disagree = axes.some(
    (axis, i) => given(spacings[axis]) && given(byRange[i]) && Math.abs(spacings[axis] / byRange[i] - 1) > 0.01,
  );
  const remarks: HeaderRemark[] = [
    {
      kind: 'no-orientation',
      text: 'the header gives no directions of its axes, so the sides are guessed: x to the left, y to the back, z upwards, as ITK programs do',
      advice: 'Set the orientation in the header (space and space directions)',
    },
  ];
  if (absent) {
    const text = 'the header has no spacing along every axis, so 1 is taken';
    remarks.push({ kind: 'no-spacing', text, advice: 'Set the spacing in the header' });
  }
  if (ranged) {
    remarks.push({
      kind: 'header-disagrees',
      text: `the spacing, ${mmText(spacing.map(Math.abs))}, is that of axis mins and axis maxs; ITK programs (3D Slicer, ITK-SNAP, ANTs) take 1 mm instead`,
      advice: 'Save the image with space directions',
    });
  }
  if (disagree) {
    remarks.push({
      kind: 'header-disagrees',
      text: `spacings, ${mmText(own)}, and axis mins and maxs, ${mmText(byRange)}, disagree: Candor and ITK programs go by spacings`,
      advice: 'Find out which is right, and save the image with space directions',
    });
  }
  remarks.push(...unitRemark(units, spacing.map(Math.abs)));
  return { grid: { size, affine: affineOf(world, signsOf.lps) }, affineSource: 'spacing', remarks };
}

function byDirections({ fields }: NrrdFields, axes: Vec3, size: Vec3, signs: Vec3): Omit<NrrdGeometry, 'hasOtherAxes'> {
  const directions = vectors(fields.get('spacedirections'));
  const units = quoted(fields.get('spaceunits'));
  const mm = factors(units);
  const scaled = (vector: readonly number[]) => [0, 1, 2].map((row) => vector[row] * mm[row]);
  const origin = vectors(fields.get('spaceorigin'))[0] ?? [0, 0, 0];
  const affine = affineOf({ axes: axes.map((axis) => scaled(directions[axis] ?? [])), origin: scaled(origin) }, signs);
  const remarks: HeaderRemark[] = [...unitRemark(units, spacingOf(affine))];
  if (!fields.has('space')) {
    remarks.push({
      kind: 'no-orientation',
      text: 'the header does not name the space of its axes, so the sides are guessed: left, posterior, superior, as ITK programs do',
      advice: 'Name the space in the header ("space: left-posterior-superior" or the like)',
    });
  }
  return { grid: { size, affine }, affineSource: 'directions', remarks };
}

/**
 * The geometry of a header.
 * @throws {ImageFormatError} for damage, {UnsupportedError} for what is no 3D image of single numbers
 * @throws {GeometryError} for a space that is not a patient's, or an affine that cannot be used
 */
export function geometryOf(header: NrrdFields, file: string): NrrdGeometry {
  const { axes, size, rank } = spaceAxes(header, file);
  const signs = signsOfSpace(header.fields.get('space'), file);
  const geometry = header.fields.has('spacedirections')
    ? byDirections(header, axes, size, signs)
    : bySpacing(header, axes, size);
  checkAffine(geometry.grid.affine, 'NRRD', file);
  return { ...geometry, hasOtherAxes: rank !== 3 };
}
