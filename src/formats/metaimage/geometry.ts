/** Where a MetaImage lies. */
import { ImageFormatError } from '../../errors.js';
import { spacingOf } from '../../volume/orientation.js';
import { checkAffine } from '../affine-check.js';
import type { HeaderRemark, ImageHeader } from '../image.js';
import { affineOf, signsOf } from '../lps.js';
import { gridSize } from '../size-check.js';
import { parseNumber } from '../text/encodings.js';
import { millimetresIn, unitRemark } from '../text/length-unit.js';
import type { MetaImageFields } from './header.js';

/** Keys that say where voxels lie, with their older names; a result keeps them. */
export const geometryKeys = [
  ...['TransformMatrix', 'Rotation', 'Orientation', 'Offset', 'Position', 'Origin', 'CenterOfRotation'],
  ...['AnatomicalOrientation', 'ElementSpacing', 'ElementSize', 'DistanceUnits'],
];

const numbers = (text: string) => text.split(/\s+/).flatMap((word) => (word === '' ? [] : [parseNumber(word) ?? NaN]));

/**
 * The geometry of a header.
 * @throws {ImageFormatError} for damage, {UnsupportedError} for what is not 3D, {GeometryError} for an unusable affine
 */
export function geometryOf(
  { fields }: MetaImageFields,
  file: string,
): Pick<ImageHeader, 'grid' | 'affineSource' | 'remarks'> & { readonly rank: number } {
  const rank = Number(fields.get('NDims'));
  const declared = (fields.get('DimSize') ?? '').split(/\s+/).filter(Boolean).map(Number);
  if (!(Number.isInteger(rank) && rank >= 1 && rank <= 16) || declared.length !== rank) {
    throw new ImageFormatError({
      file,
      expected: 'a number of dimensions and as many sizes',
      found: `${rank} and "${(fields.get('DimSize') ?? '').slice(0, 80)}": the header is damaged`,
    });
  }
  // One volume of a series.
  const size = gridSize(rank === 4 && declared[3] === 1 ? declared.slice(0, 3) : declared, file, declared);
  const field = (count: number, ...keys: string[]): number[] | null => {
    const key = keys.find((one) => fields.has(one));
    if (key === undefined) return null;
    const values = numbers(fields.get(key)!);
    if (values.length >= count) return values;
    const found = `"${fields.get(key)!.slice(0, 80)}": the header is damaged`;
    throw new ImageFormatError({ file, expected: `${count} numbers as ${key}`, found });
  };
  const matrix = field(rank * rank, 'TransformMatrix', 'Rotation', 'Orientation');
  const spacing = field(rank, 'ElementSpacing', 'ElementSize');
  const unit = fields.get('DistanceUnits') ?? '';
  const mm = millimetresIn(unit) ?? 1;
  const direction = (axis: number, row: number) => (matrix ? matrix[rank * axis + row] : axis === row ? 1 : 0);
  const affine = affineOf(
    {
      axes: [0, 1, 2].map((axis) => [0, 1, 2].map((row) => direction(axis, row) * (spacing?.[axis] ?? 1) * mm)),
      origin: (field(rank, 'Offset', 'Position', 'Origin') ?? [0, 0, 0]).slice(0, 3).map((value) => value * mm),
    },
    signsOf.lps,
  );
  checkAffine(affine, 'MetaImage', file);
  const remarks: HeaderRemark[] = [];
  if (!matrix) {
    remarks.push({
      kind: 'no-orientation',
      text: 'the header has no TransformMatrix, so the sides are guessed: x to the left, y to the back, z upwards, as ITK programs do',
      advice: 'Set the orientation in the header (TransformMatrix)',
    });
  }
  if (!spacing) {
    const text = 'the header has no ElementSpacing, so 1 mm is taken';
    remarks.push({ kind: 'no-spacing', text, advice: 'Set the spacing in the header' });
  }
  remarks.push(...unitRemark([unit], spacingOf(affine)));
  return { grid: { size, affine }, affineSource: matrix ? 'directions' : 'spacing', remarks, rank };
}
