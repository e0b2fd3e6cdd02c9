/** The verb `train`: from data-set folders to one model file that knows its tasks and its limits. */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { casesOf, type Dataset } from '../datasets/dataset.js';
import { loadCase } from '../datasets/load-case.node.js';
import { ModelFormatError } from '../errors.js';
import { makeFolder, writeFileAtomic } from '../files/atomic.node.js';
import { openNetwork } from '../inference/network.js';
import type { StoredModel } from '../model/model.js';
import { encodeModelFile } from '../model/model-file.js';
import { type Preset, presets, strideOf } from '../networks/architecture.js';
import { chooseLayers } from '../networks/layers/choose-layers.js';
import { defaultAdamW } from '../networks/optimiser.js';
import type { Plan } from '../preprocessing/plan.js';
import { createOnnxRuntime } from '../runtime/onnxruntime.node.js';
import type { Runtime } from '../runtime/session.js';
import type { TrainingState } from '../training/checkpoint.js';
import { watchDivergence } from '../training/divergence.js';
import { holdOut } from '../training/hold-out.js';
import { type CaseReader, fitJudges, type Judges, type JudgeTask } from '../training/judges.js';
import type { TrainingTask } from '../training/task.js';
import { toShared } from '../training/to-shared.js';
import { trainNetwork } from '../training/train-network.js';
import type { ValidationTask } from '../training/validation.js';
import { openWorkerBatches } from '../training/worker-batches.node.js';
import { assembleModel, finalWeights } from './assemble-model.js';
import { checkMemory, estimateRun, memoryLimit } from './check-memory.node.js';
import { checkAll, datasetHash, makePlans, openDatasets, prepareTasks } from './prepare-tasks.node.js';
import { smoothMetrics } from './progress.js';
import { readModel } from './read-model.node.js';
import { openRunFolder, type RunFolder } from './run-folder.node.js';
import { type TrainSettings, trainSettings } from './train-settings.js';
import type { JobOptions, TrainOptions, TrainResult } from './types.js';
import { version } from './version.node.js';

/**
 * Train one network jointly on all data sets, calibrate it, fit its out-of-distribution judges, write the model file.
 * @throws DatasetError, ImageFormatError, GeometryError for bad data; RunError for a run folder that does not fit;
 * OutputError; CancelledError after a checkpoint where the signal fires
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const threads = options.threads ?? availableParallelism();
  const runtime = createOnnxRuntime({ ...options, threads });
  const start = await readStart(options.init, options.preset ?? 'small');
  const datasets = await openDatasets(options.datasets, options.seed ?? 0);
  await checkAll(datasets, options);
  const hashes = await Promise.all(datasets.map(datasetHash));
  const settings = trainSettings(options, {
    init: start?.sha256 ?? null,
    threads,
    layers: (await chooseLayers(presets[options.preset ?? 'small'].architecture, runtime)).name,
    datasets: datasets.map(({ name }, i) => ({ name, sha256: hashes[i] })),
    version,
  });
  // A model that cannot be written is found out before the work, not after it.
  await makeFolder(path.dirname(options.output));
  const stem = options.output.replace(/\.onnx$/i, '');
  const folder = options.run ?? `${stem}.run`;
  const run = await openRunFolder(folder, settings, options.resume ?? false);

  const { architecture, patchVoxels } = presets[settings.preset];
  const choices = { stride: strideOf(architecture), patchVoxels, patch: options.patch, spacing: settings.spacing };
  const plans = await makePlans(datasets, choices, options);
  await run.writeJson('plans.json', Object.fromEntries(datasets.map(({ name }, i) => [name, plans[i]])));
  const { layers } = await chooseLayers(architecture, runtime);
  options.onNote?.(checkMemory(await estimateRun(datasets, plans, settings, layers), memoryLimit()));
  const heldOut = datasets.map((dataset) =>
    holdOut(casesOf(dataset, 'train'), settings.seed, settings.validationCases),
  );
  const splits = datasets.map(({ name, split }, i) => [name, { ...split, validation: [...heldOut[i]].sort() }]);
  await run.writeJson('splits.json', Object.fromEntries(splits));

  const state = await learn(
    { runtime, settings, datasets, plans, heldOut, run, initialWeights: start?.weights },
    options,
  );
  const judges = await judge({ runtime, settings, datasets, plans, state }, options);
  const name = path.basename(stem);
  const model = assembleModel({ name, engine: runtime.name, settings, datasets, plans, state, judges });
  await writeFileAtomic(options.output, await encodeModelFile(model));
  return {
    model: options.output,
    run: folder,
    steps: state.step,
    best: state.best && { step: state.best.step, validationDice: state.best.score },
    trainingSeconds: state.seconds,
    tasks: model.tasks.map(({ name, calibration: { temperature, meanDice } }) => ({
      name,
      temperature,
      calibrationDice: meanDice,
    })),
  };
}

/** The model whose weights are the start, if one is named. */
async function readStart(init: string | undefined, preset: Preset): Promise<StoredModel | undefined> {
  if (init === undefined) return undefined;
  const start = await readModel(init);
  if (JSON.stringify(start.architecture) !== JSON.stringify(presets[preset].architecture)) {
    throw new ModelFormatError(`${init}: expected the network of preset ${preset}, found another.`);
  }
  return start;
}

