/** Writes digital phantoms as the data sets and image folders that people have: NIfTI files and `dataset.json`. */
import path from 'node:path';
import { throwIfCancelled } from '../../errors.js';
import { writeFileAtomic } from '../../files/atomic.node.js';
import { createHeader } from '../../formats/nifti/nifti.js';
import { encodeFloat, encodeMask } from '../../formats/nifti/write.js';
import type { JobOptions } from '../../job-options.js';
import { makePhantom, type PhantomFamily, phantomFamilies } from '../phantoms.js';

/** What to make. */
export interface PhantomChoice {
  /** Default: all that the package has. */
  readonly families?: readonly PhantomFamily[];
  readonly counts: PhantomCounts;
}

/** Cases of each task, and images of each family that is kept from the model. */
export interface PhantomCounts {
  readonly train: number;
  readonly calibration: number;
  readonly test: number;
  readonly ood: number;
}

export interface PhantomData {
  /** Data-set folders in the Decathlon's layout, one task each. */
  readonly datasets: readonly string[];
  /** Folders of images without labels. */
  readonly oodSets: readonly string[];
}

/**
 * Make the families' scans under `folder`: a data set for each family to be learned, `ood/<family>` for each family that is not.
 * The same seed and choice give the same bytes.
 * @throws OutputError where they cannot be written
 */
export async function writePhantoms(
  folder: string,
  { families = phantomFamilies, counts }: PhantomChoice,
  options: Pick<JobOptions, 'signal' | 'onProgress'> & { readonly seed: number },
): Promise<PhantomData> {
  const { seed, signal, onProgress } = options;
  const known = families.filter(({ ood }) => !ood);
  const unseen = families.filter(({ ood }) => ood);
  const parts = ['train', 'calibration', 'test'] as const;
  const perTask = parts.reduce((sum, part) => sum + counts[part], 0);
  const total = known.length * perTask + unseen.length * counts.ood;
  let done = 0;
  const onCase = (item: string) => onProgress?.({ stage: 'phantoms', done: ++done, total, item });

  const datasets: string[] = [];
  for (const family of known) {
    const dataset = path.join(folder, family.name);
    const names: string[] = [];
    for (let index = 0; index < perTask; index++) {
      throwIfCancelled(signal);
      const name = caseName(family, index);
      const { image, label } = makePhantom(family, seed, index);
      const header = createHeader(image);
      await writeFileAtomic(path.join(dataset, 'imagesTr', `${name}.nii.gz`), encodeFloat(image.data, header));
      await writeFileAtomic(path.join(dataset, 'labelsTr', `${name}.nii.gz`), encodeMask(label.data, header));
      names.push(name);
      onCase(name);
    }
    // Last, so that a folder with this file is complete.
    await writeFileAtomic(path.join(dataset, 'dataset.json'), describe(family, names, counts));
    datasets.push(dataset);
  }

  const oodSets: string[] = [];
  for (const family of unseen) {
    const set = path.join(folder, 'ood', family.name);
    for (let index = 0; index < counts.ood; index++) {
      throwIfCancelled(signal);
      const name = caseName(family, index);
      const { image } = makePhantom(family, seed, index);
      await writeFileAtomic(path.join(set, `${name}.nii.gz`), encodeFloat(image.data, createHeader(image)));
      onCase(name);
    }
    oodSets.push(set);
  }
  return { datasets, oodSets };
}

function caseName(family: PhantomFamily, index: number): string {
  return `${family.name}_${String(index + 1).padStart(3, '0')}`;
}

/** `dataset.json` with an explicit split. Phantom CT is in Hounsfield units as it is stored. */
function describe(family: PhantomFamily, names: readonly string[], counts: PhantomCounts): string {
  const { name, modality, organ } = family;
  const testFrom = counts.train + counts.calibration;
  const json = {
    name,
    description: 'Digital phantoms made by Candor',
    modality: { 0: modality },
    labels: { 0: 'background', 1: organ },
    numTraining: names.length,
    training: names.map((n) => ({ image: `./imagesTr/${n}.nii.gz`, label: `./labelsTr/${n}.nii.gz` })),
    split: {
      train: names.slice(0, counts.train),
      calibration: names.slice(counts.train, testFrom),
      test: names.slice(testFrom),
    },
    ...(modality === 'CT' ? { intensityOffset: 0 } : {}),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}
