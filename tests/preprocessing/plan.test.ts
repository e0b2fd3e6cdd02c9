import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GeometryError, UsageError } from '../../src/errors.js';
import { count, type Vec3 } from '../../src/math/vector.js';
import { areHounsfield, fingerprintCase, type GivenValues, makePlan } from '../../src/preprocessing/make-plan.js';
import { type PlanValues, planSchema } from '../../src/preprocessing/plan.js';
import { sizeAt } from '../../src/preprocessing/spacing.js';
import { countWindows } from '../../src/preprocessing/windows.js';
import { affineOf, fill, fingerprintOf } from './plans.js';

const options = { stride: 8, patchVoxels: 48 ** 3, hounsfield: false, intensityOffset: null };

describe('fingerprintCase', () => {
  const size: Vec3 = [20, 10, 12];
  const inside = (x: number, y: number, z: number) => x >= 4 && x < 10 && y >= 2 && y < 6 && z >= 3 && z < 11;
  const data = fill(size, (x, y, z) => x + 100 * y + 1000 * z);
  const mask = Uint8Array.from(fill(size, (x, y, z) => (inside(x, y, z) ? 1 : 0)));

  test('measures along right, anterior, superior whatever the voxel order', () => {
    // Voxel axes run superior (1 mm), left (2 mm), anterior (3 mm).
    const affine = [0, -2, 0, 0, 0, 0, 3, 0, 1, 0, 0, 0, 0, 0, 0, 1];
    const print = fingerprintCase({ size, affine, data }, { size, affine, data: mask });
    expect(print.size).toEqual([10, 12, 20]);
    expect(print.spacing).toEqual([2, 3, 1]);
    expect(print.foregroundExtentMm).toEqual([8, 24, 6]);
    expect(print.foregroundChordMm).toEqual([8, 24, 6]);
    expect(print.minimum).toBe(0);
    expect(print.foregroundVolumeMl).toBeCloseTo((6 * 4 * 8 * 6) / 1000, 12);
    const values = [...print.foregroundIntensities].sort((a, b) => a - b);
    expect(values).toEqual([...data].filter((_, i) => mask[i]).sort((a, b) => a - b));
  });

  test('a chord is how thick the foreground is, not how far it reaches', () => {
    const sheet = Uint8Array.from(fill(size, (x) => (x === 3 || x === 4 || x === 15 || x === 16 ? 1 : 0)));
    const print = fingerprintCase({ size, affine: affineOf([2, 1, 1]), data }, { size, affine: [], data: sheet });
    expect(print.foregroundExtentMm).toEqual([28, 10, 12]);
    expect(print.foregroundChordMm).toEqual([4, 10, 12]);
  });

  test('large foregrounds are sampled evenly, the same way each time, without NaN', () => {
    const big: Vec3 = [30, 30, 30];
    const volume = {
      size: big,
      affine: affineOf([1, 1, 1]),
      data: Float32Array.from({ length: 27000 }, (_, i) => (i % 9 ? i : NaN)),
    };
    const all = { size: big, affine: affineOf([1, 1, 1]), data: new Uint8Array(27000).fill(1) };
    const sample = fingerprintCase(volume, all).foregroundIntensities;
    expect(sample.length).toBe(2000);
    expect(new Set(sample).size).toBe(2000);
    expect(sample.every(Number.isFinite)).toBe(true);
    expect(Math.abs(sample.reduce((a, b) => a + b, 0) / 2000 - 13500)).toBeLessThan(30);
    expect(fingerprintCase(volume, all).foregroundIntensities).toEqual(sample);
  });

  test('no foreground gives zeros, another size an error', () => {
    const volume = { size, affine: affineOf([1, 1, 1]), data };
    const empty = fingerprintCase(volume, { ...volume, data: new Uint8Array(2400) });
    expect(empty.foregroundExtentMm).toEqual([0, 0, 0]);
    expect(empty.foregroundIntensities.length).toBe(0);
    expect(makePlan([empty], { ...options, hounsfield: true }).intensity.kind).toBe('z-score');
    expect(() => fingerprintCase(volume, { size: [1, 1, 1], affine: [], data: new Uint8Array(1) })).toThrow(
      GeometryError,
    );
  });
});

