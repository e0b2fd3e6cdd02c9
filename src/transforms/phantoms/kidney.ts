/** Abdominal CT: kidneys with spleen, liver, vessels and spine of similar or higher attenuation around them. */
import type { Random } from '../../math/random.js';
import { acquireCt, tissueField } from './acquisition.js';
import { type Canvas, paint, paintTarget, type Shape } from './canvas.js';
import type { PhantomFamily } from './family.js';

export const kidney: PhantomFamily = {
  name: 'kidney',
  modality: 'CT',
  organ: 'kidney',
  ood: false,
  size: [64, 52, 40],
  spacing: [4.2, 4.2, 5],
  orientation: 'LPS',
  background: -1000,
  pose: (random) => ({
    rotation: [random.between(-3, 3), random.between(-3, 3), random.between(-6, 6)],
    scale: random.between(0.92, 1.06),
    shift: [random.between(-4, 4), random.between(-3, 3), random.between(-8, 8)],
  }),
  paint(canvas, random) {
    const coarse = tissueField(canvas, 28, random);
    const fine = tissueField(canvas, 9, random);
    const enhancement = random.between(0.4, 1);
    trunk(canvas, random, coarse, fine);
    organs(canvas, random, enhancement, coarse, fine);
    const ml = bean(canvas, random, 1, enhancement, fine) + bean(canvas, random, -1, enhancement, fine);
    acquireCt(canvas, random.between(10, 22), random);
    return ml;
  },
};

function trunk(canvas: Canvas, random: Random, coarse: Float32Array, fine: Float32Array): void {
  const fat = random.between(7, 15);
  const style = { field: coarse, texture: 6, wobble: 1.5 };
  paint(
    canvas,
    { centre: [0, -104, 0], radii: [105, 3, Infinity], bends: [{ axis: 1, along: 0, perMm: 0.0012 }] },
    -150,
  );
  paint(canvas, { centre: [0, 0, 0], radii: [128, 94, Infinity] }, 0);
  paint(canvas, { centre: [0, 0, 0], radii: [125.5, 91.5, Infinity] }, -102, style);
  paint(canvas, { centre: [0, 0, 0], radii: [125.5 - fat, 91 - fat, Infinity] }, 56, style);
  paint(canvas, { centre: [0, 3, 0], radii: [114 - fat, 76 - fat / 2, Infinity] }, -98, style);
  for (const side of [-1, 1]) {
    paint(canvas, { centre: [29 * side, -69, 0], radii: [25, 14, Infinity] }, 54, {
      field: fine,
      texture: 9,
      wobble: 1,
    });
    paint(canvas, { centre: [30 * side, -43, -20], radii: [15, 16, 95] }, 58, { field: fine, texture: 5, wobble: 1 });
  }
  ribs(canvas, random, fat);
  spine(canvas, random, fine);
}

/** Ribs run down and forward around the trunk: strings of short segments. */
function ribs(canvas: Canvas, random: Random, fat: number): void {
  const [a, b] = [119 - fat, 85 - fat];
  for (const side of [-1, 1]) {
    for (let level = 0; level < 4; level++) {
      const top = 110 - 34 * level + random.between(-4, 4);
      for (let step = 0; step <= 16 - 2 * level; step++) {
        const angle = -1.25 + 0.13 * step;
        const centre = [side * a * Math.cos(angle), b * Math.sin(angle), top - 4.5 * step] as const;
        paint(canvas, { centre, radii: [4.5, 6, 5.5] }, 330);
      }
    }
  }
}

function spine(canvas: Canvas, random: Random, fine: Float32Array): void {
  paint(canvas, { centre: [0, -64, 0], radii: [17, 12, Infinity] }, 300, { field: fine, texture: 60, wobble: 2 });
  const start = random.between(-16, 16);
  for (let level = -4; level <= 4; level++) {
    const z = start + 32 * level;
    paint(canvas, { centre: [0, -44, z], radii: [24, 18, 19] }, 420);
    paint(canvas, { centre: [0, -44, z], radii: [21, 15, 16] }, 190, { field: fine, texture: 35 });
    paint(canvas, { centre: [0, -82, z], radii: [4, 14, 10] }, 380);
    for (const side of [-1, 1]) paint(canvas, { centre: [26 * side, -60, z], radii: [16, 4, 6] }, 330);
    paint(canvas, { centre: [0, -44, z + 16], radii: [23, 17, 4.5] }, 85);
  }
  paint(canvas, { centre: [0, -64, 0], radii: [9, 7.5, Infinity] }, 28);
}

