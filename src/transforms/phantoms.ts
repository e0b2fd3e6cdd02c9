/**
 * Digital phantoms: scans with a known truth, made from a seed and no file. They let the package show and test itself
 * where no data set is at hand, and double as shapes whose volume is known in closed form.
 */
import { createRandom } from '../math/random.js';
import type { Affine, Vec3 } from '../math/vector.js';
import type { Mask, Volume } from '../volume/volume.js';
import { type Canvas, createCanvas } from './phantoms/canvas.js';
import { carotid } from './phantoms/carotid.js';
import type { PhantomFamily } from './phantoms/family.js';
import { kidney } from './phantoms/kidney.js';
import { knee } from './phantoms/knee.js';
import { prostate } from './phantoms/prostate.js';
import { ventricle } from './phantoms/ventricle.js';

export type { PhantomFamily } from './phantoms/family.js';

/** Three families to learn, then two that stay out of training: the OOD sets. */
export const phantomFamilies: readonly PhantomFamily[] = [kidney, ventricle, prostate, knee, carotid];

export interface Phantom {
  readonly image: Volume;
  /** 1 where a voxel's centre lies in the target. */
  readonly label: Mask;
  /** Volume of the target's shape in ml, in closed form; voxels counted in `label` agree within 2 %. */
  readonly volumeMl: number;
}

/**
 * Make one case of a family: pose, size, contrast and noise follow from (family, seed, index) alone.
 * @returns image (CT in Hounsfield units, MR in arbitrary units, ultrasound 0 to 255) and label in the family's stored
 * orientation, with the affine to RAS+ millimetres
 */
export function makePhantom(family: PhantomFamily, seed: number, index: number): Phantom {
  const random = createRandom('phantom', family.name, seed, index);
  const canvas = createCanvas(family.size, family.spacing, family.pose(random), family.background);
  const volumeMl = family.paint(canvas, random);
  const isocentre: Vec3 = [random.between(-20, 20), random.between(-20, 20), random.between(-40, 40)];
  const stored = store(canvas, family.orientation, isocentre);
  return {
    image: { data: stored.signal, size: stored.size, affine: stored.affine },
    label: { data: stored.label, size: stored.size, affine: stored.affine },
    volumeMl,
  };
}

const positiveCodes = 'RAS';
const negativeCodes = 'LPI';

/** Reorder a canvas from RAS to other axis codes; `centre` is where the grid's centre lies, in RAS+ mm. */
function store(
  canvas: Canvas,
  codes: string,
  centre: Vec3,
): { signal: Float32Array<ArrayBuffer>; label: Uint8Array<ArrayBuffer>; size: Vec3; affine: Affine } {
  const axes = [...codes].map((code) => Math.max(positiveCodes.indexOf(code), negativeCodes.indexOf(code)));
  const flipped = [...codes].map((code) => negativeCodes.includes(code));
  const size: Vec3 = [canvas.size[axes[0]], canvas.size[axes[1]], canvas.size[axes[2]]];
  const affine = [0, 0, 0, centre[0], 0, 0, 0, centre[1], 0, 0, 0, centre[2], 0, 0, 0, 1];
  const strides = [1, canvas.size[0], canvas.size[0] * canvas.size[1]];
  let from = 0;
  const steps = axes.map((axis, i) => {
    const step = flipped[i] ? -canvas.spacing[axis] : canvas.spacing[axis];
    affine[4 * axis + i] = step;
    affine[4 * axis + 3] -= (step * (size[i] - 1)) / 2;
    if (flipped[i]) from += (size[i] - 1) * strides[axis];
    return flipped[i] ? -strides[axis] : strides[axis];
  });
  const signal = new Float32Array(canvas.signal.length);
  const label = new Uint8Array(canvas.label.length);
  let to = 0;
  for (let z = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      for (let x = 0; x < size[0]; x++, to++) {
        const index = from + x * steps[0] + y * steps[1] + z * steps[2];
        signal[to] = canvas.signal[index];
        label[to] = canvas.label[index];
      }
    }
  }
  return { signal, label, size, affine };
}
