import { describe, expect, test } from 'vitest';
import { PlanError } from '../../src/errors.js';
import { fingerprintsSchema, summariseFingerprints } from '../../src/preprocessing/fingerprints-file.js';
import { makePlan } from '../../src/preprocessing/make-plan.js';
import { parsePlans, plansToJson } from '../../src/preprocessing/plans-file.js';
import { fingerprintOf } from './plans.js';

const fit = { tasks: ['liver', 'heart'], stride: 8 };
const plan = makePlan([fingerprintOf([40, 48, 32], [1, 1, 2])], {
  stride: 8,
  patchVoxels: 48 ** 3,
  hounsfield: false,
  intensityOffset: null,
});
const textOf = (tasks: object) => JSON.stringify({ format: 'candor-plans/1', tasks });

describe('plans.json', () => {
  test('holds every value of a plan with a sentence why, and what each means', () => {
    const json = plansToJson({ liver: plan }) as {
      meanings: Record<string, string>;
      tasks: Record<string, Record<string, { value: unknown; why: string }>>;
    };
    const { reasons, ...values } = plan;
    const entries = Object.entries(json.tasks.liver);
    expect(Object.fromEntries(entries.map(([key, { value }]) => [key, value]))).toEqual(values);
    expect(Object.fromEntries(entries.map(([key, { why }]) => [key, why]))).toEqual(reasons);
    for (const [key, { why }] of entries) {
      expect(why.length).toBeGreaterThan(10);
      expect(json.meanings[key].length).toBeGreaterThan(10);
    }
  });

  test('as written is read back: all its values are given', () => {
    const { reasons: _reasons, ...values } = plan;
    const given = parsePlans(JSON.stringify(plansToJson({ liver: plan })), 'p.json', fit);
    expect(Object.keys(given)).toEqual(['liver']);
    expect(given.liver).toEqual(
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value, why: 'set by p.json' }])),
    );
  });

  test('may hold some tasks and some values only', () => {
    const given = parsePlans(textOf({ heart: { spacing: { value: [1, 1, 2.5] } }, liver: {} }), 'p.json', fit);
    expect(given).toEqual({ heart: { spacing: { value: [1, 1, 2.5], why: 'set by p.json' } }, liver: {} });
  });

  test.each([
    ['{', /^p\.json: expected JSON/],
    ['[]', /^p\.json: the top: .*expected object/],
    ['{"format": "candor-plans/2", "tasks": {}}', /^p\.json: format: .*candor-plans\/1/],
    [textOf({ livr: {} }), /^p\.json: tasks: unknown task "livr"; the data sets' tasks are liver, heart\.$/],
    [textOf({ constructor: {} }), /unknown task "constructor"/],
    [
      textOf({ liver: { spacings: { value: [1, 1, 1] } } }),
      /^p\.json: tasks\.liver: unknown key "spacings"; known are orientation, spacing, patch, overlap, maximumWindows, intensity, intensityOffset\.$/,
    ],
    [
      textOf({ liver: { spacing: { values: 1, value: [1, 1, 1] } } }),
      /spacing: unknown key "values"; known are value, why/,
    ],
    [textOf({ liver: { spacing: [1, 1, 1] } }), /^p\.json: tasks\.liver\.spacing: .*expected object, received array/],
    [textOf({ liver: { spacing: { value: [1, 0, 1] } } }), /^p\.json: tasks\.liver\.spacing\.value\[1\]: .*>0/],
    [
      textOf({ liver: { patch: { value: [16, 20, 16] } } }),
      /^p\.json: tasks\.liver\.patch\.value: .*stride 8, found 16 x 20 x 16\.$/,
    ],
    [textOf({ liver: { patch: { value: [8192, 8192, 8] } } }), /patch of at most 134217728 voxels/],
    [textOf({ liver: { overlap: { value: 1 } } }), /tasks\.liver\.overlap\.value/],
    [textOf({ liver: { orientation: { value: 'LPS' } } }), /tasks\.liver\.orientation\.value: .*"RAS"/],
    [
      textOf({ liver: { intensity: { value: { kind: 'window', lower: 3, upper: 2, mean: 0, sd: 1 } } } }),
      /tasks\.liver\.intensity\.value: lower must lie below upper/,
    ],
    [
      textOf({ liver: { intensity: { value: { kind: 'z-score', lowerPercentile: 1, upperPercentile: 99, sd: 2 } } } }),
      /tasks\.liver\.intensity\.value: unknown key "sd"/,
    ],
  ])('refuses %s', (text, reason) => {
    expect(() => parsePlans(text, 'p.json', fit)).toThrow(reason);
    expect(() => parsePlans(text, 'p.json', fit)).toThrow(PlanError);
  });
});

describe('fingerprints.json', () => {
  test('says what was measured, over a task and of each case', () => {
    const cases = [
      { name: 'a', fingerprint: fingerprintOf([40, 48, 32], [1, 1, 2], { foregroundVolumeMl: 10 }) },
      { name: 'b', fingerprint: fingerprintOf([50, 48, 32], [1, 1, 4], { foregroundVolumeMl: 20, minimum: -5 }) },
      {
        name: 'empty',
        fingerprint: fingerprintOf([60, 48, 32], [1, 1, 3], {
          foregroundVolumeMl: 0,
          foregroundIntensities: new Float32Array(0),
          minimum: Number.POSITIVE_INFINITY,
        }),
      },
    ];
    const file = fingerprintsSchema.parse(
      JSON.parse(JSON.stringify(summariseFingerprints([{ name: 'liver', cases }]))),
    );
    const { liver } = file.tasks;
    expect(liver.n).toBe(3);
    expect(liver.size).toEqual({ minimum: [40, 48, 32], median: [50, 48, 32], maximum: [60, 48, 32] });
    expect(liver.spacing.median).toEqual([1, 1, 3]);
    expect(liver.foregroundVolumeMl!.p50).toBe(10);
    expect(liver.foregroundIntensity!.p50).toBe(50);
    expect(liver.foregroundIntensity!.p0_5).toBeCloseTo(0.005, 9);
    expect(liver.foregroundIntensity!.p99_5).toBeCloseTo(99.995, 9);
    expect(liver.cases.map(({ minimum }) => minimum)).toEqual([0, -5, null]);
    expect(liver.cases[2].foregroundIntensity).toBeNull();
    const { name: _name, ...measures } = liver.cases[0];
    for (const key of Object.keys(measures)) expect(file.meanings).toHaveProperty(key);
  });
});
