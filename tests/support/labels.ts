/** Label spaces for tests. */
import type { LabelSource } from '../../src/datasets/structures.js';
import { joinedStructure, type LabelSpace } from '../../src/labels/label-space.js';

/** One structure, as the balls have. */
export const oneStructure: LabelSpace = joinedStructure(['ball'], null);

/** Three structures that exclude each other; label values as a data set might have them. */
export const threeStructures: LabelSpace = {
  structures: [
    { name: 'shell', labels: ['shell'], values: [1], written: 1 },
    { name: 'core', labels: ['core'], values: [4], written: 4 },
    { name: 'satellite', labels: ['left', 'right'], values: [2, 3], written: 2 },
  ],
  overlapping: false,
  ignore: null,
};

/** nnU-Net's regions of a tumour: whole, core and enhancing, one inside the other. */
export const regions: LabelSpace = {
  structures: [
    { name: 'whole tumour', labels: ['oedema', 'necrosis', 'enhancing'], values: [1, 2, 3], written: 1 },
    { name: 'tumour core', labels: ['necrosis', 'enhancing'], values: [2, 3], written: 2 },
    { name: 'enhancing tumour', labels: ['enhancing'], values: [3], written: 3 },
  ],
  overlapping: true,
  ignore: 4,
};

/** What a data set says of its labels, where it says no more than their names and what is changed. */
export function labelSource(changes: Partial<LabelSource>): LabelSource {
  return {
    labels: { 0: 'background', 1: 'organ' },
    ...{ target: null, structures: null, overlapping: false, regionOrder: null, ignore: null, absent: 'background' },
    ...changes,
  };
}
