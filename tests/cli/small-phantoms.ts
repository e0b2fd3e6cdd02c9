/** Phantoms at half resolution: what a network can learn a little of within seconds. */

import { mapVec3 } from '../../src/math/vector.js';
import {
  type PhantomChoice,
  type PhantomData,
  writePhantoms,
} from '../../src/transforms/phantoms/phantom-data.node.js';
import { phantomFamilies } from '../../src/transforms/phantoms.js';

const families = phantomFamilies
  .filter(({ name }) => ['kidney', 'ventricle', 'knee'].includes(name))
  .map((family) => ({
    ...family,
    size: mapVec3(family.size, (n) => n / 2),
    spacing: mapVec3(family.spacing, (s) => s * 2),
  }));

/** Two tasks, and one family for an OOD set. */
export const smallPhantoms: PhantomChoice = {
  families,
  counts: { train: 4, calibration: 3, test: 2, ood: 2 },
};

export function writeSmallPhantoms(folder: string): Promise<PhantomData> {
  return writePhantoms(folder, smallPhantoms, { seed: 0 });
}
