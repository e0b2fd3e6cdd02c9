/** Writes results on the grid of the image they belong to. */
import { writeFileAtomic } from '../files/atomic.node.js';
import type { ImageHeader } from '../volume/nifti.js';
import { encodeFloat, encodeMask } from '../volume/nifti-write.js';

/** Write a mask as `.nii.gz` (uint8, intent 1002) with the image's geometry bytes; throws OutputError. */
export async function writeMask(path: string, mask: Uint8Array, header: ImageHeader): Promise<void> {
  await writeFileAtomic(path, encodeMask(mask, header));
}

/** Write foreground probabilities as `.nii.gz` (float32) with the image's geometry bytes; throws OutputError. */
export async function writeProbabilities(path: string, probability: Float32Array, header: ImageHeader): Promise<void> {
  await writeFileAtomic(path, encodeFloat(probability, header, 'foreground probability'));
}

/** Write an OOD map as `.nii.gz` (float32) with the image's geometry bytes; throws OutputError. */
export async function writeOodMap(path: string, map: Float32Array, header: ImageHeader): Promise<void> {
  await writeFileAtomic(path, encodeFloat(map, header, 'strangeness relative to the rest of the scan, no p-value'));
}
