/** The smallest work that every verb does, for tests that do it over and over. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ballName, writeBallDataset } from './ball-data.js';
import type { BallTask } from './balls.js';

export const smallTask: BallTask = { name: 'small', contrast: 4, size: [12, 12, 12], spacing: [1, 1, 1] };

/** Two training cases, one calibration and one test case. */
export function writeSmallDataset(folder: string): string {
  const names = [0, 1, 2, 3].map((index) => ballName(smallTask, index));
  return writeBallDataset(folder, smallTask, {
    training: names.map((name) => ({ image: `./imagesTr/${name}.nii.gz`, label: `./labelsTr/${name}.nii.gz` })),
    split: { train: names.slice(0, 2), calibration: names.slice(2, 3), test: names.slice(3) },
  });
}

/** All files below a folder with digests of their contents. */
export function contentsOf(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = entries.map((entry) => path.join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(
    files.map((file) => [path.relative(folder, file), createHash('sha256').update(readFileSync(file)).digest('hex')]),
  );
}

/** Something old where a result will be written. */
export function writeOld(...files: readonly string[]): void {
  for (const file of files) writeFileSync(file, 'of an earlier run');
}

export const isOld = (file: string) => readFileSync(file, 'utf8') === 'of an earlier run';
