/** T2-weighted MR of the male pelvis in thick slices: prostate between bladder, rectum and muscle. */
import type { Random } from '../../math/random.js';
import { acquireMr, tissueField } from './acquisition.js';
import { type Canvas, paint, paintTarget, type Shape } from './canvas.js';
import type { PhantomFamily } from './family.js';

export const prostate: PhantomFamily = {
  name: 'prostate',
  modality: 'MR',
  organ: 'prostate',
  ood: false,
  size: [64, 60, 24],
  spacing: [1.5, 1.5, 4],
  orientation: 'LPI',
  background: 0.02,
  pose: (random) => ({
    rotation: [random.between(-7, 7), random.between(-4, 4), random.between(-7, 7)],
    scale: random.between(0.93, 1.08),
    shift: [random.between(-4, 4), random.between(-4, 4), random.between(-4, 4)],
  }),
  paint(canvas, random) {
    const fine = tissueField(canvas, 5, random);
    const coarse = tissueField(canvas, 14, random);
    pelvis(canvas, random, fine, coarse);
    hollows(canvas, random, fine, coarse);
    const ml = gland(canvas, random, fine);
    acquireMr(canvas, { noiseSd: random.between(0.02, 0.05), biasSd: 0.28, units: random.between(150, 900) }, random);
    return ml;
  },
};

function pelvis(canvas: Canvas, random: Random, fine: Float32Array, coarse: Float32Array): void {
  const muscle = random.between(0.16, 0.24);
  const marrow = random.between(0.42, 0.55);
  const fat = random.between(0.6, 0.75);
  paint(canvas, { centre: [0, 0, 0], radii: [400, 400, 400] }, fat, { field: fine, texture: 0.06 });
  for (const side of [-1, 1]) {
    const bone: Shape = { centre: [60 * side, 12, 0], radii: [19, 32, 70], rotation: [0, 0, 14 * side] };
    paint(canvas, bone, 0.05, { field: coarse, wobble: 1 });
    paint(canvas, { ...bone, radii: [16, 29, 67] }, marrow, { field: fine, texture: 0.05, wobble: 0.6 });
    paint(canvas, { centre: [40 * side, 6, -6], radii: [8, 31, 52], rotation: [0, 0, 12 * side] }, muscle, {
      field: fine,
      texture: 0.04,
      wobble: 0.8,
    });
    paint(canvas, { centre: [46 * side, -40, 0], radii: [26, 14, Infinity], rotation: [0, 0, -25 * side] }, muscle, {
      field: fine,
      texture: 0.06,
      wobble: 1.5,
    });
    const pubis: Shape = { centre: [19 * side, 41, -22], radii: [18, 9, 22], rotation: [0, 0, -22 * side] };
    paint(canvas, pubis, 0.05);
    paint(canvas, { ...pubis, radii: [15.5, 6.5, 19] }, marrow, { field: fine, texture: 0.05 });
    paint(
      canvas,
      {
        centre: [28 * side, -14, -26],
        radii: [2.6, 26, 24],
        rotation: [0, -18 * side, 10 * side],
        bends: [{ axis: 0, along: 1, perMm: -0.012 * side }],
      },
      muscle,
    );
  }
  paint(canvas, { centre: [0, 42, -22], radii: [3.5, 7, 18] }, 0.3);
}

/** Rectum with gas or gel, full bladder, seminal vesicles and the veins in front of the prostate. */
function hollows(canvas: Canvas, random: Random, fine: Float32Array, coarse: Float32Array): void {
  const content = random.chance(0.5) ? random.between(0.04, 0.1) : random.between(0.4, 0.9);
  const [a, b] = [random.between(11, 17), random.between(9, 13)];
  const rectum: Shape = { centre: [random.between(-3, 3), -32, 0], radii: [a, b, Infinity] };
  paint(canvas, { ...rectum, radii: [a + 6, b + 5, Infinity] }, 0.78, { field: fine, texture: 0.05, wobble: 1 });
  paint(canvas, rectum, 0.34, { field: coarse, texture: 0.03, wobble: 1 });
  paint(canvas, { ...rectum, radii: [a - 3.5, b - 3.5, Infinity] }, content, {
    field: fine,
    texture: 0.03,
    wobble: 0.8,
  });
  const bladder: Shape = {
    centre: [random.between(-3, 3), 12, 36 + random.between(-3, 5)],
    radii: [random.between(25, 34), random.between(18, 24), random.between(18, 24)],
  };
  const [u, v, w] = bladder.radii;
  paint(canvas, bladder, 0.28, { field: coarse, texture: 0.02, wobble: 0.7 });
  paint(canvas, { ...bladder, radii: [u - 3, v - 3, w - 3] }, random.between(0.95, 1.15));
  for (const side of [-1, 1]) {
    const vesicle: Shape = { centre: [14 * side, -13, 20], radii: [15, 5.5, 8], rotation: [0, 0, -14 * side] };
    paint(canvas, vesicle, 0.75, { field: fine, texture: 0.2, wobble: 1.2 });
    paint(canvas, { centre: [22 * side, -18, -6], radii: [3, 3, 22] }, 0.5, { field: fine, texture: 0.2 });
  }
  paint(canvas, { centre: [0, 22, -12], radii: [17, 5, 12] }, 0.8, { field: fine, texture: 0.2, wobble: 1.2 });
}

/** Bright peripheral zone in a dark capsule around a mottled, darker transition zone. */
function gland(canvas: Canvas, random: Random, fine: Float32Array): number {
  const shape: Shape = {
    centre: [random.between(-2, 2), random.between(-3, 2), -5 + random.between(-3, 3)],
    radii: [random.between(21, 28), random.between(15, 20), random.between(17, 23)],
    rotation: [random.between(-12, 12), 0, random.between(-5, 5)],
  };
  const [a, b, c] = shape.radii;
  const [x, y, z] = shape.centre;
  const peripheral = random.between(0.6, 0.78);
  const transition = random.between(0.34, 0.46);
  const ml = paintTarget(canvas, shape, 0.24);
  paint(canvas, { ...shape, radii: [a - 1.6, b - 1.6, c - 2] }, peripheral, { field: fine, texture: 0.05 });
  const size = random.between(0.62, 0.76);
  const inner: Shape = {
    ...shape,
    centre: [x, y + 0.2 * b, z + 0.12 * c],
    radii: [a * size, b * size * 0.95, c * size],
  };
  paint(canvas, inner, 0.26);
  paint(canvas, { ...inner, radii: [a * size - 1.2, b * size - 1.2, c * size - 1.5] }, transition, {
    field: fine,
    texture: 0.12,
  });
  paint(canvas, { centre: [x, y + 0.05 * b, z], radii: [1.9, 2.3, c * 0.8] }, 0.6);
  return ml;
}
