/** What a NIfTI header leaves open or says twice and differently, in words, and which of its parts is probably wrong. */
import type { Affine } from '../../math/vector.js';
import { spacingOf } from '../../volume/orientation.js';
import type { AffineSource, HeaderRemark } from '../image.js';
import { affineDifferences, mmText } from '../place-text.js';
import { pixdimSpacing, qformAffine, scaleAffine, sformAffine, unitOf } from './affine.js';
import { type HeaderBytes, readField, readNumber } from './fields.js';
import { type ItkPlacement, itkPlacement } from './itk-placement.js';

const itkPrograms = 'ITK programs (3D Slicer, ITK-SNAP, ANTs)';

/** The affine of writers who know no geometry: axes as they come, 1 mm, no offset. */
function isDefault(affine: Affine): boolean {
  return affine.every((value, i) => (i < 12 && i % 4 === 3 ? value === 0 : Math.abs(value) === (i % 5 === 0 ? 1 : 0)));
}

function noOrientation(): HeaderRemark {
  return {
    kind: 'no-orientation',
    text:
      'the header has neither sform nor qform, so the sides are guessed: x to the left, y to the front, z upwards, as ' +
      `nibabel does; ${itkPrograms} take y to the back`,
    advice: 'Set the orientation in the header',
  };
}

function noSpacing(header: HeaderBytes): HeaderRemark[] {
  const absent = readField(header, 'pixdim')
    .slice(1, 4)
    .some((value) => !(Math.abs(value) > 0));
  if (!absent) return [];
  const text = 'pixdim has no spacing along every axis, so 1 is taken';
  return [{ kind: 'no-spacing', text, advice: 'Set the spacing in the header' }];
}

function unit(header: HeaderBytes, affine: Affine): HeaderRemark[] {
  const { name, mm } = unitOf(header);
  if (mm === 1) return [];
  return [
    {
      kind: 'spatial-unit',
      text: `the header's unit of length is the ${name} (xyzt_units), so the spacing is ${mmText(spacingOf(affine))}; ${itkPrograms} honour it, too, while programs on nibabel take its numbers for millimetres`,
      advice: 'Nothing to do if the unit is right; if the numbers are millimetres, set xyzt_units to 2',
    },
  ];
}

/** Which part to mend, where that can be told. */
function culprit(header: HeaderBytes, sform: Affine, qform: Affine | null): string {
  const other = qform ? 'qform' : 'pixdim';
  if (isDefault(sform)) {
    return `The sform is the default of writers that know no geometry, so ${other} is probably right: set the sform from it`;
  }
  if (qform && isDefault(qform)) {
    return 'The qform is the default of writers that know no geometry, so the sform is probably right: set the qform and pixdim from it';
  }
  if (pixdimSpacing(header).every((size) => size === 1) && !qform) {
    return 'pixdim is the default of 1, so the sform is probably right: set pixdim from it';
  }
  const codes = [readNumber(header, 'sform_code'), readNumber(header, 'qform_code')];
  if (qform && codes[0] > 1 && codes[0] !== codes[1]) {
    return `The two name different spaces (sform code ${codes[0]}, qform code ${codes[1]}), as registration leaves them: keep the one that all images of the set share, and set both from it`;
  }
  return 'Find out which is right, by a side, a size or a place that is known, and set both from it';
}

/** What ITK programs make of it. */
function byItk(placement: ItkPlacement | null, differs: boolean): string {
  if (placement === null) return `${itkPrograms} refuse it`;
  if (!differs) return 'programs that prefer the qform, as older ITK programs do, place the image elsewhere';
  return placement.directionFrom === 'qform'
    ? `${itkPrograms} by the qform, so they place the image elsewhere`
    : `${itkPrograms} take the spacing of pixdim`;
}

function disagreement(header: HeaderBytes, affine: Affine): HeaderRemark[] {
  const { mm } = unitOf(header);
  const placement = itkPlacement(header);
  const own = readNumber(header, 'qform_code') > 0 ? qformAffine(header) : null;
  const qform = own && scaleAffine(own, mm);
  const other = qform ?? placement?.affine;
  const differences = other ? affineDifferences(affine, other) : [];
  if (differences.length === 0) return [];
  const differs = placement !== null && affineDifferences(affine, placement.affine).length > 0;
  return [
    {
      kind: 'header-disagrees',
      text: `the header's sform and ${qform ? 'qform' : 'pixdim'} disagree (${differences.join('; ')}): Candor and nibabel go by the sform, ${byItk(placement, differs)}`,
      advice: culprit(header, sformAffine(header), own),
    },
  ];
}

/** All remarks on a header whose affine has been found usable. */
export function headerRemarks(header: HeaderBytes, affine: Affine, source: AffineSource): HeaderRemark[] {
  return [
    ...(source === 'pixdim' ? [noOrientation()] : []),
    ...(source === 'sform' ? [] : noSpacing(header)),
    ...unit(header, affine),
    ...(source === 'sform' ? disagreement(header, affine) : []),
  ];
}
