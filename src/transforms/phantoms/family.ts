/** What a family of phantoms is, apart from its anatomy. */
import type { Random } from '../../math/random.js';
import type { Vec3 } from '../../math/vector.js';
import type { Canvas, Pose } from './canvas.js';

export interface PhantomFamily {
  /** Also the task's name. */
  readonly name: string;
  readonly modality: 'CT' | 'MR' | 'US';
  /** Name of label 1. */
  readonly organ: string;
  /** Kept out of training: for showing what happens with images that no task knows. */
  readonly ood: boolean;
  /** Voxels and mm in patient axes: right, anterior, superior. */
  readonly size: Vec3;
  readonly spacing: Vec3;
  /** Axis codes of the stored voxels, by which size and spacing are permuted. */
  readonly orientation: string;
  /** How the patient lies, and what surrounds the patient. */
  readonly pose: (random: Random) => Pose;
  readonly background: number;
  /** Paint one case; returns the volume of the target in ml. */
  readonly paint: (canvas: Canvas, random: Random) => number;
}
