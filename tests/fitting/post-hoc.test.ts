import { describe, expect, it } from 'vitest';
import { calibratedProbability } from '../../src/calibration/calibrated-probability.js';
import { estimatedDice } from '../../src/calibration/estimated-dice.js';
import { CancelledError, UsageError } from '../../src/errors.js';
import { calibrateTask, fitPostHoc } from '../../src/fitting/post-hoc.js';
import { openNetwork } from '../../src/inference/network.js';
import { runScan } from '../../src/inference/scan.js';
import { createRandom } from '../../src/math/random.js';
import type { Vec3 } from '../../src/math/vector.js';
import { dice } from '../../src/metrics/overlap.js';
import { built } from '../../src/networks/network.js';
import { featureLayers } from '../../src/networks/unet.js';
import { judge } from '../../src/ood/verdict.js';
import { prepareImage } from '../../src/preprocessing/preprocess.js';
import { closedFormWeights } from '../networks/closed-form.js';
import { architecture, makeBallModel, runtime } from '../support/ball-model.js';
import { ballPlan, ballSample, ballTasks, makeBall } from '../support/balls.js';
import { oneStructure } from '../support/labels.js';

const size: Vec3 = [20, 20, 20];

/** Logits that are `temperature` times too large for references drawn from the probabilities they should have. */
function sample(seed: number, temperature: number) {
  const random = createRandom('judges', seed);
  const honest = Float32Array.from({ length: 8000 }, () => 2 * random.normal());
  const reference = Uint8Array.from(honest, (z) => (random.chance(1 / (1 + Math.exp(-z))) ? 1 : 0));
  const logits = honest.map((z) => z * temperature);
  const mask = Uint8Array.from(logits, (z) => (z > 0 ? 1 : 0));
  return { logits, reference, mask, region: new Uint8Array(8000).fill(1), size };
}

describe('calibrateTask', () => {
  it.each([0.5, 1, 3])('finds the temperature %d that logits were made with, and its figures', (temperature) => {
    const samples = [0, 1, 2, 3].map((seed) => sample(seed, temperature));
    const found = calibrateTask(oneStructure, samples);
    expect(found.temperature / temperature).toBeCloseTo(1, 1);
    expect(found.n).toBe(4);
    expect(found.nllAfter!).toBeLessThanOrEqual(found.nllBefore!);
    expect(found.eceAfter!).toBeLessThan(0.02);
    if (temperature !== 1) expect(found.eceAfter!).toBeLessThan(found.eceBefore! / 2);
    const dices = samples.map(({ mask, reference }) => dice(mask, reference));
    expect(found.meanDice).toBeCloseTo(dices.reduce((a, b) => a + b, 0) / 4, 12);
    const errors = samples.map(({ logits, mask }, i) =>
      Math.abs(
        estimatedDice(oneStructure, calibratedProbability(oneStructure, logits, found.temperature, size), mask, size)! -
          dices[i],
      ),
    );
    expect(found.estimatedDiceError).toBeCloseTo(errors.reduce((a, b) => a + b, 0) / 4, 12);
    expect(found.estimatedDiceError!).toBeLessThan(0.02);
  });

  const empty = {
    logits: new Float32Array(8000).fill(-3),
    reference: new Uint8Array(8000),
    mask: new Uint8Array(8000),
    region: new Uint8Array(8000),
    size,
  };

  it('leaves a case without foreground out of what it cannot speak of', () => {
    const [alone, beside] = [
      calibrateTask(oneStructure, [sample(0, 2)]),
      calibrateTask(oneStructure, [sample(0, 2), empty]),
    ];
    // Nothing found where nothing is tells nothing of how good masks are.
    expect(beside).toEqual(alone);
  });

  /** A block of 8^3 voxels, and one of 4^3 apart from it that belongs to the reference or does not. */
  function twoBlocks(bothTrue: boolean) {
    const block = (n: number, from: number) => (i: number) =>
      [i % 20, Math.floor(i / 20) % 20, Math.floor(i / 400)].every((x) => x >= from && x < from + n);
    const [large, small] = [block(8, 2), block(4, 14)];
    const mask = Uint8Array.from({ length: 8000 }, (_, i) => Number(large(i) || small(i)));
    const reference = bothTrue ? mask : Uint8Array.from(mask, (value, i) => value * Number(large(i)));
    const logits = Float32Array.from(mask, (value) => (value === 1 ? 3 : -3));
    return { logits, reference, mask, region: new Uint8Array(8000).fill(1), size };
  }

  it('keeps the largest component where that has the higher mean Dice, and judges itself by what is kept', () => {
    const islands = [twoBlocks(false), twoBlocks(false), twoBlocks(true)];
    const found = calibrateTask(oneStructure, islands);
    // Two islands gone, one part of an organ lost: (1 + 1 + 2 * 512 / (512 + 576)) / 3.
    expect(found.keepLargest).toBe(true);
    expect(found.meanDice).toBeCloseTo((2 + 1024 / 1088) / 3, 12);
    const parts = calibrateTask(oneStructure, [twoBlocks(true), twoBlocks(true)]);
    expect([parts.keepLargest, parts.meanDice]).toEqual([false, 1]);
    // Where it makes no difference nothing is done.
    expect(calibrateTask(oneStructure, [twoBlocks(false), twoBlocks(true)]).keepLargest).toBe(false);
  });

  it('keeps temperature 1 and claims nothing where it has nothing to go by', () => {
    const false_ = { ...empty, logits: empty.logits.map((z) => z + 5), mask: new Uint8Array(8000).fill(1) };
    for (const samples of [[], [empty], [{ ...false_, region: new Uint8Array(8000).fill(1) }]]) {
      expect(calibrateTask(oneStructure, samples)).toEqual({
        temperature: 1,
        n: 0,
        nllBefore: null,
        nllAfter: null,
        eceBefore: null,
        eceAfter: null,
        keepLargest: false,
        meanDice: null,
        estimatedDiceError: null,
      });
    }
  });
});

