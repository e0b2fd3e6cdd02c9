/** One pass of a network over one image under one plan: logits, and the features that detectors compare. */
import { meanEntropyOfLogits } from '../calibration/uncertainty.js';
import { type Features, intensityHistogram } from '../ood/features.js';
import { addGram, createGramSum, type GramSum, logSpectrum } from '../ood/signature.js';
import type { Plan } from '../preprocessing/plan.js';
import { type PreparedImage, prepareImage } from '../preprocessing/preprocess.js';
import type { Sample } from '../preprocessing/sample.js';
import type { Volume } from '../volume/volume.js';
import type { Network, WindowRun } from './network.js';
import { type SlidingWindowOptions, slidingWindow } from './sliding-window.js';

export interface ScanOptions {
  /** Added to stored values instead of the plan's own offset. */
  readonly intensityOffset?: number;
  readonly signal?: AbortSignal;
  /** Run windows in which all voxels are alike, too, as models did whose banks were made so. */
  readonly runConstant?: boolean;
  /** Keep the features of every window too, which an OOD map is drawn from. */
  readonly oodMap?: boolean;
}

/** What of a scan is worth its memory while other plans run. */
export interface KeptScan {
  readonly plan: Plan;
  readonly prepared: Pick<PreparedImage, 'grid' | 'original'>;
  /** Logits on the prepared grid, `[heads, voxels]`. */
  readonly logits: Float32Array;
  /** Null where no window was run: all voxels are alike. */
  readonly features: Features | null;
  /** Of each window by its place among all, none of one that was not run; empty unless an OOD map was asked for. */
  readonly windowFeatures: readonly (Features | undefined)[];
  /** Windows that were run. */
  readonly windows: number;
}

export interface Scan extends KeptScan {
  readonly prepared: PreparedImage;
}

/**
 * Run all windows of `volume` under `plan` in which there is anything. The signature sums over exactly these windows,
 * overlap included.
 */
export async function runScan(network: Network, volume: Volume, plan: Plan, options: ScanOptions = {}): Promise<Scan> {
  const prepared = prepareImage(volume, plan, options);
  return { plan, prepared, ...(await scanSample(network, prepared, plan, options)) };
}

/** Run all windows of an image that is prepared under `plan` already. */
export async function scanSample(
  network: Network,
  sample: Sample,
  plan: Pick<Plan, 'patch' | 'overlap'>,
  options: Omit<ScanOptions, 'intensityOffset'> = {},
): Promise<Omit<KeptScan, 'plan' | 'prepared'>> {
  const createSums = () => network.layers.map(({ channels }) => createGramSum(channels));
  const sums = createSums();
  const windowFeatures: (Features | undefined)[] = [];
  let windows = 0;
  const run = async (window: Float32Array, index: number): Promise<Float32Array> => {
    const { logits, grams } = await network.run(window, plan.patch);
    addGrams(sums, grams);
    if (options.oodMap)
      windowFeatures[index] = featuresOf(addGrams(createSums(), grams), window, logits, network.heads);
    windows++;
    return logits;
  };
  const logits = await runWindows(sample, plan, run, { ...options, channels: network.heads });
  const features = windows > 0 ? featuresOf(sums, sample.image, logits, network.heads) : null;
  return { logits, features, windowFeatures, windows };
}

/** Run all windows of a prepared image and blend what `run` gives for each. */
export function runWindows(
  sample: Sample,
  { patch, overlap }: Pick<Plan, 'patch' | 'overlap'>,
  run: (window: Float32Array, index: number) => Promise<Float32Array>,
  { signal, runConstant, channels }: Pick<SlidingWindowOptions, 'signal' | 'runConstant' | 'channels'>,
): Promise<Float32Array> {
  return slidingWindow(sample, { patch, overlap, channels, signal, runConstant }, run);
}

function addGrams(sums: GramSum[], grams: WindowRun['grams']): GramSum[] {
  grams.forEach(({ gram, voxels }, layer) => {
    addGram(sums[layer], gram, voxels);
  });
  return sums;
}

function featuresOf(sums: readonly GramSum[], data: Float32Array, logits: Float32Array, heads: number): Features {
  return {
    spectra: sums.map(({ gram, voxels }) => logSpectrum(gram, voxels)),
    histogram: intensityHistogram(data),
    entropy: meanEntropyOfLogits(logits, heads),
  };
}
