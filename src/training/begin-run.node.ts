/** What comes before training: data sets opened and checked, settings written down, cases measured, plans made. */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { type CaseStore, createCaseStore } from '../cases/case-store.node.js';
import { checkChoices, type GivenPlans, makePlans, measureTasks, readPlans } from '../cases/plan-tasks.node.js';
import { datasetHash, HASH_OF } from '../datasets/data-hash.node.js';
import { casesOf, type Dataset } from '../datasets/dataset.js';
import { openDatasets } from '../datasets/open-datasets.node.js';
import { requireSound } from '../datasets/require-sound.node.js';
import { labelSpaceOf, withStructures } from '../datasets/structures.js';
import { ModelFormatError, UsageError } from '../errors.js';
import { makeFolder } from '../files/atomic.node.js';
import { noCache, openCache } from '../files/cache.node.js';
import { defaultCacheFolder } from '../files/cache-folder.node.js';
import { openDigests } from '../files/digests.node.js';
import { logitCount } from '../labels/label-space.js';
import type { StoredModel } from '../model/model.js';
import { readModel } from '../model/read-model.node.js';
import { type Preset, presets, strideOf } from '../networks/architecture.js';
import { chooseLayers } from '../networks/layers/choose-layers.js';
import { networkOf } from '../networks/network.js';
import { summariseFingerprints } from '../preprocessing/fingerprints-file.js';
import { patchProblem } from '../preprocessing/patch.js';
import type { Plan } from '../preprocessing/plan.js';
import { plansToJson } from '../preprocessing/plans-file.js';
import { memoryLimit } from '../runtime/memory-limit.node.js';
import { createOnnxRuntime } from '../runtime/onnxruntime.node.js';
import type { Runtime } from '../runtime/session.js';
import { version } from '../version.node.js';
import { checkMemory, estimateRun } from './check-memory.node.js';
import { holdOut } from './hold-out.js';
import { openRunFolder, type RunFolder } from './run-folder.node.js';
import type { TrainOptions } from './train-options.js';
import { checkTrainOptions, type TrainSettings, trainSettings } from './train-settings.js';

const DEFAULT_CACHE_BYTES = 20e9;

export interface BegunRun {
  readonly runtime: Runtime;
  /** The model's. */
  readonly name: string;
  /** The model whose weights are the start, if one is named. */
  readonly start: StoredModel | undefined;
  readonly datasets: readonly Dataset[];
  readonly settings: TrainSettings;
  readonly run: RunFolder;
  /** In the order of the data sets. */
  readonly plans: readonly Plan[];
  /** By data set, the names of the training cases that do not train. */
  readonly heldOut: readonly ReadonlySet<string>[];
  readonly store: CaseStore;
}

/** Begin a run, or go on with one, up to its plans; the run folder then holds fingerprints, plans and splits. */
export async function beginRun(options: TrainOptions): Promise<BegunRun> {
  checkTrainOptions(options);
  const { architecture, patchVoxels } = presets[options.preset ?? 'small'];
  const stride = strideOf(architecture);
  const { patch, spacing = 'per-task' } = options;
  const problem = patch && patchProblem(patch, stride);
  if (problem) throw new UsageError({ file: '--patch', problem });
  const threads = options.threads ?? availableParallelism();
  const runtime = createOnnxRuntime({ ...options, threads });
  const start = await readStart(options.init, options.preset ?? 'small');
  const opened = await openDatasets(options.datasets, options.seed ?? 0);
  const datasets = opened.map((dataset) => withStructures(dataset, options));
  const names = datasets.map(({ name }) => name);
  const given = options.plans === undefined ? {} : await readPlans(options.plans, { tasks: names, stride });
  const choices = { stride, patchVoxels, patch, spacing, given };
  checkChoices(choices);
  const cache = cacheOf(options);
  const digests = openDigests(cache);
  const store = createCaseStore(cache, digests);
  await requireSound(datasets, options, store.scan);
  const hashes: string[] = [];
  // Of the data as it lies there; how its structures are taken is among the options.
  for (const dataset of opened) hashes.push(await datasetHash(dataset, digests));
  await digests.keep();
  const chosen = await chooseLayers(architecture, runtime);
  const settings = trainSettings(
    options,
    {
      init: start?.sha256 ?? null,
      ...(options.plans !== undefined && { plans: valuesOf(given) }),
      threads,
      layers: chosen.name,
      device: runtime.device,
      datasets: names.map((name, i) => ({ name, sha256: hashes[i], of: HASH_OF })),
      version,
    },
    Math.max(...datasets.map((dataset) => logitCount(labelSpaceOf(dataset)))),
  );
  // A model that cannot be written is found out before the work, not after it.
  await makeFolder(path.dirname(options.output));
  const stem = options.output.replace(/\.onnx$/i, '');
  const run = await openRunFolder(options.run ?? `${stem}.run`, settings, options.resume ?? false, options.onNote);

  const measured = await measureTasks(datasets, store, options);
  await run.writeJson('fingerprints.json', summariseFingerprints(measured));
  const plans = makePlans(datasets, measured, choices);
  await run.writeJson('plans.json', plansToJson(Object.fromEntries(names.map((name, i) => [name, plans[i]]))));
  // Checked whether or not anybody listens: the arguments of an optional call are not evaluated where it is not made.
  const memory = checkMemory(await estimateRun(datasets, plans, settings, chosen.layers), memoryLimit());
  options.onNote?.(memory);
  const heldOut = datasets.map((dataset) =>
    holdOut(casesOf(dataset, 'train'), settings.seed, settings.validationCases),
  );
  const splits = datasets.map(({ name, split }, i) => [name, { ...split, validation: [...heldOut[i]].sort() }]);
  await run.writeJson('splits.json', Object.fromEntries(splits));
  return { runtime, name: path.basename(stem), start, datasets, settings, run, plans, heldOut, store };
}

async function readStart(init: string | undefined, preset: Preset): Promise<StoredModel | undefined> {
  if (init === undefined) return undefined;
  const start = await readModel(init);
  const { trainable } = networkOf(start.network);
  if (trainable === null) {
    throw new ModelFormatError({
      file: init,
      expected: 'a network that can be trained further',
      found: 'one that cannot',
    });
  }
  if (JSON.stringify(trainable) !== JSON.stringify(presets[preset].architecture)) {
    throw new ModelFormatError({ file: init, expected: `the network of preset ${preset}`, found: 'another' });
  }
  return start;
}

/** Without the reasons, which name a file that may be moved between a run and its resumption; in a settled order. */
function valuesOf(given: GivenPlans): TrainSettings['plans'] {
  const sorted = <T>(record: Readonly<Record<string, T>>) =>
    Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    sorted(given).map(([name, values]) => [
      name,
      Object.fromEntries(sorted(values).map(([key, entry]) => [key, entry.value])),
    ]),
  );
}

function cacheOf({ cache, cacheSize = DEFAULT_CACHE_BYTES, onNote }: TrainOptions) {
  if (cache === false) return noCache;
  return openCache({ folder: cache ?? defaultCacheFolder(), maximumBytes: cacheSize, onNote });
}
