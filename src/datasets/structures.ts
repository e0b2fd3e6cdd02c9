/** From what a data set says of its labels to the structures that a network learns, and which of them a case shows. */
import { UsageError } from '../errors.js';
import { joinedStructure, type LabelSpace, MAXIMUM_STRUCTURES } from '../labels/label-space.js';
import type { Case, Dataset } from './dataset.js';
import type { Labelling } from './labels.js';

/** The part of a data set that its label space is made from. */
export type LabelSource = Labelling & Pick<Dataset, 'absent'>;

/** What the option `--structures` may be. */
export const structureChoices = ['each', 'target'] as const;
export type StructureChoice = (typeof structureChoices)[number];

/** What the option `--absent` may be: how a structure is taken that a reference has no voxel of. */
export const absentChoices = ['background', 'unlabelled'] as const;
export type AbsentChoice = (typeof absentChoices)[number];

function foregroundValues({ labels }: Pick<Dataset, 'labels'>): number[] {
  return Object.keys(labels)
    .map(Number)
    .filter((value) => value > 0);
}

/**
 * The structures of a data set, in the order of the network's logits: what `"target"` joins is one; else those of
 * `"structures"`, or nnU-Net's regions; else each named label is one, as in nnU-Net.
 * @throws UsageError for more structures than a mask can number
 */
export function labelSpaceOf(dataset: LabelSource): LabelSpace {
  const { labels, target, structures, overlapping, regionOrder, ignore, absent } = dataset;
  const nameOf = (value: number) => labels[value] ?? `label ${value}`;
  const values = foregroundValues(dataset);
  const joined = (of: readonly number[] | null) => ({ ...joinedStructure((of ?? values).map(nameOf), of), ignore });
  if (target) return joined(target);
  // A data set of one label: every value above 0 is meant, unless some of them are to be ignored.
  if (!structures && values.length === 1) return joined(ignore === null ? null : values);
  const named = structures ?? values.map((value) => ({ name: nameOf(value), values: [value] }));
  if (named.length > MAXIMUM_STRUCTURES)
    throw new UsageError({
      expected: `at most ${MAXIMUM_STRUCTURES} structures`,
      found: `${named.length}`,
      remedy: 'join some of them under "structures" in dataset.json',
    });
  return {
    structures: named.map(({ name, values: own }, i) => ({
      ...{ name, labels: [...new Set(own.map(nameOf))], values: [...own] },
      written: regionOrder?.[i] ?? own[0],
    })),
    overlapping,
    ignore,
    ...(absent === 'unlabelled' && { absent }),
  };
}

/**
 * The data set with its structures chosen anew.
 * @param structures `each`: every named label is one, whatever `"target"` says; `target`: all of its target together, or
 *   where it has none all its labels; undefined: as it says
 * @param absent `unlabelled`: a structure that a reference has no voxel of was not annotated there
 */
export function withStructures<T extends LabelSource>(
  dataset: T,
  { structures, absent }: { readonly structures?: StructureChoice; readonly absent?: AbsentChoice },
): T {
  const chosen = absent === undefined ? dataset : { ...dataset, absent };
  if (structures === undefined) return chosen;
  if (structures === 'each')
    return { ...chosen, target: null, structures: dataset.overlapping ? dataset.structures : null };
  const values = foregroundValues(dataset);
  const target = dataset.target ?? (values.length > 1 ? values : null);
  return { ...chosen, target, structures: null, overlapping: false, regionOrder: null };
}

/**
 * Which structures of `space` a case's reference shows, as far as the data set says: null for all. Names are those of
 * structures or of labels.
 */
export function annotatedStructures(space: LabelSpace, { annotated }: Pick<Case, 'annotated'>): boolean[] | null {
  if (annotated === null) return null;
  const names = new Set(annotated);
  const shown = space.structures.map(
    ({ name, labels }) => names.has(name) || labels.every((label) => names.has(label)),
  );
  return shown.every(Boolean) ? null : shown;
}

/**
 * A model's structures as another data set numbers them: by the names of labels, where it has all of them; else as the
 * model's own data set did.
 */
export function readWith(space: LabelSpace, dataset: LabelSource): LabelSpace {
  // A model that does not say which values it learnt was trained on what its data set called the target.
  if (space.structures.some(({ values }) => values === null)) {
    const own = labelSpaceOf(dataset);
    return own.structures.length === 1 ? own : labelSpaceOf(withStructures(dataset, { structures: 'target' }));
  }
  const numbers = new Map(Object.entries(dataset.labels).map(([value, name]) => [name, Number(value)]));
  const labels = space.structures.flatMap((structure) => structure.labels);
  const ignore = dataset.ignore ?? space.ignore;
  if (!labels.every((label) => numbers.has(label))) return { ...space, ignore };
  return {
    ...space,
    ignore,
    structures: space.structures.map((structure) => {
      const values = structure.labels.map((label) => numbers.get(label)!);
      const { written } = structure;
      return {
        ...structure,
        values,
        written: space.overlapping ? values[structure.values!.indexOf(written)] : written,
      };
    }),
  };
}
