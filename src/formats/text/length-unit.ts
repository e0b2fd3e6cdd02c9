/** Units of length as text headers name them. */
import type { HeaderRemark } from '../image.js';
import { mmText } from '../place-text.js';

const units: readonly (readonly [RegExp, number])[] = [
  [/^(mm|millimet(er|re)s?)$/i, 1],
  [/^(cm|centimet(er|re)s?)$/i, 10],
  [/^(m|met(er|re)s?)$/i, 1000],
  // The sign for micro has two code points, which two bytes each stand for in UTF-8.
  [/^((u|\u00b5|\u03bc|\u00c2\u00b5|\u00ce\u00bc)m|microns?|micromet(er|re)s?)$/i, 0.001],
  [/^(nm|nanomet(er|re)s?)$/i, 1e-6],
];

/** Millimetres in a unit; null for one that is unknown. No name, or one that only says "unknown", is 1. */
export function millimetresIn(name: string): number | null {
  if (/^(\?*|unknown|none)$/i.test(name)) return 1;
  return units.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

/** Said of an image whose header is not in millimetres. */
export function unitRemark(names: readonly string[], spacing: readonly number[]): HeaderRemark[] {
  const named = [...new Set(names.filter((name) => millimetresIn(name) !== 1))];
  if (named.length === 0) return [];
  const known = named.every((name) => millimetresIn(name) !== null);
  const quoted = named.map((name) => JSON.stringify(name.slice(0, 20))).join(', ');
  return [
    {
      kind: 'spatial-unit',
      text: known
        ? `the header's unit of length is ${quoted}, so the spacing is ${mmText(spacing)}; ITK programs (3D Slicer, ITK-SNAP, ANTs) take its numbers for millimetres`
        : `the header's unit of length, ${quoted}, is not known and is taken for millimetres`,
      advice: known
        ? 'Nothing to do if the unit is right; if the numbers are millimetres, correct the unit'
        : 'Save the image in millimetres',
    },
  ];
}
