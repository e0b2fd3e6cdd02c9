/** Synthetic features with a known distribution, so that false-alarm rates can be counted. */
import type { Random } from '../../src/math/random.js';
import { type Features, HISTOGRAM_BINS, type Layer } from '../../src/ood/features.js';
import { fitOod, type OodState } from '../../src/ood/state.js';

/** Features around a task's centre; `shift` moves every spectrum, in standard deviations. */
export function syntheticFeatures(random: Random, layers: readonly Layer[], centre: number, shift = 0): Features {
  const common = random.normal();
  const histogram = new Float64Array(HISTOGRAM_BINS);
  for (let i = 0; i < 50; i++) {
    const bin = Math.round(32 + 8 * centre + shift + 5 * random.normal());
    histogram[Math.min(Math.max(bin, 0), HISTOGRAM_BINS - 1)] += 1 / 50;
  }
  return {
    spectra: layers.map(({ channels }) =>
      Float64Array.from(
        { length: channels },
        (_, j) => centre - 0.4 * j + 0.3 * (random.normal() + 0.5 * common + shift),
      ),
    ),
    histogram,
    entropy: 0.1 + 0.02 * Math.abs(random.normal() + shift),
  };
}

/** The same run under every plan, or only under the named ones. */
export function under(features: Features, tasks: readonly string[]): Record<string, Features> {
  return Object.fromEntries(tasks.map((task) => [task, features]));
}

export const someLayers: readonly Layer[] = [
  { name: 'encoder', channels: 3 },
  { name: 'decoder', channels: 5 },
];

/** A state of synthetic tasks 'task0', 'task1', ... with the given numbers of calibration images. */
export function syntheticState(
  random: Random,
  calibration: readonly number[],
  bank = 20,
  layers: readonly Layer[] = someLayers,
): OodState {
  const names = calibration.map((_, task) => `task${task}`);
  return fitOod({
    layers,
    tasks: calibration.map((n, task) => ({
      name: names[task],
      bank: Array.from({ length: bank }, () => syntheticFeatures(random, layers, task)),
      calibration: Array.from({ length: n }, () => under(syntheticFeatures(random, layers, task), names)),
    })),
  });
}
