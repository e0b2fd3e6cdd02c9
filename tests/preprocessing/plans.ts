/** Small plans, images and fingerprints for these tests. */
import type { Vec3 } from '../../src/math/vector.js';
import type { CaseFingerprint } from '../../src/preprocessing/make-plan.js';
import type { Plan } from '../../src/preprocessing/plan.js';

export function planOf(spacing: Vec3, changes: Partial<Plan> = {}): Plan {
  return {
    orientation: 'RAS',
    spacing: [...spacing],
    patch: [16, 16, 16],
    overlap: 0.5,
    maximumWindows: 32,
    intensity: { kind: 'window', lower: -1e6, upper: 1e6, mean: 0, sd: 1 },
    intensityOffset: null,
    reasons: {},
    ...changes,
  };
}

/** An axis-aligned affine; signs of -1 turn axes round (LPS for [-1, -1, 1]). */
export function affineOf(spacing: Vec3, sign: Vec3 = [1, 1, 1], origin: Vec3 = [0, 0, 0]): number[] {
  return [0, 1, 2]
    .flatMap((row) => [...[0, 1, 2].map((c) => (c === row ? spacing[c] * sign[c] : 0)), origin[row]])
    .concat(0, 0, 0, 1);
}

export function fill(size: Vec3, f: (x: number, y: number, z: number) => number): Float32Array {
  const data = new Float32Array(size[0] * size[1] * size[2]);
  let i = 0;
  for (let z = 0; z < size[2]; z++)
    for (let y = 0; y < size[1]; y++) for (let x = 0; x < size[0]; x++) data[i++] = f(x, y, z);
  return data;
}

export function fingerprintOf(size: Vec3, spacing: Vec3, changes: Partial<CaseFingerprint> = {}): CaseFingerprint {
  const extent = size.map((n, axis) => (n * spacing[axis]) / 2) as unknown as Vec3;
  return {
    size,
    spacing,
    foregroundIntensities: Float32Array.from({ length: 101 }, (_, i) => i),
    foregroundVolumeMl: 1,
    foregroundExtentMm: extent,
    foregroundChordMm: extent,
    minimum: 0,
    ...changes,
  };
}