describe('calibrateTask where no temperature is best', () => {
  it('keeps 1: logits that are right without exception would be sharpened without end', () => {
    const perfect = sample(0, 1);
    const reference = perfect.mask;
    const found = calibrateTask(oneStructure, [{ ...perfect, reference }]);
    expect([found.temperature, found.nllAfter]).toEqual([1, found.nllBefore]);
    const wrong = calibrateTask(oneStructure, [{ ...perfect, reference: reference.map((value) => 1 - value) }]);
    expect(wrong.temperature).toBe(1);
  });
});

describe('fitPostHoc', () => {
  it('banks training images and measures calibration images under every plan they fit', async () => {
    const { tasks, ood } = await makeBallModel();
    expect(ood.layers).toEqual(featureLayers(architecture).map(({ name, channels }) => ({ name, channels })));
    expect(ood.tasks.map(({ name, bank }) => [name, bank.length])).toEqual([
      ['bright', 5],
      ['dark', 5],
    ]);
    for (const { calibration } of ood.detectors.values()) {
      expect(calibration.map((images) => images.length)).toEqual([4, 4]);
      expect(calibration.flat(2).every((distances) => [...distances].every(Number.isFinite))).toBe(true);
    }
    expect(tasks.map(({ calibration }) => calibration.n)).toEqual([4, 4]);
  });

  const weights = closedFormWeights(architecture);
  const [bright] = ballTasks;
  const plan = ballPlan(bright);
  const bank = [0, 1].map((index) => ballSample(bright, index, plan));
  const calibration = [async () => makeBall(bright, 0)];
  const task = { name: 'bright', labels: oneStructure, plan, bank, calibration };

  it('takes the signature that a scan has', async () => {
    const network = await openNetwork({ network: built(architecture), weights }, runtime);
    const cases: string[] = [];
    const { ood } = await fitPostHoc(network, [task], { onCase: (name) => void cases.push(name) });
    const { features } = await runScan(network, makeBall(bright, 1).volume, task.plan);
    expect(ood.tasks[0].bank[1].spectra).toEqual(features!.spectra.map((spectrum) => spectrum.map(Math.fround)));
    expect(cases).toEqual(['bright', 'bright', 'bright']);
    await network.release();
  });

  it('does not run an image under a plan that it is too large for', async () => {
    const network = await openNetwork({ network: built(architecture), weights }, runtime);
    const narrow = { ...task, name: 'narrow', plan: ballPlan(bright, { patch: [8, 8, 8], maximumWindows: 26 }) };
    // At this spacing the image would have more voxels than any array may.
    const fine = { ...task, name: 'fine', plan: ballPlan(bright, { spacing: [0.01, 0.01, 0.01] }) };
    const few = { bank, calibration: [] };
    const small = ballSample({ ...bright, spacing: [1e-3, 1e-3, 1e-3] }, 0, fine.plan);
    const { ood } = await fitPostHoc(network, [
      task,
      { ...narrow, ...few },
      { ...fine, bank: [small, small], calibration: [] },
    ]);
    const distances = ood.detectors.get('entropy')!.calibration[0][0].map((d) => d[0]);
    expect(distances.map(Number.isFinite)).toEqual([true, false, false]);
    await network.release();
  });

  it('leaves out images with nothing in them, and counts copies of one image once', async () => {
    const network = await openNetwork({ network: built(architecture), weights }, runtime);
    const flat = async () => {
      const { volume, reference } = makeBall(bright, 0);
      return { volume: { ...volume, data: volume.data.map(() => 5) }, reference };
    };
    const [one, two] = [0, 1].map((index) => async () => makeBall(bright, index));
    const empty = prepareImage((await flat()).volume, plan);
    const { ood, calibration } = await fitPostHoc(network, [
      { ...task, bank: [bank[0], empty, bank[1]], calibration: [one, flat, one, two, one] },
    ]);
    expect(ood.tasks[0].bank.length).toBe(2);
    expect(ood.detectors.get('soft-maximum')!.calibration[0].length).toBe(2);
    expect(calibration[0].n).toBe(4);
    await expect(fitPostHoc(network, [{ ...task, bank: [bank[0], empty, empty] }])).rejects.toThrow(
      /^bright: expected at least 2 training images with something in them .* found 1 of 3\. Check the units/,
    );
    await network.release();
  });

  it('counts a calibration image beyond the plan as infinitely strange, as a new one is', async () => {
    const network = await openNetwork({ network: built(architecture), weights }, runtime);
    const beyond = async () => {
      const { volume, reference } = makeBall(bright, 3);
      const affine = volume.affine.map((value, i) => (i < 12 && i % 5 === 0 ? 10 * value : value));
      return { volume: { ...volume, affine }, reference: { ...reference, affine } };
    };
    const { ood, calibration } = await fitPostHoc(network, [{ ...task, calibration: [...task.calibration, beyond] }]);
    const own = ood.detectors.get('soft-maximum')!.calibration[0].map((image) => Number.isFinite(image[0][0]));
    expect(own).toEqual([true, false]);
    expect(calibration[0].n).toBe(1);
    // It stands as high as any OOD image: two of three.
    expect(judge(ood, { bright: null }, { alpha: 0.5 }).ood.pValue).toBeCloseTo(2 / 3, 12);
    await network.release();
  });

  it('stops between cases, and refuses a bank that is too small', async () => {
    const network = await openNetwork({ network: built(architecture), weights }, runtime);
    const controller = new AbortController();
    const stopped = fitPostHoc(network, [task], { signal: controller.signal, onCase: () => controller.abort() });
    await expect(stopped).rejects.toThrow(CancelledError);
    await expect(fitPostHoc(network, [{ ...task, bank: bank.slice(0, 1) }])).rejects.toThrow(UsageError);
    await network.release();
  });
});
