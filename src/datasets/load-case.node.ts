/** Reads one case: the image, and its reference as a map of the task's classes. */
import { DatasetError, GeometryError } from '../errors.js';
import type { Image } from '../formats/image.js';
import { openImage } from '../formats/image-file.node.js';
import type { LabelSpace } from '../labels/label-space.js';
import { referenceOf, structuresIn } from '../labels/reference.js';
import type { Mask } from '../volume/volume.js';
import type { Case } from './dataset.js';
import { gridMismatch } from './grid-match.js';
import { annotatedStructures } from './structures.js';

/** A case, read. */
export interface LoadedCase {
  /** As stored, no intensity offset added. */
  readonly image: Image;
  /** Class numbers (`labels/`) on the image's grid; with one structure 1 inside and 0 outside. */
  readonly reference: Mask;
  /** Of each structure whether the reference shows it wherever it is; null: of all. */
  readonly annotated: readonly boolean[] | null;
}

/**
 * Read a labelled case.
 * @param space what its label values mean
 * @throws DatasetError without a reference, GeometryError where the reference is on another grid, ImageFormatError and
 *   UnsupportedError for unreadable files; each names the file
 */
export async function loadCase(c: Case, space: LabelSpace): Promise<LoadedCase> {
  if (c.label === null)
    throw new DatasetError({
      file: c.image,
      problem: `case ${c.name} has no reference`,
      remedy: 'add it to labelsTr/',
    });
  // Headers first: a reference on another grid, however large, is refused before its voxels take memory.
  const opened = { image: await openImage(c.image), label: await openImage(c.label) };
  const mismatch = gridMismatch(opened.image.header.grid, opened.label.header.grid);
  if (mismatch?.grave) throw new GeometryError({ file: c.label, problem: mismatch.message, remedy: mismatch.remedy });
  const image = await opened.image.read();
  const label = await opened.label.read();
  const { size, affine } = image.volume;
  const reference = { size, affine, data: referenceOf(space, label.volume.data) };
  return { image, reference, annotated: annotatedIn(space, c, reference.data) };
}

/** As the data set says, or where absent structures count as not annotated, those that are there. */
function annotatedIn(space: LabelSpace, c: Case, reference: Uint8Array): boolean[] | null {
  if (c.annotated !== null || space.absent === undefined) return annotatedStructures(space, c);
  const present = structuresIn(space, reference);
  return present.every(Boolean) ? null : present;
}
