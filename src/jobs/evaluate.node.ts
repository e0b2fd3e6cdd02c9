/** The verb `evaluate`: a model on the test split of data sets, and on image sets it was not made for. */
import path from 'node:path';
import { datasetHash, HASH_OF, imagesHash } from '../datasets/data-hash.node.js';
import { casesOf, type Dataset, type DatasetInput } from '../datasets/dataset.js';
import { type ImageSet, listImageSets } from '../datasets/list-images.node.js';
import { loadCase } from '../datasets/load-case.node.js';
import { openDatasets } from '../datasets/open-datasets.node.js';
import { readWith } from '../datasets/structures.js';
import { DatasetError } from '../errors.js';
import { casesCsv } from '../evaluation/cases-csv.js';
import { evaluateCases, evaluateImages, type LabelledCase } from '../evaluation/evaluate-cases.js';
import { notesOnData } from '../evaluation/notes.js';
import { summarise } from '../evaluation/summarise.js';
import type { Summary } from '../evaluation/summary.js';
import { makeFolder, writeFileAtomic, writeJsonAtomic } from '../files/atomic.node.js';
import { readImage } from '../formats/image-file.node.js';
import { createPredictor } from '../inference/predictor.js';
import type { JobOptions } from '../job-options.js';
import type { StoredModel } from '../model/model.js';
import { describeModel } from '../model/model-card.js';
import { readModel } from '../model/read-model.node.js';
import { defaultAlpha } from '../ood/alpha.js';
import { type OptionsOf, validateOptions } from '../options/options.js';
import type { EvaluatedData } from '../report/provenance-section.js';
import { renderReport } from '../report/report.js';
import { createOnnxRuntime } from '../runtime/onnxruntime.node.js';
import { version } from '../version.node.js';
import { evaluateOptions } from './evaluate-options.js';

/** Options of `evaluate`. */
export interface EvaluateOptions extends JobOptions, OptionsOf<typeof evaluateOptions> {
  readonly model: string;
  /** Folders, or values as `openDataset` gives them. */
  readonly datasets: readonly DatasetInput[];
}

/** Surface distances up to this count as agreement, unless a task's voxels are coarser. */
const NSD_TOLERANCE_MM = 2;

/** The figures of an evaluation and the path of its report. */
export interface EvaluateResult {
  readonly summary: Summary;
  /** Paths of what was written. */
  readonly folder: string;
  readonly report: string;
}

/**
 * Evaluate a model and write `summary.json`, `cases.csv` and `report.html`. The model is not told the task of an image.
 * @throws DatasetError for a data set that is none of the model's tasks or has no test cases; ModelFormatError; OutputError
 * @example
 * const { summary } = await evaluate({ model: 'model.onnx', datasets: ['Task04_Hippocampus'], output: 'report' });
 * console.log(summary.tasks);
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluateResult> {
  validateOptions(evaluateOptions, options);
  const { signal, onProgress, alpha = defaultAlpha, seed = 0 } = options;
  const model = await readModel(options.model);
  const datasets = await openDatasets(options.datasets, model.provenance.seed);
  const labelled = datasets.flatMap((dataset) => testCases(model, dataset));
  const sets = await listImageSets(options.ood ?? []);
  const images = sets.flatMap(({ name: set, images }) =>
    images.map((image) => ({
      set,
      case: image.case,
      image: path.basename(image.path),
      read: async () => {
        if (image.fault) throw image.fault;
        return (await readImage(image.path)).volume;
      },
    })),
  );
  for (const { remark } of sets.flatMap((set) => set.images)) if (remark) options.onNote?.(remark);
  // A folder that cannot be written is found out before the work, not after it.
  await makeFolder(options.output);
  const total = labelled.length + images.length;
  let done = 0;
  const data = await describeData(datasets, sets);
  const runtime = createOnnxRuntime(options);
  const predictor = await createPredictor(model, runtime);
  try {
    const settings = {
      alpha,
      toleranceMm: NSD_TOLERANCE_MM,
      signal,
      onCase: (item: string) => onProgress?.({ stage: 'evaluate', done: ++done, total, item }),
    };
    const { cases, failed } = await evaluateCases(predictor, labelled, settings);
    const oodImages = await evaluateImages(predictor, images, settings);
    const reference = { name: model.name, sha256: model.sha256 };
    const calibrationDice = Object.fromEntries(
      model.tasks.flatMap(({ name, calibration: { meanDice } }) => (meanDice === null ? [] : [[name, meanDice]])),
    );
    const placeholderSpacing = datasets.filter((dataset) => dataset.placeholderSpacing).map(({ name }) => name);
    const summary = summarise(
      {
        model: reference,
        cases,
        oodImages,
        failed,
        placeholderSpacing,
        notes: notesOnData(model, datasets),
      },
      { alpha, seed, calibrationDice, nsdToleranceMm: NSD_TOLERANCE_MM },
    );
    const created = new Date().toISOString().slice(0, 10);
    const report = path.join(options.output, 'report.html');
    await writeJsonAtomic(path.join(options.output, 'summary.json'), summary);
    await writeFileAtomic(path.join(options.output, 'cases.csv'), casesCsv(cases, oodImages, failed));
    await writeFileAtomic(
      report,
      renderReport({
        ...{ summary, cases, oodImages, failed, created },
        model: { ...reference, about: describeModel(model) },
        provenance: { version, engine: runtime.name, training: model.provenance, data },
      }),
    );
    return { summary, folder: options.output, report };
  } finally {
    await predictor.release();
  }
}

function testCases(model: StoredModel, dataset: Dataset): LabelledCase[] {
  const task = model.tasks.find(({ name }) => name === dataset.name);
  if (!task) {
    const known = model.tasks.map(({ name }) => name).join(', ');
    throw new DatasetError({
      file: dataset.folder,
      expected: `a task of the model (${known})`,
      found: dataset.name,
    });
  }
  const cases = casesOf(dataset, 'test');
  if (cases.length === 0) throw new DatasetError({ file: dataset.folder, problem: 'its test split has no cases' });
  // References are read as the model learnt them, whatever the data set calls its target by now.
  const labels = readWith(task.labels, dataset);
  return cases.map((c) => ({
    task: dataset.name,
    case: c.name,
    group: c.group,
    labels,
    read: async () => {
      const { image, reference, annotated } = await loadCase(c, labels);
      return { volume: image.volume, reference, annotated };
    },
  }));
}

/** What the report names as the ground of its figures. */
async function describeData(datasets: readonly Dataset[], sets: readonly ImageSet[]): Promise<EvaluatedData[]> {
  return [
    ...(await Promise.all(
      datasets.map(async (dataset) => ({
        name: dataset.name,
        images: casesOf(dataset, 'test').length,
        sha256: await datasetHash(dataset),
        of: HASH_OF,
        split: dataset.splitSource,
      })),
    )),
    ...(await Promise.all(
      sets.map(async ({ name, images }) => ({
        name,
        images: images.length,
        sha256: await imagesHash(images.map((image) => image.path)),
        of: HASH_OF,
        split: null,
      })),
    )),
  ];
}
