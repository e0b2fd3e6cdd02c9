/** Balls on disk: one small data set a task, in the layout of the Decathlon. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createHeader } from '../../src/formats/nifti/nifti.js';
import { encodeFloat, encodeMask } from '../../src/formats/nifti/write.js';
import { type BallTask, ballTasks, makeBall } from './balls.js';

export function temporaryFolder(): { readonly path: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'candor-jobs-'));
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export const ballName = (task: BallTask, index: number) => `${task.name}_${index}`;

/** Bytes of image number `index` as a file. */
export function ballFile(task: BallTask, index: number): Uint8Array {
  const { volume } = makeBall(task, index);
  return encodeFloat(volume.data, createHeader(volume));
}

/** Four training, three calibration and two test cases; returns the data set's folder. */
export function writeBallDataset(folder: string, task: BallTask, changes: object = {}): string {
  const dataset = path.join(folder, task.name);
  const names = Array.from({ length: 9 }, (_, index) => ballName(task, index));
  for (const part of ['imagesTr', 'labelsTr']) mkdirSync(path.join(dataset, part), { recursive: true });
  names.forEach((name, index) => {
    const { reference } = makeBall(task, index);
    writeFileSync(path.join(dataset, 'imagesTr', `${name}.nii.gz`), ballFile(task, index));
    const label = encodeMask(reference.data, createHeader(reference));
    writeFileSync(path.join(dataset, 'labelsTr', `${name}.nii.gz`), label);
  });
  const json = {
    name: task.name,
    modality: { 0: 'MR' },
    labels: { 0: 'background', 1: 'ball' },
    training: names.map((name) => ({ image: `./imagesTr/${name}.nii.gz`, label: `./labelsTr/${name}.nii.gz` })),
    split: { train: names.slice(0, 4), calibration: names.slice(4, 7), test: names.slice(7) },
    ...changes,
  };
  writeFileSync(path.join(dataset, 'dataset.json'), JSON.stringify(json));
  return dataset;
}

export function writeBallDatasets(folder: string): string[] {
  return ballTasks.map((task) => writeBallDataset(folder, task));
}
