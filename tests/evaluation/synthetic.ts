/** Made-up evaluation results for tests: any field can be set, the rest is plausible. */
import { errorsOfBins, sumBins } from '../../src/calibration/reliability.js';
import type { CaseCalibration, CaseResult, OodResult } from '../../src/evaluation/case-result.js';
import type { Verdict } from '../../src/ood/verdict.js';

export function syntheticVerdict(
  pValue: number,
  options: { n?: Record<string, number>; alpha?: number } = {},
): Verdict {
  const { n = { liver: 40 }, alpha = 0.05 } = options;
  return {
    verdict: pValue <= alpha ? 'out-of-distribution' : 'in-distribution',
    ood: {
      detector: 'soft-maximum',
      score: 1 / pValue,
      pValue,
      alpha,
      nearestTask: Object.keys(n)[0],
      guarantee: { kind: 'per-task', n: Math.min(...Object.values(n)), minimumAlpha: 0.025, holds: true },
      perTask: Object.fromEntries(
        Object.entries(n).map(([task, count], i) => [
          task,
          { score: 1, pValue: i === 0 ? pValue : pValue / 2, n: count },
        ]),
      ),
    },
  };
}

/** Calibration of a few voxels, all of them in the region. */
export function syntheticCalibration(probability: readonly number[], reference: readonly number[]): CaseCalibration {
  const bins = sumBins(Float32Array.from(probability), Uint8Array.from(reference), { bins: 5 });
  const all = errorsOfBins(bins);
  return { all, region: all, bins, regionBins: bins };
}

export function syntheticCase(changes: Partial<CaseResult> = {}): CaseResult {
  return {
    task: 'liver',
    case: 'liver_01',
    group: 'patient-1',
    split: 'test',
    dice: 0.9,
    hd95Mm: 4,
    assdMm: 1.5,
    nsd: 0.8,
    referenceMl: 1500,
    predictedMl: 1450,
    spacing: [0.8, 0.8, 2.5],
    calibration: {
      before: syntheticCalibration([0.1, 0.9, 0.9, 0.9], [0, 1, 1, 0]),
      after: syntheticCalibration([0.1, 0.7, 0.7, 0.7], [0, 1, 1, 0]),
    },
    foreground: {},
    temperature: 1.5,
    estimatedDice: 0.88,
    verdict: syntheticVerdict(0.5),
    scores: { 'soft-maximum': 0.2, entropy: 0.1 },
    seconds: 3,
    ...changes,
  };
}

export function syntheticOod(changes: Partial<OodResult> = {}): OodResult {
  return {
    set: 'brain',
    case: 'brain_01',
    image: 'brain_01.nii.gz',
    verdict: syntheticVerdict(0.02),
    scores: { 'soft-maximum': 5, entropy: 0.3 },
    seconds: 3,
    ...changes,
  };
}
