/**
 * What a task's labels mean: its structures in the order of the network's logits, and how logits become probabilities
 * and masks. A value that everything asks, as nnU-Net's `LabelManager` in spirit; nothing else knows how many there are.
 *
 * Every structure has a logit, against a background logit of 0. Structures that exclude each other share one softmax,
 * `softmax(0, z_1 .. z_k)`, which with one structure is the sigmoid; those that overlap (nnU-Net's regions) have a
 * sigmoid each. A network may have more logits than a task has structures: a task uses its first.
 */
import { z } from 'zod';

const labelValue = z.number().int().min(1).max(65535);

const structureSchema = z.object({
  name: z.string(),
  /** Names of the labels that are joined in it. */
  labels: z.array(z.string()),
  /**
   * Values of those labels in a reference. Null: every value above 0, in a space of one structure; also in model files
   * that do not say.
   */
  values: z.array(labelValue).min(1).nullable(),
  /** What a mask file holds for it. */
  written: labelValue,
});

/** An organ or a part of one: a logit of the network, and the label values that it stands for. */
export type Structure = z.infer<typeof structureSchema>;

/** Masks are bytes; 255 is a voxel of which nothing is known. */
export const MAXIMUM_STRUCTURES = 254;

export const labelSpaceSchema = z
  .object({
    /** In the order of the logits. Overlapping ones are painted into masks in this order (`regions_class_order`). */
    structures: z.array(structureSchema).min(1).max(MAXIMUM_STRUCTURES),
    /** Whether a voxel can be of several structures: nnU-Net's regions. */
    overlapping: z.boolean(),
    /** The value of voxels that count nowhere, in training as in figures. */
    ignore: labelValue.nullable(),
    /** Given where a structure that a reference has no voxel of counts as not annotated there, rather than as absent. */
    absent: z.literal('unlabelled').optional(),
  })
  .refine(({ structures }) => structures.length === 1 || structures.every(({ values }) => values !== null), {
    message: 'of several structures each must name its label values',
  })
  .refine(({ structures, overlapping }) => overlapping || areDisjoint(structures), {
    message: 'structures that do not overlap must not share a label value',
  })
  .refine(
    ({ structures, overlapping }) =>
      !overlapping || structures.every(({ values, written }) => values?.includes(written)),
    { message: 'a structure that overlaps others must be written as one of its own label values' },
  );

/** What a task's labels mean, see the head of this file. */
export type LabelSpace = Readonly<z.infer<typeof labelSpaceSchema>>;

function areDisjoint(structures: readonly Structure[]): boolean {
  const values = structures.flatMap((structure) => structure.values ?? []);
  return new Set(values).size === values.length;
}

/** The space of a task whose labels together are one structure. @param values null: every value above 0 */
export function joinedStructure(labels: readonly string[], values: readonly number[] | null): LabelSpace {
  const structure = { name: labels.join(' + '), labels: [...labels], values: values && [...values], written: 1 };
  return { structures: [structure], overlapping: false, ignore: null };
}

/** Logits that a task needs; a network for several tasks has as many as the largest of them. */
export function logitCount(space: LabelSpace): number {
  return space.structures.length;
}

/** What a training step must be told of a voxel or a task beside its structures. */
export interface LabelNeeds {
  /** Voxels that count nowhere. */
  readonly ignore: boolean;
  /** Tasks whose structures overlap, beside others whose do not. */
  readonly overlapping: boolean;
}

/** What any of the tasks of a run asks for. */
export function labelNeeds(spaces: readonly LabelSpace[]): LabelNeeds {
  return {
    ignore: spaces.some(({ ignore }) => ignore !== null),
    // Alone, a structure is its own sigmoid.
    overlapping: spaces.some(({ overlapping, structures }) => overlapping && structures.length > 1),
  };
}

/** Names of all labels that make the foreground, each once. */
export function foregroundNames(space: LabelSpace): string[] {
  return [...new Set(space.structures.flatMap(({ labels }) => labels))];
}

/** What a voxel can be, background aside. Masks and references hold its number: 1 for the first, 0 for background. */
export interface LabelClass {
  /** Label values in a reference; null: every value above 0. */
  readonly values: readonly number[] | null;
  /** Indices of the structures that it belongs to. */
  readonly structures: readonly number[];
  /** What a mask file holds for it. */
  readonly written: number;
}

/** The structures themselves; of structures that overlap, every label value that one of them has. */
export function labelClasses({ structures, overlapping }: LabelSpace): LabelClass[] {
  if (!overlapping) return structures.map(({ values, written }, i) => ({ values, structures: [i], written }));
  const values = [...new Set(structures.flatMap((structure) => structure.values!))];
  return values.map((value) => ({
    values: [value],
    structures: [...structures.keys()].filter((i) => structures[i].values!.includes(value)),
    written: value,
  }));
}

/** How many classes a mask can hold. */
export function classCount(space: LabelSpace): number {
  return labelClasses(space).length;
}

/** By structure, the number of the class that its voxels are painted as. */
export function paintedClasses(space: LabelSpace): number[] {
  const classes = labelClasses(space);
  return space.structures.map(({ written }) => 1 + classes.findIndex((one) => one.written === written));
}

/** Names by the values that a mask file holds. */
export function writtenNames({ structures }: LabelSpace): Record<number, string> {
  return Object.fromEntries(structures.map(({ name, written }) => [written, name]));
}