describe('spacing and patch', () => {
  test('small isotropic crops keep their spacing and fit into one window', () => {
    const plan = makePlan([fingerprintOf([35, 50, 36], [1, 1, 1]), fingerprintOf([35, 51, 36], [1, 1, 1])], options);
    expect(plan.spacing).toEqual([1, 1, 1]);
    expect(plan.patch).toEqual([40, 56, 40]);
    expect(plan.maximumWindows).toBe(32);
  });

  test('what is left of the budget takes in larger images whole', () => {
    const cases = [...Array(3).fill([35, 50, 36]), ...Array(2).fill([35, 50, 45])].map((s) =>
      fingerprintOf(s, [1, 1, 1]),
    );
    const plan = makePlan(cases, options);
    expect(plan.patch).toEqual([40, 56, 48]);
    expect(plan.reasons.patch).toContain('5 of 5');
  });

  test('thick slices are never resampled finer, and the plane is coarsened until one window spans it', () => {
    const plan = makePlan([fingerprintOf([160, 160, 14], [1.5, 1.5, 10])], options);
    expect(plan.spacing[2]).toBe(10);
    expect(plan.spacing[0]).toBeGreaterThan(2.9);
    expect(plan.spacing[0]).toBeLessThan(3.1);
    expect(plan.patch).toEqual([80, 80, 16]);
    expect(countWindows([80, 80, 14], plan.patch as Vec3, 0.5)).toBe(1);
  });

  test('few slices are not padded to twice their number: the patch is a stride thick and the plane finer', () => {
    for (const slices of [5, 8, 10]) {
      const plan = makePlan([fingerprintOf([160, 160, slices], [1.5, 1.5, 10])], options);
      expect(plan.patch).toEqual([120, 120, 8]);
      expect(plan.spacing[0]).toBeCloseTo(2, 1);
      expect(countWindows([120, 120, slices], plan.patch as Vec3, 0.5)).toBe(slices > 8 ? 2 : 1);
    }
    expect(makePlan([fingerprintOf([160, 160, 11], [1.5, 1.5, 10])], options).patch).toEqual([80, 80, 16]);
    // Only one axis: a network that halves three times needs more than one place to take a mean over.
    expect(makePlan([fingerprintOf([5, 5, 5], [1, 1, 1])], options).patch).toEqual([8, 16, 16]);
  });

  test('a far coarser axis takes the 10th percentile of its spacings, but no finer than the others', () => {
    const slices = [2, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6];
    const cases = slices.map((mm) => fingerprintOf([40, 40, 12], [1, 1, mm]));
    expect(makePlan(cases, options).spacing).toEqual([1, 1, 5]);
    const mixed = slices.map((mm) => fingerprintOf([40, 40, 12], [1, 1, mm === 6 ? 6 : 0.5]));
    expect(makePlan(mixed, options).spacing).toEqual([1, 1, 1]);
  });

  test('fine axes are coarsened first, all together once they are alike', () => {
    const some = makePlan([fingerprintOf([90, 90, 40], [1, 1, 2])], options);
    expect(some.spacing[2]).toBe(2);
    expect(some.spacing[0]).toBeGreaterThan(1.2);
    expect(some.spacing[0]).toBeLessThanOrEqual(2);
    const all = makePlan([fingerprintOf([240, 240, 200], [1, 1, 2])], options);
    expect(all.spacing[0]).toBeGreaterThan(3);
    expect(all.spacing).toEqual([all.spacing[0], all.spacing[0], all.spacing[0]]);
    expect(all.reasons.spacing).toContain('coarsened');
  });

  test('thin and short foreground bounds the coarsening', () => {
    const size: Vec3 = [300, 300, 300];
    const free = makePlan([fingerprintOf(size, [1, 1, 1])], options);
    expect(Math.min(...free.spacing)).toBeGreaterThan(3);
    const thin = makePlan([fingerprintOf(size, [1, 1, 1], { foregroundChordMm: [8, 8, 3] })], options);
    expect(thin.spacing).toEqual([2, 2, 1]);
    const short = makePlan([fingerprintOf(size, [1, 1, 1], { foregroundExtentMm: [30, 24, 6] })], options);
    expect(short.spacing).toEqual([2.5, 2, 1]);
    const kept = makePlan([fingerprintOf(size, [1, 1, 1], { foregroundChordMm: [2, 2, 2] })], options);
    expect(kept.spacing).toEqual([1, 1, 1]);
    expect(kept.reasons.spacing).toContain('thin foreground');
  });

  test('any task gets a valid plan: budget, stride, spacing and words', () => {
    const side = fc.integer({ min: 1, max: 400 });
    const mm = fc.double({ min: 0.3, max: 12, noNaN: true });
    const cases = fc.array(
      fc
        .record({ size: fc.tuple(side, side, side), spacing: fc.tuple(mm, mm, mm) })
        .map((c) => fingerprintOf(c.size, c.spacing)),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(
        cases,
        fc.constantFrom(4, 8, 16),
        fc.constantFrom(36000, 110592, 300000),
        (prints, stride, patchVoxels) => {
          const plan = planSchema.parse(makePlan(prints, { ...options, stride, patchVoxels }));
          expect(count(plan.patch)).toBeLessThanOrEqual(1.1 * patchVoxels);
          for (const n of plan.patch) {
            expect(n % stride).toBe(0);
            expect(n).toBeGreaterThanOrEqual(stride);
          }
          expect(plan.patch.filter((n) => n === stride).length).toBeLessThanOrEqual(1);
          for (const axis of [0, 1, 2]) {
            const longest = Math.max(...prints.map((c) => (c.size[axis] * c.spacing[axis]) / plan.spacing[axis]));
            expect(plan.patch[axis]).toBeLessThan(Math.max(2 * stride + 1, longest + 1 + stride));
          }
          expect(Object.keys(plan.reasons).sort()).toEqual([
            'intensity',
            'intensityOffset',
            'maximumWindows',
            'orientation',
            'overlap',
            'patch',
            'spacing',
          ]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('fits the largest case into memory, however fine the others are', () => {
    const tiny = fingerprintOf([1, 1, 1], [0.3, 0.3, 0.3]);
    const plan = makePlan([tiny, tiny, fingerprintOf([229, 229, 229], [11.92, 11.92, 11.92])], options);
    expect(count(sizeAt(fingerprintOf([229, 229, 229], [11.92, 11.92, 11.92]), plan.spacing))).toBeLessThanOrEqual(
      2 ** 29,
    );
    expect(plan.reasons.spacing).toContain('fits into memory');
  });

  const given = (values: Partial<PlanValues>): GivenValues =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value, why: 'told' }]));

  test('given values are taken as they are, and what follows from them is derived anew', () => {
    const plan = makePlan([fingerprintOf([100, 100, 100], [1, 1, 1])], {
      ...options,
      given: given({ spacing: [2, 2, 3], patch: [24, 24, 16], overlap: 0.25 }),
    });
    expect([plan.spacing, plan.patch, plan.overlap]).toEqual([[2, 2, 3], [24, 24, 16], 0.25]);
    expect([plan.reasons.spacing, plan.reasons.patch, plan.reasons.overlap]).toEqual(['told', 'told', 'told']);
    // 50 x 50 x 33 voxels: 4 x 4 x 3 windows at steps of 18, 18, 12; four times that.
    expect(plan.maximumWindows).toBe(4 * countWindows([50, 50, 33], [24, 24, 16], 0.25));
    expect(plan.reasons.maximumWindows).toContain('training cases need');
  });

  test('all values of a plan given back make the same plan, for the same reasons', () => {
    const cases = [fingerprintOf([240, 240, 200], [1, 1, 2])];
    const { reasons, ...values } = makePlan(cases, options);
    expect(makePlan(cases, { ...options, given: given(values) })).toEqual({ reasons, ...values });
    const other = makePlan(cases, { ...options, given: given({ ...values, overlap: 0.25 }) });
    expect(other.reasons).toEqual({ ...reasons, overlap: 'told', maximumWindows: other.reasons.maximumWindows });
  });

  test.each([
    ['no cases', [], {}],
    ['stride 0', undefined, { stride: 0 }],
    ['a budget below two strides a side', undefined, { patchVoxels: 4095 }],
    ['a negative spacing', undefined, { given: given({ spacing: [1, -1, 1] }) }],
    ['a patch off the stride', undefined, { given: given({ patch: [20, 24, 24] }) }],
    ['overlap 1', undefined, { given: given({ overlap: 1 }) }],
    ['a spacing beyond memory', undefined, { given: given({ spacing: [1e-3, 1e-3, 1e-3] }) }],
  ])('%s is refused', (_, cases, changes) => {
    expect(() => makePlan(cases ?? [fingerprintOf([9, 9, 9], [1, 1, 1])], { ...options, ...changes })).toThrow(
      UsageError,
    );
  });
});

describe('intensity', () => {
  const ct = (low: number, high: number, minimum = -1024) =>
    fingerprintOf([40, 40, 40], [1, 1, 1], {
      foregroundIntensities: Float32Array.from({ length: 1001 }, (_, i) => low + ((high - low) * i) / 1000),
      minimum,
    });

  test('without Hounsfield units each image is normalised by itself', () => {
    expect(makePlan([ct(0, 100)], options).intensity).toEqual({
      kind: 'z-score',
      lowerPercentile: 0.5,
      upperPercentile: 99.5,
    });
  });

  test('a bone target keeps soft tissue in the window', () => {
    const plan = makePlan([ct(1024, 3024)], { ...options, hounsfield: true, intensityOffset: -1024 });
    expect(plan.intensity).toEqual({ kind: 'window', lower: -200, upper: 1990, mean: 895, sd: 547.5 });
    expect(plan.intensityOffset).toBe(-1024);
  });

  test('a lung target reaches down to air', () => {
    const plan = makePlan([ct(-1000, 0)], { ...options, hounsfield: true });
    expect(plan.intensity).toMatchObject({ lower: -995, upper: 300 });
  });

  test('Hounsfield units are believed of CT with an offset or plausible values alone', () => {
    const cases = [ct(0, 100)];
    expect(areHounsfield('CT', null, cases)).toBe(true);
    expect(areHounsfield('ct', -1024, [ct(0, 100, 0)])).toBe(true);
    expect(areHounsfield('CT', null, [ct(1000, 1100, 0)])).toBe(false);
    expect(areHounsfield('CT', null, [ct(0, 20000)])).toBe(false);
    expect(areHounsfield('MRI', null, cases)).toBe(false);
    expect(areHounsfield('CT', null, [])).toBe(false);
  });
});

describe('planSchema', () => {
  const plan = makePlan([fingerprintOf([35, 50, 36], [1, 1, 1])], options);

  test('a plan survives JSON', () => {
    expect(planSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
  });

  test.each([
    { patch: [40, 56.5, 40] },
    { spacing: [1, 0, 1] },
    { overlap: 0.95 },
    { intensity: { kind: 'window', lower: 3, upper: 3, mean: 0, sd: 1 } },
    { intensity: { kind: 'z-score', lowerPercentile: 99.5, upperPercentile: 0.5 } },
  ])('refuses %j', (change) => {
    expect(planSchema.safeParse({ ...plan, ...change }).success).toBe(false);
  });
});

describe('one case of many', () => {
  const usual = Array.from({ length: 7 }, () => fingerprintOf([64, 64, 40], [1, 1, 4], { minimum: -1000 }));
  const ct = { ...options, hounsfield: true };
  const withValues = (values: (i: number) => number) =>
    fingerprintOf([64, 64, 40], [1, 1, 4], {
      minimum: -1000,
      foregroundIntensities: Float32Array.from({ length: 2000 }, (_, i) => values(i)),
    });

  test('does not decide the window', () => {
    const cases = Array.from({ length: 7 }, () => withValues((i) => 400 + (i % 101)));
    const plain = makePlan(cases, ct).intensity;
    expect(plain).toMatchObject({ lower: -200, upper: 500 });
    expect(makePlan([...cases, withValues((i) => 1424 + (i % 101))], ct).intensity).toEqual(plain);
    expect(makePlan([...cases, withValues((i) => -900 + (i % 101))], ct).intensity).toEqual(plain);
    // Two of eight are part of what the task is.
    const two = [...cases.slice(1), ...[0, 1].map(() => withValues((i) => 1424 + (i % 101)))];
    expect(makePlan(two, ct).intensity).toMatchObject({ upper: 1522 });
  });

  test('does not decide whether units are Hounsfield, nor does one voxel', () => {
    const metal = withValues((i) => (i === 0 ? 9000 : 50));
    const other = withValues(() => 12_000);
    expect(areHounsfield('CT', null, [...usual, metal])).toBe(true);
    expect(areHounsfield('CT', null, [...usual, other])).toBe(true);
    expect(areHounsfield('CT', null, [...usual.slice(0, 3), other, other])).toBe(false);
  });

  test('does not decide the spacing of slices', () => {
    const fine = fingerprintOf([64, 64, 320], [1, 1, 0.5]);
    expect(makePlan([...usual.slice(0, 3), fine], options).spacing[2]).toBe(4);
  });

  test('does not decide how many windows an image may need', () => {
    const tenfold = fingerprintOf([64, 64, 40], [10, 10, 40]);
    expect(makePlan([...usual, tenfold], options).maximumWindows).toBe(makePlan(usual, options).maximumWindows);
    expect(makePlan([...usual, tenfold, tenfold], options).maximumWindows).toBeGreaterThan(1000);
  });
});
