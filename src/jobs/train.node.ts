/** The verb `train`: from data-set folders to one model file that knows its tasks and its limits. */
import { prepareTasks } from '../cases/prepare-tasks.node.js';
import type { TrainingTask } from '../cases/training-task.js';
import { casesOf, type Dataset } from '../datasets/dataset.js';
import { loadCase } from '../datasets/load-case.node.js';
import { labelSpaceOf } from '../datasets/structures.js';
import { writeFileAtomic } from '../files/atomic.node.js';
import { assembleModel, finalWeights } from '../fitting/assemble-model.js';
import { type CaseReader, fitPostHoc, type PostHocFit, type PostHocTask } from '../fitting/post-hoc.js';
import { openNetwork } from '../inference/network.js';
import type { JobOptions } from '../job-options.js';
import { doubtsOf } from '../model/doubts.js';
import { encodeModelFile } from '../model/model-file.js';
import { chooseLayers } from '../networks/layers/choose-layers.js';
import { built } from '../networks/network.js';
import { defaultAdamW } from '../networks/optimiser.js';
import type { Plan } from '../preprocessing/plan.js';
import { type BegunRun, beginRun } from '../training/begin-run.node.js';
import type { TrainingState } from '../training/checkpoint.js';
import { watchDivergence } from '../training/divergence.js';
import { smoothMetrics } from '../training/smooth-metrics.js';
import { trainNetwork } from '../training/train-network.js';
import type { TrainOptions, TrainResult } from '../training/train-options.js';
import type { ValidationTask } from '../training/validation.js';
import { openWorkerBatches } from '../training/worker-batches.node.js';

/**
 * Train one network jointly on all data sets, calibrate it after training, write the model file.
 * @throws DatasetError, ImageFormatError, GeometryError for bad data; PlanError for a bad file of plans; RunError for a
 * run folder that does not fit; OutputError; CancelledError after a checkpoint where the signal fires
 * @example
 * const { tasks } = await train({ datasets: ['Task04_Hippocampus'], output: 'model.onnx', steps: 2000 });
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const begun = await beginRun(options);
  const { runtime, datasets, settings, run, plans, store } = begun;
  const prepared = await prepareTasks(datasets, plans, store, options);
  const state = await fitWeights(begun, prepared, options);
  const postHoc = await calibrate(begun, prepared, state, options);
  const model = assembleModel({ name: begun.name, engine: runtime.name, settings, datasets, plans, state, postHoc });
  for (const doubt of doubtsOf(model)) options.onNote?.(doubt);
  await writeFileAtomic(options.output, await encodeModelFile(model));
  return {
    model: options.output,
    run: run.folder,
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

/** Train the network, keeping log and checkpoints in the run folder. */
async function fitWeights(
  begun: BegunRun,
  prepared: readonly TrainingTask[],
  options: TrainOptions,
): Promise<TrainingState> {
  const { runtime, settings, datasets, run, start } = begun;
  const [smooth, watch] = [smoothMetrics(), watchDivergence()];
  for (const record of run.history) {
    smooth(record);
    watch(record);
  }
  const { minutes, steps } = settings;
  const { tasks, validation } = splitHeldOut(begun, prepared);
  const { architecture } = settings;
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
    initialWeights: start?.weights,
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

/** Prepared cases apart: those that train, and those held out for validation. */
function splitHeldOut(
  { datasets, plans, heldOut }: BegunRun,
  prepared: readonly TrainingTask[],
): { tasks: TrainingTask[]; validation: ValidationTask[] } {
  // Prepared cases are in the order of the training part of the split.
  const isHeldOut = datasets.map((dataset, i) => casesOf(dataset, 'train').map(({ name }) => heldOut[i].has(name)));
  return {
    tasks: prepared.map((task, i) => ({ ...task, cases: task.cases.filter((_, k) => !isHeldOut[i][k]) })),
    validation: prepared.map(({ name, cases }, i) => ({
      name,
      labels: labelSpaceOf(datasets[i]),
      plan: plans[i],
      cases: cases.filter((_, k) => isHeldOut[i][k]),
    })),
  };
}

/** Post-hoc calibration: temperatures and the out-of-distribution state of the finished network. */
async function calibrate(
  { runtime, settings, datasets, plans }: BegunRun,
  prepared: readonly TrainingTask[],
  state: TrainingState,
  options: JobOptions,
): Promise<PostHocFit> {
  const trained = { network: built(settings.architecture), weights: finalWeights(state) };
  const network = await openNetwork(trained, runtime);
  const tasks = datasets.map((dataset, i) => calibrationTask(dataset, plans[i], prepared[i]));
  const total = tasks.reduce((sum, { bank, calibration }) => sum + bank.length + calibration.length, 0);
  let done = 0;
  try {
    return await fitPostHoc(network, tasks, {
      signal: options.signal,
      onCase: (item) => options.onProgress?.({ stage: 'calibrate', done: ++done, total, item }),
    });
  } finally {
    await network.release();
  }
}

/** The bank is of all cases of the training part, those held out included; calibration cases are read one by one. */
function calibrationTask(dataset: Dataset, plan: Plan, { name, cases }: TrainingTask): PostHocTask {
  const labels = labelSpaceOf(dataset);
  const calibration = casesOf(dataset, 'calibration').map(
    (c): CaseReader =>
      async () => {
        const { image, reference, annotated } = await loadCase(c, labels);
        return { volume: image.volume, reference, annotated };
      },
  );
  return { name, labels, plan, bank: cases, calibration };
}
