/** Reads one case: the image, and its reference as a mask of the task's target. */
import { DatasetError, GeometryError } from '../errors.js';
import { readImage, readImageHeader } from '../formats/image-file.node.js';
import type { Image } from '../formats/nifti/nifti.js';
import { referenceOf } from '../labels/reference.js';
import type { Mask } from '../volume/volume.js';
import type { Case, Dataset } from './dataset.js';
import { gridMismatch } from './grid-match.js';
import { labelSpaceOf } from './labels.js';

/**
 * Read a labelled case.
 * @returns the image as stored (no intensity offset added) and a map of classes on the image's grid (`labels/`): with one
 *   structure 1 where the label is in `dataset.target` (default: above 0), else 0
 * @throws DatasetError without a reference, GeometryError where the reference is on another grid, ImageFormatError and
 *   UnsupportedError for unreadable files; each names the file
 */
export async function loadCase(
  dataset: Pick<Dataset, 'name' | 'labels' | 'target'>,
  c: Case,
): Promise<{ image: Image; reference: Mask }> {
  if (c.label === null)
    throw new DatasetError(`${c.image}: case ${c.name} of ${dataset.name} has no reference; add it to labelsTr/.`);
  // Headers first: a reference on another grid, however large, is refused before its voxels take memory.
  const grids = [await readImageHeader(c.image), await readImageHeader(c.label)].map(({ grid }) => grid);
  const mismatch = gridMismatch(grids[0], grids[1]);
  if (mismatch?.grave)
    throw new GeometryError(`${c.label}: ${mismatch.message}; resample the reference onto the image's grid.`);
  const image = await readImage(c.image);
  const label = await readImage(c.label);
  const { size, affine } = image.volume;
  return { image, reference: { size, affine, data: referenceOf(labelSpaceOf(dataset), label.volume.data) } };
}