function organs(canvas: Canvas, random: Random, enhancement: number, coarse: Float32Array, fine: Float32Array): void {
  const parenchyma = { field: fine, texture: 7 };
  const liver = 62 + 50 * enhancement + random.between(-6, 6);
  paint(canvas, { centre: [48, 12, 52], radii: [66, 58, 62], rotation: [0, 25, 0] }, liver, {
    ...parenchyma,
    field: coarse,
    wobble: 4,
  });
  const spleen = 55 + 80 * enhancement + random.between(-8, 8);
  paint(canvas, { centre: [-80, -26, 66], radii: [23, 40, 40], rotation: [0, 0, -20] }, spleen, {
    ...parenchyma,
    wobble: 1,
  });
  paint(canvas, { centre: [-42, 34, 52], radii: [40, 31, 32], rotation: [0, 30, 0] }, 75, { ...parenchyma, wobble: 2 });
  paint(canvas, { centre: [-42, 33, 52], radii: [36, 27, 28], rotation: [0, 30, 0] }, random.between(10, 45));
  paint(canvas, { centre: [-38, 48, 54], radii: [25, 10, 20] }, -850);
  for (let n = 0; n < 16; n++) loop(canvas, random, n, fine);
  paint(
    canvas,
    { centre: [0, 6, 18], radii: [46, 11, 12], rotation: [0, 14, 0], bends: [{ axis: 1, along: 0, perMm: -0.006 }] },
    70 + 45 * enhancement,
    { field: fine, texture: 14, wobble: 2 },
  );
  paint(canvas, { centre: [-9, -18, 0], radii: [10.5, 10.5, Infinity] }, 50 + 150 * enhancement);
  paint(canvas, { centre: [0, -12, 0], radii: [3, 3, 3] }, 400);
  paint(canvas, { centre: [17, -19, 0], radii: [12, 9, Infinity] }, 45 + 95 * enhancement, {
    field: coarse,
    texture: 4,
    wobble: 1,
  });
}

/** A piece of bowel: wall, and fluid, contrast-filled or gas within. */
function loop(canvas: Canvas, random: Random, n: number, fine: Float32Array): void {
  const angle = random.between(-0.15, 3.3);
  const reach = random.between(0.35, 0.82);
  const centre = [88 * reach * Math.cos(angle), -2 + 58 * reach * Math.sin(angle), random.between(-96, 8)] as const;
  const [a, b, c] = [random.between(11, 17), random.between(10, 15), random.between(14, 26)];
  const rotation = [random.between(-70, 70), random.between(-70, 70), 0] as const;
  const content = n % 4 === 0 ? -720 : n % 4 === 1 ? random.between(90, 190) : random.between(5, 40);
  paint(canvas, { centre, radii: [a, b, c], rotation }, 68, { field: fine, texture: 8, wobble: 1.2 });
  paint(canvas, { centre, radii: [a - 4, b - 4, c - 4], rotation }, content);
}

/** One kidney in its fat: a bent ellipsoid, convex to the side; side 1 is the patient's right. */
function bean(canvas: Canvas, random: Random, side: number, enhancement: number, fine: Float32Array): number {
  const shape: Shape & { radii: readonly [number, number, number] } = {
    centre: [
      side * (65 + random.between(-3, 4)),
      -40 + random.between(-4, 4),
      (side > 0 ? -16 : 2) + random.between(-8, 8),
    ],
    radii: [random.between(24, 30), random.between(23, 28), random.between(46, 58)],
    rotation: [random.between(-8, 8), side * random.between(-2, 12), side * random.between(-18, 8)],
    bends: [{ axis: 0, along: 2, perMm: -side * random.between(0.003, 0.007) }],
  };
  const [a, b, c] = shape.radii;
  const cortex = 36 + 145 * enhancement + random.between(-8, 8);
  paint(canvas, { ...shape, radii: [a + 8, b + 7, c + 10] }, -100, { field: fine, texture: 5, wobble: 1.5 });
  const ml = paintTarget(canvas, shape, cortex, { field: fine, texture: 5 });
  const inner: Shape = { ...shape, radii: [a * 0.66, b * 0.66, c * 0.74] };
  paint(canvas, inner, cortex - 10 - 25 * enhancement, { field: fine, texture: 12 });
  const hilum: Shape = { ...shape, radii: [a * 0.42, b * 0.36, c * 0.42] };
  paint(canvas, hilum, random.between(-45, 0), { field: fine, texture: 15 });
  return ml;
}
