/**
 * The verb `demo`: the whole story in a few minutes. Learns several tasks at once, measures itself on cases it has not
 * seen, then meets one image of a kind it knows and some of kinds it does not.
 */
import type { Dirent } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Case, casesOf, type Dataset } from '../datasets/dataset.js';
import { loadCase } from '../datasets/load-case.node.js';
import { openDataset } from '../datasets/open-dataset.node.js';
import { labelSpaceOf } from '../datasets/structures.js';
import { DatasetError, RunError } from '../errors.js';
import type { Summary } from '../evaluation/summary.js';
import { explainSystemError } from '../files/system-error.js';
import { isImageName } from '../formats/file-names.js';
import { readImage } from '../formats/image-file.node.js';
import type { JobOptions } from '../job-options.js';
import { dice } from '../metrics/overlap.js';
import { type OptionsOf, validateOptions } from '../options/options.js';
import type { FailedImage, PredictedCase } from '../results/predicted-case.js';
import type { TrainOptions, TrainResult } from '../training/train-options.js';
import { type PhantomChoice, type PhantomData, writePhantoms } from '../transforms/phantoms/phantom-data.node.js';
import { demoOptions } from './demo-options.js';
import { evaluate } from './evaluate.node.js';
import { predict } from './predict.node.js';
import { train } from './train.node.js';

/** Enough for phantoms, and a few minutes on two cores. */
const STEPS = 360;
/** 20 calibration cases a task are the fewest that support an alpha of 0.05. */
const PHANTOMS: PhantomChoice = { counts: { train: 20, calibration: 20, test: 10, ood: 8 } };

/** What the demonstration is made from and where it goes. */
export interface DemoOptions extends JobOptions, OptionsOf<typeof demoOptions> {
  readonly output: string;
  /** Which phantoms to make where no data is given. */
  readonly phantoms?: PhantomChoice;
}

/** An image that the finished model was not trained on, and what it says of it. */
export interface DemoExample {
  readonly image: string;
  /** The task's name, or the name of the OOD set. */
  readonly set: string;
  /** Whether it comes from an OOD set, not from the test cases of a task. */
  readonly ood: boolean;
  readonly result: PredictedCase | FailedImage;
  /** Dice with the reference; null where there is none. */
  readonly dice: number | null;
}

/** What the demonstration made and found. */
export interface DemoResult {
  readonly phantoms: boolean;
  readonly tasks: readonly {
    readonly name: string;
    readonly modality: string;
    readonly cases: { readonly train: number; readonly calibration: number; readonly test: number };
  }[];
  /** Names of the OOD sets. */
  readonly oodSets: readonly string[];
  readonly training: TrainResult;
  readonly summary: Summary;
  /** Path of `report.html`. */
  readonly report: string;
  /** Folder of the masks, one folder a set. */
  readonly predictions: string;
  readonly examples: readonly DemoExample[];
}

/**
 * Run the demonstration. A run that was stopped goes on from its last checkpoint.
 * @throws DatasetError where `data` holds no data set; otherwise what `train`, `evaluate` and `predict` throw
 * @example
 * const { report } = await demo({ output: 'demo' });
 */
export async function demo(options: DemoOptions): Promise<DemoResult> {
  validateOptions(demoOptions, options);
  const { output, data, seed = 0, threads, device, signal, onProgress, onNote } = options;
  const shared: JobOptions = { threads, device, signal, onProgress, onNote };
  const material =
    data === undefined
      ? await writePhantoms(path.join(output, 'data'), options.phantoms ?? PHANTOMS, { seed, signal, onProgress })
      : await findData(data);
  const training = await trainOrGoOn({
    ...shared,
    datasets: material.datasets,
    output: path.join(output, 'model.onnx'),
    run: path.join(output, 'model.run'),
    preset: 'tiny',
    steps: options.steps ?? STEPS,
    seed,
    // All that it makes lies in its own folder.
    cache: false,
  });
  const { model } = training;
  const { summary, report } = await evaluate({
    ...shared,
    model,
    datasets: material.datasets,
    ood: material.oodSets,
    output: path.join(output, 'report'),
    seed,
  });
  const datasets = await Promise.all(material.datasets.map((folder) => openDataset(folder, { seed })));
  const predictions = path.join(output, 'predictions');
  return {
    phantoms: data === undefined,
    tasks: datasets.map((dataset) => ({
      name: dataset.name,
      modality: dataset.modality,
      cases: {
        train: casesOf(dataset, 'train').length,
        calibration: casesOf(dataset, 'calibration').length,
        test: casesOf(dataset, 'test').length,
      },
    })),
    oodSets: material.oodSets.map((folder) => path.basename(folder)),
    training,
    summary,
    report,
    predictions,
    examples: await predictExamples(datasets, material.oodSets, {
      threads,
      device,
      signal,
      model,
      output: predictions,
    }),
  };
}

