/** One pass of a network over one image under one plan: logits, and the features that strangeness is judged by. */
import { applyTemperature } from '../calibration/temperature.js';
import { meanEntropy } from '../calibration/uncertainty.js';
import { type Features, intensityHistogram } from '../ood/features.js';
import { addGram, createGramSum, logSpectrum } from '../ood/signature.js';
import type { Plan } from '../preprocessing/plan.js';
import { type Prepared, prepareImage } from '../preprocessing/preprocess.js';
import type { Volume } from '../volume/volume.js';
import type { Network } from './network.js';
import { slidingWindow } from './sliding-window.js';

export interface ScanOptions {
  /** Added to stored values instead of the plan's own offset. */
  readonly intensityOffset?: number;
  readonly signal?: AbortSignal;
}

export interface Scan {
  readonly prepared: Prepared;
  /** Foreground logits on the prepared grid. */
  readonly logits: Float32Array;
  readonly features: Features;
  readonly windows: number;
}

/** Run all windows of `volume` under `plan`. The signature sums over exactly these windows, overlap included. */
export async function runScan(network: Network, volume: Volume, plan: Plan, options: ScanOptions = {}): Promise<Scan> {
  const prepared = prepareImage(volume, plan, options);
  const sums = network.layers.map(({ channels }) => createGramSum(channels));
  let windows = 0;
  const image = { data: prepared.data, size: prepared.grid.size, minimum: prepared.minimum };
  const { patch, overlap } = plan;
  const logits = await slidingWindow(image, { patch, overlap, signal: options.signal }, async (window) => {
    const run = await network.run(window, patch);
    run.grams.forEach(({ gram, voxels }, layer) => {
      addGram(sums[layer], gram, voxels);
    });
    windows++;
    return run.logits;
  });
  const features = {
    spectra: sums.map(({ gram, voxels }) => logSpectrum(gram, voxels)),
    histogram: intensityHistogram(prepared.data),
    entropy: meanEntropy(applyTemperature(logits, 1)) ?? 0,
  };
  return { prepared, logits, features, windows };
}
