/** Proton-density MR of a knee in sagittal slices: the patella, one bone among others. Out of distribution for the others. */
import { acquireMr, tissueField } from './acquisition.js';
import { type Canvas, paint, paintTarget, type Shape } from './canvas.js';
import type { PhantomFamily } from './family.js';

export const knee: PhantomFamily = {
  name: 'knee',
  modality: 'MR',
  organ: 'patella',
  ood: true,
  size: [40, 60, 60],
  spacing: [3, 2.3, 2.3],
  orientation: 'PIR',
  background: 0.01,
  pose: (random) => ({
    rotation: [random.between(-6, 6), random.between(-5, 5), random.between(-8, 8)],
    scale: random.between(0.94, 1.06),
    shift: [random.between(-4, 4), random.between(-4, 4), random.between(-5, 5)],
  }),
  paint(canvas, random) {
    const fine = tissueField(canvas, 5, random);
    const coarse = tissueField(canvas, 16, random);
    const marrow = random.between(0.62, 0.78);
    softTissue(canvas, random.between(0.3, 0.4), fine, coarse);
    bones(canvas, marrow, fine);
    ligaments(canvas, fine);
    const patella: Shape = {
      centre: [random.between(-2, 2), 42 + random.between(-1, 1.5), 20 + random.between(-3, 3)],
      radii: [random.between(18, 22), random.between(9, 11), random.between(18, 22)],
      rotation: [random.between(-12, 2), 0, random.between(-6, 6)],
    };
    const [a, b, c] = patella.radii;
    const ml = paintTarget(canvas, patella, 0.08);
    paint(canvas, { ...patella, radii: [a - 1.8, b - 1.8, c - 1.8] }, marrow, { field: fine, texture: 0.05 });
    acquireMr(canvas, { noiseSd: random.between(0.015, 0.04), biasSd: 0.2, units: random.between(300, 1500) }, random);
    return ml;
  },
};

function softTissue(canvas: Canvas, muscle: number, fine: Float32Array, coarse: Float32Array): void {
  const fibres = { field: fine, texture: 0.05, wobble: 1.5 };
  paint(canvas, { centre: [0, 0, 0], radii: [56, 62, Infinity] }, 0.5);
  paint(canvas, { centre: [0, 0, 0], radii: [54.5, 60.5, Infinity] }, 0.85, { field: coarse, texture: 0.04 });
  paint(canvas, { centre: [0, 2, 0], radii: [48, 52, Infinity] }, 0.7, { field: fine, texture: 0.06, wobble: 1.5 });
  for (const side of [-1, 1]) {
    paint(canvas, { centre: [24 * side, -36, -50], radii: [19, 16, 62] }, muscle, fibres);
    paint(canvas, { centre: [32 * side, -26, 62], radii: [13, 17, 52] }, muscle, fibres);
    paint(canvas, { centre: [30 * side, 22, 68], radii: [17, 20, 42] }, muscle, fibres);
  }
  paint(canvas, { centre: [0, 34, 72], radii: [22, 11, 36] }, muscle, fibres);
  paint(canvas, { centre: [2, -38, 0], radii: [5, 5, Infinity] }, 0.06);
  paint(canvas, { centre: [-8, -42, 0], radii: [5, 4, Infinity] }, 0.95);
}

/** Two long bones with rounded ends, cortex, cartilage and menisci. */
function bones(canvas: Canvas, marrow: number, fine: Float32Array): void {
  const texture = { field: fine, texture: 0.05 };
  const condyle = (side: number, grow: number): Shape => ({
    centre: [21 * side, -4, 14],
    radii: [20 + grow, 27 + grow, 20 + grow],
  });
  const plateau = (grow: number): Shape => ({ centre: [0, -3, -27], radii: [39 + grow, 27 + grow, 15 + grow] });
  const shafts: [Shape['centre'], Shape['radii']][] = [
    [
      [0, 2, 66],
      [16, 16, 58],
    ],
    [
      [0, -2, -74],
      [16, 16, 58],
    ],
  ];
  for (const side of [-1, 1]) paint(canvas, condyle(side, 3.4), 0.92);
  paint(canvas, plateau(3), 0.92);
  paint(canvas, { centre: [0, 18, 16], radii: [26, 14, 17] }, 0.92);
  for (const [centre, radii] of shafts) paint(canvas, { centre, radii: [radii[0] + 2, radii[1] + 2, radii[2]] }, 0.06);
  for (const side of [-1, 1]) paint(canvas, condyle(side, 0), 0.08);
  paint(canvas, { centre: [0, 16, 18], radii: [25, 13, 16] }, 0.08);
  paint(canvas, plateau(0), 0.08);
  for (const side of [-1, 1]) paint(canvas, condyle(side, -2), marrow, texture);
  paint(canvas, { centre: [0, 15, 19], radii: [23, 11, 14] }, marrow, texture);
  paint(canvas, plateau(-2), marrow, texture);
  for (const [centre, radii] of shafts)
    paint(canvas, { centre, radii: [radii[0] - 2, radii[1] - 2, radii[2]] }, marrow, texture);
  for (const side of [-1, 1]) {
    for (const end of [-1, 1]) {
      paint(canvas, { centre: [22 * side, -4 + 17 * end, -9], radii: [12, 7, 3.2], rotation: [14 * end, 0, 0] }, 0.1);
    }
  }
}

function ligaments(canvas: Canvas, fine: Float32Array): void {
  paint(canvas, { centre: [0, 34, -8], radii: [17, 13, 14] }, 0.82, { field: fine, texture: 0.06, wobble: 1.5 });
  paint(canvas, { centre: [0, 45, -18], radii: [11, 3, 27], rotation: [7, 0, 0] }, 0.07);
  paint(canvas, { centre: [0, 46, 56], radii: [13, 3.2, 30], rotation: [-5, 0, 0] }, 0.07);
  paint(canvas, { centre: [1, 0, -3], radii: [4, 4, 19], rotation: [-38, 0, 0] }, 0.1);
  paint(canvas, { centre: [-2, -14, -4], radii: [4, 4, 18], rotation: [28, 0, 0] }, 0.07);
}
