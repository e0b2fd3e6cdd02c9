/** Makes small data-set folders in both layouts, in a temporary place. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createHeader } from '../../src/formats/nifti/nifti.js';
import { encodeFloat, encodeMask } from '../../src/formats/nifti/write.js';
import { count, type Vec3 } from '../../src/math/vector.js';

export const size: Vec3 = [6, 5, 4];
export const affine = [-2, 0, 0, 10, 0, -2, 0, 20, 0, 0, 3, 30, 0, 0, 0, 1];

export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'candor-datasets-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function put(folder: string, file: string, content: Uint8Array | string | object): void {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content));
}

/** An image whose voxels differ by seed. */
export function imageBytes(seed: number, grid = { size, affine }): Uint8Array {
  const data = Float32Array.from({ length: count(grid.size) }, (_, i) => ((i + 1) * (seed + 3)) % 101);
  return encodeFloat(data, createHeader(grid));
}

/** Labels 0, 1, 2 in turn; those of another seed begin later. */
export function labelBytes(grid = { size, affine }, values: readonly number[] = [0, 1, 2], seed = 0): Uint8Array {
  return encodeMask(
    Uint8Array.from({ length: count(grid.size) }, (_, i) => (i < seed ? 0 : values[(i - seed) % values.length])),
    createHeader(grid),
  );
}

export function putDecathlon(folder: string, names: readonly string[], changes: object = {}): void {
  names.forEach((name, i) => {
    put(folder, `imagesTr/${name}.nii.gz`, imageBytes(i));
    put(folder, `labelsTr/${name}.nii.gz`, labelBytes(undefined, undefined, i));
  });
  put(folder, 'dataset.json', {
    name: 'Liver',
    modality: { '0': 'MRI' },
    labels: { '0': 'background', '1': 'liver', '2': 'tumour' },
    training: names.map((n) => ({ image: `./imagesTr/${n}.nii.gz`, label: `./labelsTr/${n}.nii.gz` })),
    tensorImageSize: '3D',
    ...changes,
  });
}

export function putNnunet(folder: string, names: readonly string[], changes: object = {}): void {
  names.forEach((name, i) => {
    put(folder, `imagesTr/${name}_0000.nii.gz`, imageBytes(i));
    put(folder, `labelsTr/${name}.nii.gz`, labelBytes(undefined, undefined, i));
  });
  put(folder, 'dataset.json', {
    channel_names: { '0': 'CT' },
    labels: { background: 0, liver: 1, tumour: 2 },
    numTraining: names.length,
    file_ending: '.nii.gz',
    ...changes,
  });
}
