/** The loop of an evaluation with a predictor whose answers are written by hand: what each figure is made of. */
import { describe, expect, it } from 'vitest';
import { CancelledError, UsageError } from '../../src/errors.js';
import { evaluateCases, evaluateImages, type LabelledCase } from '../../src/evaluation/evaluate-cases.js';
import type { Prediction, Predictor } from '../../src/inference/predictor.js';
import { oneStructure, threeStructures } from '../support/labels.js';
import { syntheticVerdict } from './synthetic.js';

const size = [4, 2, 2] as const;
const affine = [2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];
const grid = { size, affine, spacing: [2, 1, 1] } as const;
const options = { alpha: 0.05, toleranceMm: 1 };
const volume = { ...grid, data: new Float32Array(16) };
/** Three voxels, of which the mask has two, and one that the reference lacks. */
const reference = Uint8Array.of(1, 1, 1, ...new Array(13).fill(0));
const mask = Uint8Array.of(1, 1, 0, 1, ...new Array(12).fill(0));
const logits = Float32Array.from(mask, (voxel) => (voxel ? 2 : -2));
const calibrated = Float32Array.from(mask, (voxel) => (voxel ? 0.75 : 0.25));

function predictorOf(changes: Partial<Prediction> = {}): Predictor {
  const verdict = syntheticVerdict(0.5);
  const unscored = { ...verdict, ood: { ...verdict.ood, score: null } };
  const prediction = {
    ...{ task: 'liver', labels: oneStructure, logits, probability: calibrated, mask, notFiniteVoxels: 0 },
    ...{ temperature: 1.5, verdict, detectors: { 'soft-maximum': verdict, entropy: unscored }, volumeMl: 0.008 },
    ...{ foreground: { liver: { voxels: 3 } }, estimatedDice: 0.6, spacing: [2, 1, 1] },
    ...changes,
  };
  // Logits are made anew each time that they are asked for.
  return { predict: async () => ({ ...prediction, logits: prediction.logits.slice() }) } as unknown as Predictor;
}

function caseOf(changes: Partial<LabelledCase> = {}): LabelledCase {
  const read = async () => ({ volume, reference: { ...grid, data: reference } as never });
  return { task: 'liver', case: 'a', group: 'g', labels: oneStructure, read: read, ...changes };
}

const only = async (predictor: Predictor, changes: Partial<LabelledCase> = {}) =>
  (await evaluateCases(predictor, [caseOf(changes)], options)).cases[0];

describe('a case', () => {
  it('has the figures of its mask against its reference', async () => {
    const result = await only(predictorOf());
    expect(result).toMatchObject({ task: 'liver', case: 'a', group: 'g', split: 'test', temperature: 1.5 });
    expect(result.dice).toBeCloseTo(2 / 3, 12);
    expect(result.referenceMl).toBeCloseTo(0.006, 12);
    expect(result.predictedMl).toBe(0.008);
    expect(result.scores).toEqual({ 'soft-maximum': 2, entropy: Number.POSITIVE_INFINITY });
    expect(result.pValues).toEqual({ 'soft-maximum': 0.5, entropy: 0.5 });
    for (const absent of ['structures', 'confusions', 'invalidVoxels']) expect(result).not.toHaveProperty(absent);
    expect((await only(predictorOf({ notFiniteVoxels: 3 }))).invalidVoxels).toBe(3);
  });

  it('is calibrated before by logits at temperature one, after by the probabilities', async () => {
    const { before, after } = (await only(predictorOf())).calibration;
    const sure = 1 / (1 + Math.exp(-2));
    expect(before.all.ece).toBeCloseTo(gap(sure), 6);
    expect(after.all.ece).toBeCloseTo(gap(0.75), 6);
  });

  it('counts voxels of which nothing is known nowhere', async () => {
    const labels = { ...oneStructure, ignore: 9 };
    const data = reference.slice().fill(255, 3, 4);
    const read = async () => ({ volume, reference: { ...grid, data } });
    const result = await only(predictorOf(), { labels, read: read });
    expect(result.dice).toBeCloseTo(4 / 5, 12);
    const { count } = result.calibration.after.bins;
    expect(count.reduce((sum, voxels) => sum + voxels, 0)).toBe(15);
  });

  it('of several structures has each, and what was taken for what; none where it was taken for another task', async () => {
    const several = { labels: threeStructures };
    const planes = new Float32Array(48).fill(-2);
    const probability = new Float32Array(48).fill(0.1);
    for (let i = 0; i < 16; i++) if (mask[i]) [planes[i], probability[i]] = [2, 0.8];
    const answer = { ...several, logits: planes, probability };
    const right = await only(predictorOf(answer), several);
    expect(right.structures).toHaveLength(3);
    expect(right.structures?.[0].dice).toBeCloseTo(2 / 3, 12);
    expect(right).toHaveProperty('confusions');
    const other = await only(predictorOf({ ...answer, task: 'heart' }), several);
    expect(other.structures?.[0].dice).toBe(0);
    expect(other.dice).toBeCloseTo(2 / 3, 12);
  });
});

/** Mean distance of probability and frequency where all are `sure`: 3 voxels called foreground, 2 of them rightly, 13 not, 1 wrongly. */
function gap(sure: number): number {
  return (3 * Math.abs(sure - 2 / 3) + 13 * Math.abs(1 - sure - 1 / 13)) / 16;
}

describe('failures', () => {
  const failing = { read: () => Promise.reject(new UsageError({ file: 'a.nii', problem: 'is broken' })) };

  it('are kept, and the rest goes on; each case is told', async () => {
    const told: string[] = [];
    const cases = [caseOf(failing), caseOf({ case: 'b' })];
    const { cases: done, failed } = await evaluateCases(predictorOf(), cases, {
      ...options,
      onCase: (n) => told.push(n),
    });
    expect(failed).toEqual([
      { task: 'liver', case: 'a', error: { tag: 'UsageError', message: expect.stringContaining('a.nii') } },
    ]);
    expect(done.map(({ case: name }) => name)).toEqual(['b']);
    expect(told).toEqual(['a', 'b']);
  });

  it('of the program, and a cancellation, end it', async () => {
    const broken = caseOf({ read: () => Promise.reject(new TypeError('bug')) });
    await expect(evaluateCases(predictorOf(), [broken], options)).rejects.toThrow(TypeError);
    const stop = { ...options, signal: AbortSignal.abort() };
    await expect(evaluateCases(predictorOf(), [caseOf()], stop)).rejects.toThrow(CancelledError);
    const image = { set: 's', case: 'c', image: 'c.nii', read: async () => volume as never };
    await expect(evaluateImages(predictorOf(), [image], stop)).rejects.toThrow(CancelledError);
  });

  it('of images without reference have no verdict', async () => {
    const image = { set: 's', case: 'c', image: 'c.nii', read: async () => volume as never };
    const [bad, good] = await evaluateImages(
      predictorOf({ notFiniteVoxels: 2 }),
      [{ ...image, ...failing }, image],
      options,
    );
    expect(bad).toMatchObject({ verdict: null, scores: {}, seconds: 0, error: { tag: 'UsageError' } });
    expect(good).toMatchObject({ set: 's', verdict: { verdict: 'in-distribution' }, invalidVoxels: 2 });
    expect(good).not.toHaveProperty('error');
    expect((await evaluateImages(predictorOf(), [image], options))[0]).not.toHaveProperty('invalidVoxels');
  });
});