interface Material {
  readonly runtime: Runtime;
  readonly settings: TrainSettings;
  readonly datasets: readonly Dataset[];
  readonly plans: readonly Plan[];
}

interface Lesson extends Material {
  /** By data set, the names of the training cases that do not train. */
  readonly heldOut: readonly ReadonlySet<string>[];
  readonly run: RunFolder;
  readonly initialWeights?: Float32Array;
}

/** Train the network, keeping log and checkpoints in the run folder. */
async function learn(lesson: Lesson, options: TrainOptions): Promise<TrainingState> {
  const { runtime, settings, datasets, run } = lesson;
  const [smooth, watch] = [smoothMetrics(), watchDivergence()];
  for (const record of run.history) {
    smooth(record);
    watch(record);
  }
  const { minutes, steps } = settings;
  const { tasks, validation } = await prepareLesson(lesson, options);
  const { architecture } = presets[settings.preset];
  return trainNetwork({
    runtime,
    architecture,
    layers: (await chooseLayers(architecture, runtime)).layers,
    tasks,
    validation,
    openBatches: openWorkerBatches,
    seed: settings.seed,
    duration: minutes === undefined ? { steps: steps! } : { minutes },
    batch: settings.batch,
    shares: datasets.map((_, i) => (settings.balance === 'tasks' ? 1 : tasks[i].cases.length)),
    loss: settings.loss,
    dropout: settings.dropout,
    learningRate: settings.learningRate,
    optimiser: defaultAdamW,
    state: run.state,
    initialWeights: lesson.initialWeights,
    signal: options.signal,
    checkpointEvery: options.checkpointEvery,
    onCheckpoint: (next) => run.saveCheckpoint(next),
    onValidation: (record) => run.log(record),
    async onStep(record) {
      await run.log(record);
      const { loss, dice } = smooth(record);
      options.onProgress?.({ stage: 'train', done: record.step, total: record.steps ?? 0, loss, dice });
      for (const note of watch(record)) options.onNote?.(note);
    },
  });
}

/** Cases prepared under their plans: those that train, in memory that the batches' worker shares, and those held out. */
async function prepareLesson(
  { datasets, plans, heldOut }: Lesson,
  options: JobOptions,
): Promise<{ tasks: TrainingTask[]; validation: ValidationTask[] }> {
  const prepared = await prepareTasks(datasets, plans, options);
  // Prepared cases are in the order of the training part of the split.
  const isHeldOut = datasets.map((dataset, i) => casesOf(dataset, 'train').map(({ name }) => heldOut[i].has(name)));
  return {
    tasks: prepared.map((task, i) => ({ ...task, cases: task.cases.filter((_, k) => !isHeldOut[i][k]).map(toShared) })),
    validation: prepared.map(({ name, cases }, i) => ({
      name,
      plan: plans[i],
      cases: cases.filter((_, k) => isHeldOut[i][k]),
    })),
  };
}

/** Fit temperatures and the out-of-distribution state of the finished network. */
async function judge(
  { runtime, settings, datasets, plans, state }: Material & { state: TrainingState },
  options: JobOptions,
): Promise<Judges> {
  const { architecture } = presets[settings.preset];
  const network = await openNetwork({ architecture, weights: finalWeights(state) }, runtime);
  const tasks = datasets.map((dataset, i) => judgeTask(dataset, plans[i]));
  const total = tasks.reduce((sum, { bank, calibration }) => sum + bank.length + calibration.length, 0);
  let done = 0;
  try {
    return await fitJudges(network, tasks, {
      signal: options.signal,
      onCase: (item) => options.onProgress?.({ stage: 'calibrate', done: ++done, total, item }),
    });
  } finally {
    await network.release();
  }
}

function judgeTask(dataset: Dataset, plan: Plan): JudgeTask {
  const readers = (part: 'train' | 'calibration'): CaseReader[] =>
    casesOf(dataset, part).map((c) => async () => {
      const { image, reference } = await loadCase(dataset, c);
      return { volume: image.volume, reference };
    });
  return { name: dataset.name, plan, bank: readers('train'), calibration: readers('calibration') };
}
