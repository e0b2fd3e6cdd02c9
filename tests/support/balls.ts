/** Balls in noise: images that the smallest network learns in seconds. */
import { createRandom } from '../../src/math/random.js';
import { count, type Vec3 } from '../../src/math/vector.js';
import type { Plan } from '../../src/preprocessing/plan.js';
import { prepareImage } from '../../src/preprocessing/preprocess.js';
import type { Sample } from '../../src/preprocessing/sample.js';
import type { TrainingSample } from '../../src/transforms/sample-patch.js';
import type { Mask, Volume } from '../../src/volume/volume.js';

/** `contrast` above 0 is a bright ball, below 0 a dark one. */
export interface BallTask {
  readonly name: string;
  readonly contrast: number;
  readonly size: Vec3;
  readonly spacing: Vec3;
}

export const ballTasks: readonly BallTask[] = [
  { name: 'bright', contrast: 4, size: [16, 16, 16], spacing: [1, 1, 1] },
  { name: 'dark', contrast: -4, size: [14, 16, 12], spacing: [1, 1, 2] },
  { name: 'faint', contrast: 2, size: [16, 12, 16], spacing: [1.5, 1.5, 1.5] },
];

/** Image number `index` of a task: a ball of 3 to 5 voxels' radius, anywhere inside, in noise of sd 0.5. */
export function makeBall(task: BallTask, index: number): { volume: Volume; reference: Mask } {
  const { name, contrast, size, spacing } = task;
  const random = createRandom('ball', name, index);
  const radius = random.between(3, 5);
  const centre = size.map((n) => random.between(radius, n - 1 - radius));
  const image = new Float32Array(count(size));
  const label = new Uint8Array(count(size));
  for (let i = 0; i < image.length; i++) {
    const position = [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))];
    label[i] = Math.hypot(...position.map((p, axis) => p - centre[axis])) < radius ? 1 : 0;
    image[i] = 10 + contrast * label[i] + 0.5 * random.normal();
  }
  const affine = [spacing[0], 0, 0, 0, 0, spacing[1], 0, 0, 0, 0, spacing[2], 0, 0, 0, 0, 1];
  return { volume: { data: image, size, affine }, reference: { data: label, size, affine } };
}

/** A plan that leaves the grid of a task's images as it is. */
export function ballPlan(task: BallTask, changes: Partial<Plan> = {}): Plan {
  return {
    orientation: 'RAS',
    spacing: [...task.spacing],
    patch: [16, 16, 16],
    overlap: 0.5,
    maximumWindows: 32,
    intensity: { kind: 'z-score', lowerPercentile: 0.5, upperPercentile: 99.5 },
    intensityOffset: null,
    reasons: {},
    ...changes,
  };
}

/** A ball prepared under a plan. */
export function ballSample(task: BallTask, index: number, plan: Plan): Sample {
  return prepareImage(makeBall(task, index).volume, plan);
}

/** A ball as training wants it. */
export function ballCase(task: BallTask, index: number): TrainingSample {
  const { volume, reference } = makeBall(task, index);
  const image = volume.data.map((value) => (value - 10) / 2);
  const foreground = Uint32Array.from(reference.data.keys()).filter((i) => reference.data[i] === 1);
  const minimum = image.reduce((a, b) => Math.min(a, b));
  const { size, affine, data: labels } = reference;
  return { image, labels, annotated: null, grid: { size, affine }, minimum, spacing: task.spacing, foreground };
}