/** Train; where the run folder holds a run with these settings, go on with it, else start over. */
async function trainOrGoOn(options: TrainOptions & { readonly run: string }): Promise<TrainResult> {
  if (!(await exists(path.join(options.run, 'run.json')))) return train(options);
  try {
    return await train({ ...options, resume: true });
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    // The run folder is the demonstration's own; its data or its settings have changed.
    await rm(options.run, { recursive: true, force: true });
    return train(options);
  }
}

/** Predict the first test case, and the first image of each OOD set. */
async function predictExamples(
  datasets: readonly Dataset[],
  oodSets: readonly string[],
  options: JobOptions & { readonly model: string; readonly output: string },
): Promise<DemoExample[]> {
  const visitors: { image: string; set: string; known?: { dataset: Dataset; case: Case } }[] = [];
  for (const dataset of datasets) {
    const [first] = casesOf(dataset, 'test');
    if (!first) continue;
    const image = path.relative('.', first.image);
    visitors.push({ image, set: dataset.name, known: { dataset, case: first } });
    break;
  }
  for (const folder of oodSets) {
    const [first] = await imagesIn(folder);
    visitors.push({ image: path.join(folder, first), set: path.basename(folder) });
  }
  const examples: DemoExample[] = [];
  for (const { image, set, known } of visitors) {
    // Images of two sets may have the same name.
    const output = path.join(options.output, set);
    const { cases } = await predict({ ...options, inputs: [image], output, saveProbabilities: true });
    const [result] = cases;
    const mask = 'error' in result ? null : result.files.mask;
    const score = known && mask !== null ? await diceWithReference(path.join(output, mask), known) : null;
    examples.push({ image, set, ood: known === undefined, result, dice: score });
  }
  return examples;
}

async function diceWithReference(mask: string, known: { dataset: Dataset; case: Case }): Promise<number> {
  const prediction = await readImage(mask);
  const { reference } = await loadCase(known.case, labelSpaceOf(known.dataset));
  return dice(Uint8Array.from(prediction.volume.data), reference.data);
}

/** A user's own folder: data sets beside each other, OOD sets in `ood`. */
async function findData(folder: string): Promise<PhantomData> {
  const datasets: string[] = [];
  for (const entry of await list(folder)) {
    const inner = path.join(folder, entry.name);
    if (!entry.isFile() && (await exists(path.join(inner, 'dataset.json')))) datasets.push(inner);
  }
  if (datasets.length === 0) {
    throw new DatasetError({
      file: folder,
      expected: 'sub-folders with a dataset.json, one for each task',
      found: 'none',
      remedy: 'name the folder that holds the data sets',
    });
  }
  const ood = path.join(folder, 'ood');
  if (!(await exists(ood))) return { datasets, oodSets: [] };
  const inner = (await list(ood)).filter((entry) => !entry.isFile()).map((entry) => path.join(ood, entry.name));
  const oodSets: string[] = [];
  for (const set of [ood, ...inner]) if ((await imagesIn(set)).length > 0) oodSets.push(set);
  return { datasets, oodSets };
}

async function imagesIn(folder: string): Promise<string[]> {
  return (await list(folder)).map(({ name }) => name).filter(isImageName);
}

/** What lies in a folder, by name, hidden entries left out. */
async function list(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter(({ name }) => !name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    throw new DatasetError({ file: folder, problem: `cannot be listed: ${explainSystemError(cause)}`, cause });
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
