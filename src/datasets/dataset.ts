/** What the rest of the house knows of a data set, whichever layout it came in; a program may change one, or make it up. */
import { z } from 'zod';
import { UsageError } from '../errors.js';
import { type Finding, findingSchema } from './finding.js';

/** One labelled image. */
export interface Case {
  /** The file name without ending and channel number; unique within a data set. */
  readonly name: string;
  /** Absolute path of the image. */
  readonly image: string;
  /** Absolute path of the reference segmentation, null where there is none. */
  readonly label: string | null;
  /** Cases of one group (one person, say) are kept on one side of every split and bootstrap. */
  readonly group: string;
  /** Names of the structures (or labels) that its reference shows wherever they are; null: all. */
  readonly annotated: readonly string[] | null;
}

/** Case names by use. */
export interface Split {
  readonly train: readonly string[];
  readonly calibration: readonly string[];
  readonly test: readonly string[];
}

export const splitParts = ['train', 'calibration', 'test'] as const;
export type SplitPart = (typeof splitParts)[number];

/** A folder with `dataset.json`, in the layout of the Medical Segmentation Decathlon or of nnU-Net v2. */
export interface Dataset {
  /** The task's name. */
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  readonly layout: 'decathlon' | 'nnunet';
  /** As `dataset.json` calls it: 'CT', 'MRI', ... */
  readonly modality: string;
  /** Label value -> name, e.g. { '0': 'background', '1': 'liver' }. */
  readonly labels: Record<string, string>;
  /** Label values that together make the one structure; null: there may be several, see `labelSpaceOf`. */
  readonly target: readonly number[] | null;
  /** Structures by name, where `dataset.json` says them: its key "structures", or nnU-Net's regions. */
  readonly structures: readonly { readonly name: string; readonly values: readonly number[] }[] | null;
  /** Whether a voxel can be of several structures: nnU-Net's regions. */
  readonly overlapping: boolean;
  /** What a mask file holds for each region (`regions_class_order`); null where structures do not overlap. */
  readonly regionOrder: readonly number[] | null;
  /** The value of voxels that count nowhere: nnU-Net's `ignore` label. */
  readonly ignore: number | null;
  /** How a structure is taken that a reference has no voxel of, where `annotated` says nothing. */
  readonly absent: 'background' | 'unlabelled';
  /** Added to stored values to get Hounsfield units; null where unknown. */
  readonly intensityOffset: number | null;
  /** The headers' spacing is made up, since the true one was lost: figures in mm and ml mean nothing. */
  readonly placeholderSpacing: boolean;
  readonly cases: readonly Case[];
  readonly split: Split;
  /** `given`: by the program that passes the data set as a value. */
  readonly splitSource: 'dataset.json' | 'seeded' | 'given';
  /** What opening it found: keys of `dataset.json` that take no effect, for one. */
  readonly remarks: readonly Finding[];
}

/** A data set as jobs take it: its folder, or the value itself. */
export type DatasetInput = string | Dataset;

const names = z.array(z.string());
const datasetSchema: z.ZodType<Dataset> = z.object({
  name: z.string(),
  folder: z.string(),
  layout: z.enum(['decathlon', 'nnunet']),
  modality: z.string(),
  labels: z.record(z.string(), z.string()),
  target: z.array(z.number()).nullable(),
  structures: z.array(z.object({ name: z.string(), values: z.array(z.number()) })).nullable(),
  overlapping: z.boolean(),
  regionOrder: z.array(z.number()).nullable(),
  ignore: z.number().nullable(),
  absent: z.enum(['background', 'unlabelled']),
  intensityOffset: z.number().nullable(),
  placeholderSpacing: z.boolean(),
  cases: z.array(
    z.object({
      name: z.string(),
      image: z.string(),
      label: z.string().nullable(),
      group: z.string(),
      annotated: names.nullable(),
    }),
  ),
  split: z.object({ train: names, calibration: names, test: names }),
  splitSource: z.enum(['dataset.json', 'seeded', 'given']),
  remarks: z.array(findingSchema),
});

/**
 * Refuse a value that is no data set: callers without types would learn of it late, and not by name.
 * @throws UsageError
 */
export function asDataset(value: Dataset): Dataset {
  const parsed = datasetSchema.safeParse(value);
  if (parsed.success) return value;
  const { path, message } = parsed.error.issues[0];
  throw new UsageError({
    problem: `the data set ${JSON.stringify(value.name) ?? 'without a name'} is no value of a data set`,
    found: `${path.map(String).join('.') || 'the whole'}: ${message}`,
    remedy: 'open its folder with openDataset and change what is to be different',
  });
}

/** The cases of one part of the split, in its order; names without a case are left out (checkDataset reports them). */
export function casesOf(dataset: Dataset, part: SplitPart): Case[] {
  const byName = new Map(dataset.cases.map((c) => [c.name, c]));
  return dataset.split[part].flatMap((name) => byName.get(name) ?? []);
}
