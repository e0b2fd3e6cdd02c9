/** Label maps, read and predicted: classes out of label values, and the masks of structures out of classes. */
import { type LabelSpace, labelClasses } from './label-space.js';

/** What a reference holds where nothing is known: a voxel that counts nowhere. */
export const UNKNOWN = 255;

/** Label values as a file holds them -> class numbers, 0 for background and for values of no structure. */
export function referenceOf(space: LabelSpace, labels: Float32Array): Uint8Array {
  const reference = new Uint8Array(labels.length);
  const classes = labelClasses(space);
  const classOf = new Map(classes.flatMap(({ values }, c) => (values ?? []).map((value) => [value, c + 1] as const)));
  if (space.ignore !== null) classOf.set(space.ignore, UNKNOWN);
  const rest = classes.findIndex(({ values }) => values === null) + 1;
  for (let i = 0; i < reference.length; i++) {
    // Scaled label images may miss their integers by float noise.
    const value = Math.round(labels[i]);
    reference[i] = classOf.get(value) ?? (value > 0 ? rest : 0);
  }
  return reference;
}

/** Which structures a reference has any voxel of. */
export function structuresIn(space: LabelSpace, map: Uint8Array): boolean[] {
  const seen = new Uint8Array(256);
  for (let i = 0; i < map.length; i++) seen[map[i]] = 1;
  const classes = labelClasses(space).filter((_, c) => seen[c + 1] === 1);
  return space.structures.map((_, s) => classes.some(({ structures }) => structures.includes(s)));
}

/**
 * A reference as far as it can be held against a mask: where the mask shows a structure that was not annotated in it and
 * the reference has background, nothing is known.
 * @param annotated one a structure; null: all of them are, and the reference is given back as it is
 */
export function comparable(
  space: LabelSpace,
  reference: Uint8Array,
  mask: Uint8Array,
  annotated: readonly boolean[] | null,
): Uint8Array {
  if (annotated === null) return reference;
  const hidden = new Uint8Array(256);
  labelClasses(space).forEach(({ structures }, c) => {
    if (structures.every((s) => !annotated[s])) hidden[c + 1] = 1;
  });
  return reference.map((value, i) => (value === 0 && hidden[mask[i]] === 1 ? UNKNOWN : value));
}

/** The mask without what it shows where the reference knows nothing. */
export function known(mask: Uint8Array, reference: Uint8Array): Uint8Array {
  return reference.includes(UNKNOWN) ? mask.map((value, i) => (reference[i] === UNKNOWN ? 0 : value)) : mask;
}

/** The mask of one structure, 0 or 1, out of class numbers. */
export function structureMask(space: LabelSpace, map: Uint8Array, structure: number): Uint8Array {
  // Of one structure, a map without unknown voxels is its mask.
  if (space.structures.length === 1 && space.ignore === null) return map;
  return select(map, membership(space, structure));
}

/** All structures joined, 0 or 1. */
export function foregroundMask(space: LabelSpace, map: Uint8Array): Uint8Array {
  if (space.structures.length === 1 && space.ignore === null) return map;
  const table = new Uint8Array(256).fill(1, 1);
  table[UNKNOWN] = 0;
  return select(map, table);
}

/** Class number -> what a mask file holds. */
export function writtenMask(space: LabelSpace, map: Uint8Array): Uint8Array {
  const classes = labelClasses(space);
  if (classes.every(({ written }, c) => written === c + 1)) return map;
  const table = new Uint8Array(256);
  classes.forEach(({ written }, c) => {
    table[c + 1] = written;
  });
  return select(map, table);
}

/** Voxels of a patch's class numbers as a plane of 0 and 1 a structure, written to `planes` `[structures, voxels]`. */
export function fillPlanes(space: LabelSpace, map: Float32Array, planes: Float32Array): void {
  const voxels = map.length;
  for (const structure of space.structures.keys()) {
    const table = membership(space, structure);
    for (let i = 0; i < voxels; i++) planes[structure * voxels + i] = table[map[i]];
  }
}

/** By class number, whether it belongs to a structure. */
function membership(space: LabelSpace, structure: number): Uint8Array {
  const table = new Uint8Array(256);
  labelClasses(space).forEach(({ structures }, c) => {
    if (structures.includes(structure)) table[c + 1] = 1;
  });
  return table;
}

function select(map: Uint8Array, table: Uint8Array): Uint8Array {
  const out = new Uint8Array(map.length);
  for (let i = 0; i < map.length; i++) out[i] = table[map[i]];
  return out;
}
