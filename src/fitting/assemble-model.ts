/** Puts together what a finished run has learned: the content of its model file. */
import { casesOf, type Dataset } from '../datasets/dataset.js';
import { labelSpaceOf } from '../datasets/structures.js';
import type { Model } from '../model/model.js';
import { built } from '../networks/network.js';
import { recordedOptions } from '../options/options.js';
import type { Plan } from '../preprocessing/plan.js';
import type { TrainingState } from '../training/checkpoint.js';
import { trainOptions } from '../training/train-options.js';
import type { TrainSettings } from '../training/train-settings.js';
import type { PostHocFit } from './post-hoc.js';

export interface FinishedRun {
  readonly name: string;
  readonly engine: string;
  readonly settings: TrainSettings;
  readonly datasets: readonly Dataset[];
  readonly plans: readonly Plan[];
  readonly state: TrainingState;
  readonly postHoc: PostHocFit;
}

/** The model of a run; tasks are in the order of the data sets. */
export function assembleModel({ name, engine, settings, datasets, plans, state, postHoc }: FinishedRun): Model {
  const { device, architecture } = settings;
  return {
    name,
    network: built(architecture),
    weights: finalWeights(state),
    tasks: datasets.map((dataset, i) => ({
      name: dataset.name,
      modality: dataset.modality,
      labels: labelSpaceOf(dataset),
      plan: plans[i],
      cases: {
        train: casesOf(dataset, 'train').length,
        calibration: casesOf(dataset, 'calibration').length,
        test: casesOf(dataset, 'test').length,
      },
      calibration: postHoc.calibration[i],
    })),
    ood: postHoc.ood,
    provenance: {
      version: settings.version,
      engine,
      created: new Date().toISOString(),
      seed: settings.seed,
      steps: state.step,
      trainingSeconds: state.seconds,
      settings: {
        device,
        ...recordedSettings(settings),
        // The step whose weights these are.
        weightsOfStep: state.best?.step ?? state.step,
        validationDice: state.best?.score ?? null,
      },
      datasets: settings.datasets.map((dataset) => ({ ...dataset })),
      init: settings.init,
    },
  };
}

/** Every option that the run's results depend on, as it was given or by default; the seed stands apart. */
function recordedSettings(settings: TrainSettings): Model['provenance']['settings'] {
  const given: Readonly<Record<string, unknown>> = { ...settings };
  const entries = recordedOptions(trainOptions).flatMap(([name]) => {
    const value = given[name];
    if (name === 'seed' || value === undefined) return [];
    return [[name, typeof value === 'number' || typeof value === 'boolean' ? value : String(value)] as const];
  });
  return Object.fromEntries(entries);
}

/** The weights that a run ends with: the best average on its validation cases, or where there are none the last. */
export function finalWeights({ best, average }: TrainingState): Float32Array {
  return best?.weights ?? average;
}
