/** Cases of the shared run, parted by the run folder's own list, and what the network of a model file makes of them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readImage } from '../../src/formats/image-file.node.js';
import type { Model } from '../../src/model/model.js';
import type { Plan } from '../../src/preprocessing/plan.js';
import type { Volume } from '../../src/volume/volume.js';
import { openFile, type Run, type Triple } from './recompute.js';
import type { HonestRun } from './two-tasks.js';

export type Part = 'train' | 'calibration' | 'test' | 'validation';

export function splitsOf(run: HonestRun, name: 'trained' | 'chosen' = 'trained') {
  const text = readFileSync(path.join(run.folder, `${name}.run`, 'splits.json'), 'utf8');
  return JSON.parse(text) as Record<string, Record<Part, string[]>>;
}

export interface HonestCase {
  readonly task: string;
  readonly name: string;
  readonly file: string;
  readonly volume: Volume;
  readonly reference: Uint8Array;
}

/** Cases of one part of one task, read from disk. */
export async function casesOf(run: HonestRun, task: string, part: Part): Promise<HonestCase[]> {
  const folder = run.datasets.find((dataset) => path.basename(dataset) === task)!;
  const cases: HonestCase[] = [];
  for (const name of splitsOf(run)[task][part]) {
    const file = path.join(folder, 'imagesTr', `${name}.nii.gz`);
    const label = await readImage(path.join(folder, 'labelsTr', `${name}.nii.gz`));
    const { volume } = await readImage(file);
    cases.push({ task, name, file, volume, reference: Uint8Array.from(label.volume.data) });
  }
  return cases;
}

export const sizeOf = ({ volume }: HonestCase): Triple => volume.size;

/** What the network in a file makes of cases under a plan, in order. */
export async function runCases(
  file: { readonly path: string; readonly model: Model },
  cases: readonly HonestCase[],
  plan: Plan,
): Promise<Run[]> {
  const opened = await openFile(file.path, file.model);
  const runs: Run[] = [];
  for (const { volume } of cases) runs.push(await opened.run(volume, plan));
  await opened.close();
  return runs;
}
