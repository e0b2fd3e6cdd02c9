/** A model described for people and programs, without its weights. */
import type { TaskCalibration } from '../calibration/state.js';
import { foregroundNames, type LabelSpace } from '../labels/label-space.js';
import type { Architecture } from '../networks/architecture.js';
import { networkOf } from '../networks/network.js';
import { minimumAlpha } from '../ood/conformal.js';
import type { DetectorName } from '../ood/detectors.js';
import type { Layer } from '../ood/features.js';
import type { Plan } from '../preprocessing/plan.js';
import { doubtsOf } from './doubts.js';
import type { ModelTask, Provenance, StoredModel } from './model.js';

/** How many images a verdict rests on. */
export interface BankCard {
  /** Images of the signature bank. */
  readonly bank: number;
  /** Calibration images. */
  readonly calibration: number;
  /** Smallest alpha that so many calibration images support, 1/(n + 1). */
  readonly minimumAlpha: number;
}

/** One of a task's structures. */
export interface StructureCard {
  readonly name: string;
  /** Label values of the training references that it stands for; null where the model does not say, or all are meant. */
  readonly values: readonly number[] | null;
  /** What a mask file holds for it. */
  readonly written: number;
}

export interface TaskCard {
  readonly name: string;
  readonly modality: string;
  /** Names of the labels that make the foreground. */
  readonly foreground: readonly string[];
  /** In the order of the logits. */
  readonly structures: readonly StructureCard[];
  readonly plan: Plan;
  readonly cases: ModelTask['cases'];
  readonly calibration: TaskCalibration;
  readonly ood: BankCard;
}

/** A model file described without its weights: what `inspect` returns. */
export interface ModelCard {
  readonly name: string;
  /** SHA-256 of the file. */
  readonly sha256: string;
  readonly network: {
    /** Such as "3D U-Net". */
    readonly name: string;
    /** Channels of each stage, full resolution first. */
    readonly stages: readonly number[];
  };
  /** What it is built of; null of a network that cannot be trained further. */
  readonly architecture: Architecture | null;
  /** Number of weights. */
  readonly weights: number;
  readonly tasks: readonly TaskCard[];
  readonly ood: {
    /** The detector whose verdicts are given. */
    readonly detector: DetectorName;
    readonly detectors: readonly DetectorName[];
    /** Layers whose signatures are compared, encoder to decoder. */
    readonly layers: readonly Layer[];
    /** All tasks together. */
    readonly pooled: BankCard;
  };
  /** What is to be doubted, a sentence each. */
  readonly doubts: readonly string[];
  readonly provenance: Provenance;
}

/** The card of a model that was read from a file. */
export function modelCard(model: StoredModel): ModelCard {
  const { ood } = model;
  const { name, stages, trainable } = networkOf(model.network);
  const calibration = ood.detectors.get(ood.detector)!.calibration.map((images) => images.length);
  const bank = ood.tasks.map((task) => task.bank.length);
  const card = (b: number, c: number): BankCard => ({ bank: b, calibration: c, minimumAlpha: minimumAlpha(c) });
  const total = (counts: readonly number[]) => counts.reduce((sum, n) => sum + n, 0);
  return {
    name: model.name,
    sha256: model.sha256,
    network: { name, stages },
    architecture: trainable,
    weights: model.weights.length,
    tasks: model.tasks.map(({ name, modality, labels, plan, cases, calibration: figures }, i) => ({
      ...{
        name,
        modality,
        foreground: foregroundNames(labels),
        structures: labels.structures.map(structureCard),
        plan,
        cases,
        calibration: figures,
      },
      ood: card(bank[i], calibration[i]),
    })),
    ood: {
      detector: ood.detector,
      detectors: [...ood.detectors.keys()],
      layers: ood.layers,
      pooled: card(total(bank), total(calibration)),
    },
    doubts: doubtsOf(model),
    provenance: model.provenance,
  };
}

function structureCard({ name, values, written }: LabelSpace['structures'][number]): StructureCard {
  return { name, values, written };
}

/** A sentence on a model. */
export function describeModel({ network, tasks, provenance }: StoredModel): string {
  const { name, stages } = networkOf(network);
  const names = tasks.map(({ name }) => name).join(', ');
  return `A ${name} of ${stages.length} stages, trained jointly on ${names} in ${provenance.steps} steps.`;
}
