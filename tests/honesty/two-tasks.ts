/**
 * Two tasks of twelve cases each, without a split and with unlike plans, and a model trained on them for a few steps with
 * cases held out: the material on which everything that a model file says is computed again.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createHeader } from '../../src/formats/nifti/nifti.js';
import { encodeFloat, encodeMask } from '../../src/formats/nifti/write.js';
import { train } from '../../src/jobs/train.node.js';
import type { Vec3 } from '../../src/math/vector.js';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/training/checkpoint.js';
import type { TrainOptions } from '../../src/training/train-options.js';
import type { Mask, Volume } from '../../src/volume/volume.js';
import { ensureBuilt } from '../cli/run-candor.js';
import { ballName } from '../support/ball-data.js';
import { type BallTask, makeBall } from '../support/balls.js';
import { builtOnce } from '../support/built-once.js';

export const CASES = 12;
export const SEED = 5;
/** Enough for one validation, after the last. */
export const STEPS = 60;
export const HELD_OUT = 2;
/** Voxels along each side of the corner that images do not show. */
const HIDDEN = 3;

/** Larger than their windows, and on grids that differ from the plans' by less than a low-pass would act on. */
export const tasks: readonly BallTask[] = [
  { name: 'bright', contrast: 3, size: [24, 20, 16], spacing: [1, 1, 1] },
  { name: 'dark', contrast: -2, size: [20, 16, 18], spacing: [1.25, 1.25, 1.5] },
];

/** What the tasks' plans are given; the rest of a plan follows from the cases. */
export const givenPlans: Readonly<Record<string, { spacing: Vec3; patch: Vec3; overlap: number }>> = {
  bright: { spacing: [1, 1, 1], patch: [16, 16, 16], overlap: 0.5 },
  dark: { spacing: [1.2, 1.2, 1.5], patch: [12, 16, 12], overlap: 0.25 },
};

/**
 * A ball, and in its reference a corner that the image does not show: what a network finds and what it should find are
 * apart, so that figures near the one are not those near both.
 */
function makeCase(task: BallTask, index: number): { volume: Volume; reference: Mask } {
  const { volume, reference } = makeBall(task, index);
  const { size, affine } = reference;
  const data = reference.data.slice();
  const at = (i: number): Vec3 => [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))];
  const ball = [...data.keys()].filter((i) => data[i] === 1).map(at);
  const centre = size.map((_, axis) => ball.reduce((sum, voxel) => sum + voxel[axis], 0) / ball.length);
  const isOpposite = (p: number, axis: number) =>
    centre[axis] < size[axis] / 2 ? p >= size[axis] - HIDDEN : p < HIDDEN;
  for (let i = 0; i < data.length; i++) if (at(i).every(isOpposite)) data[i] = 1;
  return { volume, reference: { data, size, affine } };
}

/** Cases by name, image and reference of each on disk; returns the data set's folder. */
export function writeTask(folder: string, task: BallTask): string {
  const dataset = path.join(folder, task.name);
  const names = Array.from({ length: CASES }, (_, index) => ballName(task, index));
  for (const part of ['imagesTr', 'labelsTr']) mkdirSync(path.join(dataset, part), { recursive: true });
  names.forEach((name, index) => {
    const { volume, reference } = makeCase(task, index);
    writeFileSync(path.join(dataset, 'imagesTr', `${name}.nii.gz`), encodeFloat(volume.data, createHeader(volume)));
    writeFileSync(
      path.join(dataset, 'labelsTr', `${name}.nii.gz`),
      encodeMask(reference.data, createHeader(reference)),
    );
  });
  const json = {
    name: task.name,
    modality: { 0: 'MR' },
    labels: { 0: 'background', 1: 'ball' },
    training: names.map((name) => ({ image: `./imagesTr/${name}.nii.gz`, label: `./labelsTr/${name}.nii.gz` })),
  };
  writeFileSync(path.join(dataset, 'dataset.json'), JSON.stringify(json));
  return dataset;
}

/** Both data sets and the file of plans. */
export function writeTasks(folder: string): { datasets: string[]; plans: string } {
  const datasets = tasks.map((task) => writeTask(folder, task));
  const plans = path.join(folder, 'plans.json');
  const entries = Object.entries(givenPlans).map(([name, values]) => [
    name,
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value }])),
  ]);
  writeFileSync(plans, JSON.stringify({ format: 'candor-plans/1', tasks: Object.fromEntries(entries) }));
  return { datasets, plans };
}

export interface HonestRun {
  readonly folder: string;
  readonly datasets: readonly string[];
  /** As the run left it. */
  readonly trained: string;
  /** Of the same run after its best weights were made others than its last ones, averaged or not. */
  readonly chosen: string;
  readonly options: TrainOptions;
}

const foldersIn = (folder: string): string[] => tasks.map(({ name }) => path.join(folder, name));

export const optionsFor = (folder: string, changes: Partial<TrainOptions> = {}): TrainOptions => ({
  datasets: foldersIn(folder),
  plans: path.join(folder, 'plans.json'),
  output: path.join(folder, 'trained.onnx'),
  preset: 'tiny',
  steps: STEPS,
  batch: 3,
  seed: SEED,
  threads: 1,
  learningRate: 5e-3,
  validationCases: HELD_OUT,
  cache: false,
  ...changes,
});

/** The run that the tests of this folder share; they change nothing in it. */
export async function honestRun(): Promise<HonestRun> {
  const folder = await builtOnce('two-tasks', async (making) => {
    // The worker that prepares batches is compiled code.
    await ensureBuilt();
    writeTasks(making);
    await train(optionsFor(making));
    await chooseOthers(making);
  });
  const at = (name: string) => path.join(folder, name);
  const options = optionsFor(folder);
  return { folder, datasets: foldersIn(folder), trained: at('trained.onnx'), chosen: at('chosen.onnx'), options };
}

/**
 * A run whose best weights are not its last: which step is best is chance in so short a run, so the checkpoint's best
 * weights are replaced, and the run, whose steps are all done, is resumed to be judged again.
 */
async function chooseOthers(folder: string): Promise<void> {
  const [from, to] = ['trained', 'chosen'].map((name) => path.join(folder, `${name}.run`));
  cpSync(from, to, { recursive: true });
  const file = path.join(to, 'checkpoint.bin');
  const state = await decodeCheckpoint(readFileSync(file), file);
  const weights = state.average.map((value) => 1.05 * value);
  writeFileSync(file, await encodeCheckpoint({ ...state, best: { step: STEPS / 2, score: 0.9, weights } }));
  await train(optionsFor(folder, { output: path.join(folder, 'chosen.onnx'), resume: true }));
}
