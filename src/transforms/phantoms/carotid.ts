/** Ultrasound of a neck: the carotid artery beside a vein just as dark. Out of distribution for the others. */
import { acquireUltrasound, tissueField } from './acquisition.js';
import { paint, paintTarget, type Shape } from './canvas.js';
import type { PhantomFamily } from './family.js';

export const carotid: PhantomFamily = {
  name: 'carotid',
  modality: 'US',
  organ: 'carotid artery',
  ood: true,
  size: [56, 56, 40],
  spacing: [0.7, 0.7, 0.9],
  orientation: 'RPI',
  background: 0.35,
  pose: (random) => ({ rotation: [0, 0, random.between(-8, 8)], scale: random.between(1, 1.15), shift: [0, 0, 0] }),
  paint(canvas, random) {
    const fine = tissueField(canvas, 2.2, random);
    const coarse = tissueField(canvas, 7, random);
    const strands = { field: fine, texture: 0.05, wobble: 0.4 };
    const everywhere = { centre: [0, 0, 0], radii: [200, 200, 200] } as const;
    paint(canvas, everywhere, 0.3, { field: coarse, texture: 0.09 });
    paint(canvas, { centre: [0, 21, 0], radii: [60, 4, Infinity] }, 0.75, strands);
    paint(canvas, { centre: [-4, 12, 0], radii: [24, 4.5, Infinity], rotation: [0, 0, 8] }, 0.14, strands);
    paint(canvas, { centre: [-4, 16.7, 0], radii: [26, 0.5, Infinity], rotation: [0, 0, 8] }, 0.9);
    paint(canvas, { centre: [-4, 7.3, 0], radii: [26, 0.5, Infinity], rotation: [0, 0, 8] }, 0.9);
    paint(canvas, { centre: [12, -1, 4], radii: [8, 8, 22] }, 0.55, { field: fine, texture: 0.1, wobble: 0.7 });
    paint(canvas, { centre: [22, -4, 0], radii: [8, 10, Infinity] }, 0.02);
    paint(canvas, { centre: [14.2, -4, 0], radii: [0.7, 9, Infinity] }, 1.1);
    const vein: Shape = {
      centre: [-11 + random.between(-1, 1), 3, 0],
      radii: [5.5, 2.8, Infinity],
      rotation: [0, 0, 20],
    };
    paint(canvas, { ...vein, radii: [6.1, 3.4, Infinity] }, 0.6);
    paint(canvas, vein, 0.012);
    const radius = random.between(4, 5);
    const artery: Shape = {
      centre: [random.between(-2, 1), -2 + random.between(-1, 1), random.between(-6, 6)],
      radii: [radius, radius * random.between(0.92, 1), Infinity],
      bends: [
        { axis: 0, along: 2, perMm: random.between(0.003, 0.008) * (random.chance(0.5) ? 1 : -1) },
        { axis: 1, along: 2, perMm: random.between(0.002, 0.005) },
      ],
    };
    const [a, b] = artery.radii;
    // Echoes gain strength behind fluid.
    paint(
      canvas,
      { ...artery, centre: [artery.centre[0], -14, artery.centre[2]], radii: [a, 8, Infinity] },
      0.6,
      strands,
    );
    paint(canvas, { ...artery, radii: [a + 1.3, b + 1.3, Infinity] }, 0.95, { field: fine, texture: 0.1 });
    const ml = paintTarget(canvas, artery, random.between(0.008, 0.015));
    paint(canvas, { centre: [0, -22, 0], radii: [60, 3, Infinity] }, 1, strands);
    acquireUltrasound(
      canvas,
      { dynamicRange: 50, attenuation: random.between(0.05, 0.2), apex: 22, halfAngle: random.between(24, 30) },
      random,
    );
    return ml;
  },
};
