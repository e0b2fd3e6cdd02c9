/** A finished model: a network, the tasks it knows, and what post-hoc calibration fitted. */
import { z } from 'zod';
import { type TaskCalibration, taskCalibrationSchema } from '../calibration/state.js';
import { foregroundNames, joinedStructure, type LabelSpace, labelSpaceSchema } from '../labels/label-space.js';
import type { Network } from '../networks/network.js';
import type { OodState } from '../ood/state.js';
import { planSchema } from '../preprocessing/plan.js';

const count = z.number().int().nonnegative();

/** The names that data sets may have: they become keys and parts of messages. */
const taskName = z
  .string()
  .regex(/^[^/\\\p{Cc}]{1,200}$/u, 'expected 1 to 200 characters without slashes')
  .refine((name) => !['.', '..', '__proto__'].includes(name), 'a name that is not allowed');

export const modelTaskSchema = z.object({
  name: taskName,
  /** As the data set calls it: CT, MRI, ... */
  modality: z.string(),
  /** Names of the labels that make the foreground: all that files of version 0.1 say of labels. */
  foreground: z.array(z.string()),
  labels: labelSpaceSchema.optional(),
  plan: planSchema,
  /** Cases of each part of the split. */
  cases: z.object({ train: count, calibration: count, test: count }),
  calibration: taskCalibrationSchema,
});

export const provenanceSchema = z.object({
  /** Version of Candor that wrote the file. */
  version: z.string(),
  engine: z.string(),
  /** ISO 8601. */
  created: z.string(),
  seed: z.number(),
  steps: count,
  trainingSeconds: z.number().nonnegative(),
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  /** SHA-256 over `dataset.json` and the names and sizes of all cases' files. */
  /** `of`: what the hash is over. Of models made before there was one: over the names and sizes of files. */
  datasets: z.array(z.object({ name: z.string(), sha256: z.string(), of: z.string().optional() })),
  /** SHA-256 of the model whose weights were the start. */
  init: z.string().nullable(),
});

export type Provenance = z.infer<typeof provenanceSchema>;
/** A task as a model file holds it. */
export type StoredTask = z.infer<typeof modelTaskSchema>;

export type ModelTask = Omit<StoredTask, 'foreground' | 'labels'> & {
  readonly labels: LabelSpace;
  readonly calibration: TaskCalibration;
};

/** A task out of a model file; one of version 0.1 has one structure. */
export function taskFromFile({ foreground, labels, ...task }: StoredTask): ModelTask {
  return { ...task, labels: labels ?? joinedStructure(foreground.length > 0 ? foreground : [task.name], null) };
}

export function taskToFile({ labels, name, modality, ...task }: ModelTask): StoredTask {
  return { name, modality, foreground: foregroundNames(labels), labels, ...task };
}

/** A trained network with its tasks, temperatures and out-of-distribution state. */
export interface Model {
  readonly name: string;
  readonly network: Network;
  /** The flat vector of the network's weights. */
  readonly weights: Float32Array;
  readonly tasks: readonly ModelTask[];
  readonly ood: OodState;
  readonly provenance: Provenance;
}

/** A model as it was read from a file. */
export interface StoredModel extends Model {
  /** SHA-256 of the file. */
  readonly sha256: string;
}
