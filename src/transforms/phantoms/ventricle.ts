/** T1-weighted MR of a head: enlarged lateral ventricles, with other fluid and the eyes just as dark, and skull darker. */
import type { Random } from '../../math/random.js';
import { acquireMr, tissueField } from './acquisition.js';
import { type Canvas, paint, paintTarget, type Shape } from './canvas.js';
import type { PhantomFamily } from './family.js';

interface Tissues {
  readonly fluid: number;
  readonly grey: number;
  readonly white: number;
  readonly fat: number;
}

export const ventricle: PhantomFamily = {
  name: 'ventricle',
  modality: 'MR',
  organ: 'lateral ventricles',
  ood: false,
  size: [60, 64, 48],
  spacing: [2.6, 2.8, 2.8],
  orientation: 'RAS',
  background: 0.01,
  pose: (random) => ({
    rotation: [random.between(-9, 9), random.between(-7, 7), random.between(-8, 8)],
    scale: random.between(0.93, 1.05),
    shift: [random.between(-4, 4), random.between(-4, 4), random.between(-5, 5)],
  }),
  paint(canvas, random) {
    const tissues = {
      fluid: random.between(0.24, 0.32),
      grey: random.between(0.5, 0.58),
      white: random.between(0.72, 0.84),
      fat: random.between(0.85, 1.05),
    };
    const folds = tissueField(canvas, 9, random);
    const fine = tissueField(canvas, 5, random);
    head(canvas, tissues, folds, fine);
    brain(canvas, tissues, folds, fine);
    const swelling = random.between(1.1, 1.5);
    const ml = crescent(canvas, random, 1, swelling, tissues) + crescent(canvas, random, -1, swelling, tissues);
    acquireMr(canvas, { noiseSd: random.between(0.015, 0.04), biasSd: 0.22, units: random.between(250, 2500) }, random);
    return ml;
  },
};

function head(canvas: Canvas, tissues: Tissues, folds: Float32Array, fine: Float32Array): void {
  const centre = [0, -2, -6] as const;
  paint(canvas, { centre: [0, 5, -70], radii: [54, 66, 50] }, 0.45, { field: folds, texture: 0.1, wobble: 1 });
  paint(canvas, { centre, radii: [71, 84, 72] }, tissues.fat * 0.6);
  paint(canvas, { centre, radii: [69, 82, 70] }, tissues.fat, { field: fine, texture: 0.07 });
  paint(canvas, { centre, radii: [65.5, 78.5, 66.5] }, 0.06);
  paint(canvas, { centre, radii: [62.5, 75.5, 63.5] }, 0.4, { field: fine, texture: 0.12 });
  paint(canvas, { centre, radii: [60.8, 73.5, 61.5] }, 0.06);
  paint(canvas, { centre, radii: [58.5, 71, 59] }, tissues.fluid);
  for (const side of [-1, 1]) {
    paint(canvas, { centre: [30 * side, 48, -42], radii: [15, 17, 14] }, tissues.fat * 0.9, {
      field: fine,
      texture: 0.08,
    });
    paint(canvas, { centre: [30 * side, 55, -42], radii: [11.5, 11.5, 11.5] }, tissues.fluid * 1.1);
  }
  paint(canvas, { centre: [0, 66, -46], radii: [11, 18, 18] }, 0.04, { field: folds, texture: 0.08, wobble: 2 });
}

function brain(canvas: Canvas, tissues: Tissues, folds: Float32Array, fine: Float32Array): void {
  const { fluid, grey, white } = tissues;
  const centre = [0, -3, -2] as const;
  // Fluid runs where the field of folds crosses zero, with a ribbon of cortex on both sides and white matter between.
  const sulci = folds.map((f) => Math.exp(-((f / 0.2) ** 2)));
  const ribbon = folds.map((f) => Math.exp(-((f / 0.75) ** 2)));
  paint(canvas, { centre, radii: [57, 70, 54] }, grey, { field: sulci, texture: 0.6 * (fluid - grey), wobble: 2 });
  paint(canvas, { centre, radii: [53, 66, 50] }, white, { field: ribbon, wobble: 14 });
  paint(canvas, { centre: [0, 0, 10], radii: [1.8, 72, 54] }, fluid);
  paint(canvas, { centre: [0, -2, 6], radii: [34, 50, 27] }, white, { field: fine, texture: 0.02, wobble: 1 });
  for (const side of [-1, 1]) {
    paint(canvas, { centre: [46 * side, 6, -8], radii: [13, 20, 3], rotation: [20, 0, 0] }, fluid, {
      field: folds,
      wobble: 1.5,
    });
    paint(canvas, { centre: [13 * side, -10, -6], radii: [9, 15, 10] }, grey * 1.1, { field: fine, texture: 0.02 });
    paint(canvas, { centre: [26 * side, 6, -4], radii: [7, 17, 12], rotation: [0, 0, 12 * side] }, grey, {
      field: fine,
      texture: 0.02,
    });
  }
  paint(canvas, { centre: [0, -48, -44], radii: [46, 27, 22] }, fluid);
  paint(canvas, { centre: [0, -48, -45], radii: [43, 24, 20] }, grey * 1.1, { field: fine, texture: 0.09 });
  paint(canvas, { centre: [0, -18, -46], radii: [15, 14, 34], rotation: [-12, 0, 0] }, white * 0.93);
  paint(canvas, { centre: [0, -33, -42], radii: [7, 5, 9] }, fluid);
  paint(canvas, { centre: [0, -4, -8], radii: [2.6, 13, 8] }, fluid);
}

/** One lateral ventricle: an ellipsoid whose horns turn outward and down, with choroid plexus; side 1 is the right. */
function crescent(canvas: Canvas, random: Random, side: number, swelling: number, tissues: Tissues): number {
  const width = swelling * random.between(8.5, 11);
  const shape: Shape = {
    centre: [side * (width + random.between(2, 3.5)), random.between(-5, 1), 9 + random.between(-2, 2)],
    radii: [width, random.between(33, 39), swelling * random.between(11, 13.5)],
    rotation: [random.between(-4, 4), side * random.between(0, 12), 0],
    bends: [
      { axis: 0, along: 1, perMm: side * random.between(0.003, 0.006) },
      { axis: 2, along: 1, perMm: -random.between(0.003, 0.008) },
    ],
  };
  const ml = paintTarget(canvas, shape, tissues.fluid);
  const [x, y, z] = shape.centre;
  paint(canvas, { centre: [x + 1.5 * side, y - 14, z - 3], radii: [2.4, 9, 3.4] }, tissues.grey * 0.9);
  return ml;
}
