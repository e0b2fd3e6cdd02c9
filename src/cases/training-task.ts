/** What training needs of a task: its name, its labels, its patch and its prepared cases. */
import type { LabelSpace } from '../labels/label-space.js';
import type { Vec3 } from '../math/vector.js';
import type { TrainingSample } from '../transforms/sample-patch.js';

export interface TrainingTask {
  readonly name: string;
  readonly labels: LabelSpace;
  /** Voxels (x, y, z). */
  readonly patch: Vec3;
  readonly cases: readonly TrainingSample[];
}
