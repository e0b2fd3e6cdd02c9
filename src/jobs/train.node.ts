/** The verb `train`: from data-set folders to one model file that knows its tasks and its limits. */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { casesOf, type Dataset } from '../datasets/dataset.js';
import { loadCase } from '../datasets/load-case.node.js';
import { ModelFormatError, UsageError } from '../errors.js';
import { makeFolder, writeFileAtomic } from '../files/atomic.node.js';
import { openNetwork } from '../inference/network.js';
import type { Model } from '../model/model.js';
import { encodeModelFile } from '../model/model-file.js';
import { presets, strideOf } from '../networks/architecture.js';
import { defaultAdamW } from '../networks/optimiser.js';
import type { Plan } from '../preprocessing/plan.js';
import { createOnnxRuntime } from '../runtime/onnxruntime.node.js';
import { type CaseReader, fitJudges } from '../training/judges.js';
import { trainNetwork } from '../training/train-network.js';
import { checkAll, datasetHash, makePlans, openDatasets, prepareTasks } from './prepare-tasks.node.js';
import { smoothMetrics } from './progress.js';
import { readModel } from './read-model.node.js';
import { openRunFolder } from './run-folder.node.js';
import type { TrainOptions, TrainResult } from './types.js';
import { version } from './version.node.js';

const DEFAULT_LEARNING_RATE = 2e-3;

/**
 * Train one network jointly on all data sets, calibrate it, fit its out-of-distribution judges, write the model file.
 * @throws DatasetError, ImageFormatError, GeometryError for bad data; RunError for a run folder that does not fit;
 * OutputError; CancelledError after a checkpoint where the signal fires
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  if (options.steps !== undefined && options.minutes !== undefined) {
    throw new UsageError('Expected either a number of steps or minutes, found both.');
  }
  const preset = options.preset ?? 'small';
  const { architecture, patchVoxels, steps: presetSteps } = presets[preset];
  const seed = options.seed ?? 0;
  const threads = options.threads ?? availableParallelism();
  const runtime = createOnnxRuntime({ ...options, threads });
  const datasets = await openDatasets(options.datasets, seed);
  const start = options.init === undefined ? undefined : await readModel(options.init);
  if (start && JSON.stringify(start.architecture) !== JSON.stringify(architecture)) {
    throw new ModelFormatError(`${options.init}: expected the network of preset ${preset}, found another.`);
  }
  await checkAll(datasets, options);
  const hashes = await Promise.all(datasets.map(datasetHash));
  const settings = {
    preset,
    ...(options.minutes === undefined ? { steps: options.steps ?? presetSteps } : { minutes: options.minutes }),
    seed,
    batch: options.batch ?? Math.max(2, datasets.length),
    patch: options.patch ?? null,
    spacing: options.spacing ?? 'per-task',
    balance: options.balance ?? 'tasks',
    loss: options.loss ?? 'ce+dice',
    dropout: options.dropout ?? 0,
    learningRate: options.learningRate ?? DEFAULT_LEARNING_RATE,
    init: start?.sha256 ?? null,
    // Sums inside an operator are split by thread: another number of threads gives other last bits.
    threads,
    datasets: datasets.map(({ name }, i) => ({ name, sha256: hashes[i] })),
    version,
  } as const;
  // A model that cannot be written is found out before the work, not after it.
  await makeFolder(path.dirname(options.output));
  const folder = options.run ?? `${options.output.replace(/\.onnx$/i, '')}.run`;
  const run = await openRunFolder(folder, settings, options.resume ?? false);
  const choices = { stride: strideOf(architecture), patchVoxels, patch: options.patch, spacing: settings.spacing };
  const plans = await makePlans(datasets, choices, options);
  await run.writeJson('plans.json', Object.fromEntries(datasets.map(({ name }, i) => [name, plans[i]])));
  await run.writeJson('splits.json', Object.fromEntries(datasets.map(({ name, split }) => [name, split])));

  const smooth = smoothMetrics();
  const state = await trainNetwork({
    runtime,
    architecture,
    tasks: await prepareTasks(datasets, plans, options),
    seed,
    duration: options.minutes === undefined ? { steps: options.steps ?? presetSteps } : { minutes: options.minutes },
    batch: settings.batch,
    shares: datasets.map((dataset) => (settings.balance === 'tasks' ? 1 : casesOf(dataset, 'train').length)),
    loss: settings.loss,
    dropout: settings.dropout,
    learningRate: settings.learningRate,
    optimiser: defaultAdamW,
    state: run.state,
    initialWeights: start?.weights,
    signal: options.signal,
    onCheckpoint: (next) => run.saveCheckpoint(next),
    async onStep(record) {
      await run.logStep(record);
      const { loss, dice } = smooth(record);
      options.onProgress?.({ stage: 'train', done: record.step, total: record.steps ?? 0, loss, dice });
    },
  });

  const network = await openNetwork({ architecture, weights: state.weights }, runtime);
  try {
    const total = datasets.reduce(
      (sum, dataset) => sum + casesOf(dataset, 'train').length + casesOf(dataset, 'calibration').length,
      0,
    );
    let done = 0;
    const tasks = datasets.map((dataset, i) => judgeTask(dataset, plans[i]));
    const judges = await fitJudges(network, tasks, {
      signal: options.signal,
      onCase: (item) => options.onProgress?.({ stage: 'calibrate', done: ++done, total, item }),
    });
    const model: Model = {
      name: path.basename(options.output).replace(/\.onnx$/i, ''),
      architecture,
      weights: state.weights,
      tasks: datasets.map((dataset, i) => ({
        name: dataset.name,
        modality: dataset.modality,
        foreground: foregroundNames(dataset),
        plan: plans[i],
        cases: {
          train: casesOf(dataset, 'train').length,
          calibration: casesOf(dataset, 'calibration').length,
          test: casesOf(dataset, 'test').length,
        },
        calibration: judges.calibration[i],
      })),
      ood: judges.ood,
      provenance: {
        version,
        engine: runtime.name,
        created: new Date().toISOString(),
        seed,
        steps: state.step,
        trainingSeconds: state.seconds,
        settings: {
          preset,
          batch: settings.batch,
          spacing: String(settings.spacing),
          balance: settings.balance,
          loss: settings.loss,
          dropout: settings.dropout,
          learningRate: settings.learningRate,
        },
        datasets: settings.datasets.map((dataset) => ({ ...dataset })),
        init: settings.init,
      },
    };
    await writeFileAtomic(options.output, await encodeModelFile(model));
    return {
      model: options.output,
      run: folder,
      steps: state.step,
      trainingSeconds: state.seconds,
      tasks: model.tasks.map(({ name, calibration }) => ({
        name,
        temperature: calibration.temperature,
        calibrationDice: calibration.meanDice,
      })),
    };
  } finally {
    await network.release();
  }
}

function judgeTask(dataset: Dataset, plan: Plan) {
  const readers = (part: 'train' | 'calibration'): CaseReader[] =>
    casesOf(dataset, part).map((c) => async () => {
      const { image, reference } = await loadCase(dataset, c);
      return { volume: image.volume, reference };
    });
  return { name: dataset.name, plan, bank: readers('train'), calibration: readers('calibration') };
}

/** Names of the labels that make the foreground. */
function foregroundNames({ labels, target }: Dataset): string[] {
  const values =
    target ??
    Object.keys(labels)
      .map(Number)
      .filter((value) => value > 0);
  return values.map((value) => labels[value] ?? `label ${value}`);
}
