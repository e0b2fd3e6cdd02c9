/** What the rest of the house knows of a data set on disk, whichever layout it came in. */

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
}

/** Case names by use. */
export interface Split {
  readonly train: string[];
  readonly calibration: string[];
  readonly test: string[];
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
  /** Label values that make the foreground; null: all above 0. */
  readonly target: number[] | null;
  /** Added to stored values to get Hounsfield units; null where unknown. */
  readonly intensityOffset: number | null;
  /** The headers' spacing is made up, since the true one was lost: figures in mm and ml mean nothing. */
  readonly placeholderSpacing: boolean;
  readonly cases: Case[];
  readonly split: Split;
  readonly splitSource: 'dataset.json' | 'seeded';
}

/** The cases of one part of the split, in its order; names without a case are left out (checkDataset reports them). */
export function casesOf(dataset: Dataset, part: SplitPart): Case[] {
  const byName = new Map(dataset.cases.map((c) => [c.name, c]));
  return dataset.split[part].flatMap((name) => byName.get(name) ?? []);
}
