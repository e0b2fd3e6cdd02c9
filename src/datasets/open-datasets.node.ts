/** Data sets as a job is given them, folders or values, opened; each is a task of its own name. */
import { DatasetError, UsageError } from '../errors.js';
import { asDataset, type Dataset, type DatasetInput } from './dataset.js';
import { openDataset } from './open-dataset.node.js';

/**
 * Open all data sets.
 * @param seed of the split that is made where a folder brings none
 * @throws UsageError for none, or a value that is no data set; DatasetError as `openDataset`, or for two of one name
 */
export async function openDatasets(inputs: readonly DatasetInput[], seed: number): Promise<Dataset[]> {
  checkInputs(inputs);
  const datasets: Dataset[] = [];
  for (const input of inputs) {
    const dataset = await openInput(input, seed);
    const twin = datasets.find(({ name }) => name === dataset.name);
    if (twin) {
      throw new DatasetError({
        file: dataset.folder,
        problem: `its name ${dataset.name} is also that of ${twin.folder}`,
        remedy: 'rename one of them',
      });
    }
    datasets.push(dataset);
  }
  return datasets;
}

/** @throws UsageError without a data set */
export function checkInputs(inputs: readonly DatasetInput[]): void {
  if (inputs.length === 0) throw new UsageError({ expected: 'at least one data-set folder', found: 'none' });
}

export function openInput(input: DatasetInput, seed: number): Promise<Dataset> {
  return typeof input === 'string' ? openDataset(input, { seed }) : Promise.resolve(asDataset(input));
}
