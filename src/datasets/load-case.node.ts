/** Reads one case: the image, and its reference as a mask of the task's target. */
import { DatasetError, GeometryError } from '../errors.js';
import type { Image } from '../formats/image.js';
import { openImage } from '../formats/image-file.node.js';
import type { Mask } from '../volume/volume.js';
import type { Case, Dataset } from './dataset.js';
import { gridMismatch } from './grid-match.js';

/**
 * Read a labelled case.
 * @returns the image as stored (no intensity offset added) and a mask on the image's grid: 1 where the label is in
 *   `dataset.target` (default: above 0), else 0
 * @throws DatasetError without a reference, GeometryError where the reference is on another grid, ImageFormatError and
 *   UnsupportedError for unreadable files; each names the file
 */
export async function loadCase(
  dataset: Pick<Dataset, 'name' | 'target'>,
  c: Case,
): Promise<{ image: Image; reference: Mask }> {
  if (c.label === null)
    throw new DatasetError({
      file: c.image,
      problem: `case ${c.name} of ${dataset.name} has no reference`,
      remedy: 'add it to labelsTr/',
    });
  // Headers first: a reference on another grid, however large, is refused before its voxels take memory.
  const opened = { image: await openImage(c.image), label: await openImage(c.label) };
  const mismatch = gridMismatch(opened.image.header.grid, opened.label.header.grid);
  if (mismatch?.grave) throw new GeometryError({ file: c.label, problem: mismatch.message, remedy: mismatch.remedy });
  const image = await opened.image.read();
  const label = await opened.label.read();
  const { size, affine } = image.volume;
  return { image, reference: { size, affine, data: selectTarget(label.volume.data, dataset.target) } };
}

/** Label values -> 1 where in the target (null: above 0), else 0. */
export function selectTarget(labels: Float32Array, target: readonly number[] | null): Uint8Array {
  const mask = new Uint8Array(labels.length);
  const wanted = target && new Set(target);
  for (let i = 0; i < mask.length; i++) {
    // Scaled label images may miss their integers by float noise.
    const value = Math.round(labels[i]);
    mask[i] = (wanted ? wanted.has(value) : value > 0) ? 1 : 0;
  }
  return mask;
}
