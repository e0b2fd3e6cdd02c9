/** Whether there is anything in an image to segment, and how much of it is no number. */
import { EmptyImageError } from '../errors.js';
import { finiteRange } from '../preprocessing/intensity.js';
import type { Volume } from '../volume/volume.js';

const emptyFault = {
  expected: 'an image with something to segment',
  remedy: 'export it again, or take it out',
};

/** How many voxels are NaN or infinite. @throws EmptyImageError where the others are all alike, or there are none */
export function checkContents({ data }: Volume): number {
  const { minimum, maximum, notFinite } = finiteRange(data);
  if (maximum > minimum) return notFinite;
  const found = notFinite === data.length ? 'no finite voxel' : `nothing but voxels of ${minimum}`;
  throw new EmptyImageError({ ...emptyFault, found });
}

export function notFiniteRemark(n: number, { data }: Volume): string {
  const share = Number(((100 * n) / data.length).toPrecision(2));
  return `${n} voxels (${share} %) are NaN or infinite and were taken as the smallest finite value.`;
}

/** Not empty as stored, but nothing is left of it. */
export function emptyUnder(tasks: readonly { readonly name: string }[], { data }: Volume): EmptyImageError {
  const { minimum, maximum } = finiteRange(data);
  const names = tasks.map(({ name }) => name).join(', ');
  return new EmptyImageError({
    expected: emptyFault.expected,
    found: `values from ${minimum} to ${maximum}, all alike after the intensities of the plan of ${names}`,
    remedy: 'check the units of the image, or give the offset to Hounsfield units (--intensity-offset)',
  });
}
