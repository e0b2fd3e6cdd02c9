/** The detectors: the default and the rivals that every table must show beside it. */
import { ledoitWolf } from '../math/ledoit-wolf.js';
import { cholesky, mahalanobis } from '../math/linear-algebra.js';
import { type Detector, nearestDistance } from './detector.js';
import { paperSignature } from './signature.js';

/** Added to each variance: keeps a covariance of identical spectra invertible; log spectra vary by 0.01 and more. */
const VARIANCE_FLOOR = 1e-9;

/** A distance of exactly zero (an image of the bank's own) stays finite as a logarithm. */
const DISTANCE_FLOOR = 1e-12;

/**
 * The default. Per task and layer: log of the Mahalanobis distance of the log spectrum from the bank's mean, under the
 * bank's Ledoit-Wolf covariance. Layers are standardised and joined by a soft maximum (`standardise.ts`).
 */
const softMaximumDetector: Detector<'soft-maximum'> = {
  name: 'soft-maximum',
  standardised: true,
  components: (layers) => layers,
  fit(banks) {
    const gaussians = banks.map((bank) =>
      bank[0].spectra.map((_, layer) => fitGaussian(bank.map((image) => image.spectra[layer]))),
    );
    return ({ spectra }, task) =>
      gaussians[task].map((distance, layer) => Math.log(Math.max(distance(spectra[layer]), DISTANCE_FLOOR)));
  },
};

/** Mahalanobis distance from the mean of the samples under their Ledoit-Wolf covariance. */
function fitGaussian(samples: readonly Float64Array[]): (x: Float64Array) => number {
  const { mean, covariance } = ledoitWolf(samples);
  const n = mean.length;
  for (let i = 0; i < n; i++) covariance[i * n + i] += VARIANCE_FLOOR;
  const factor = cholesky(covariance, n);
  return (x) => (x.every(Number.isFinite) ? mahalanobis(factor, x, mean) : Number.POSITIVE_INFINITY);
}

/** The paper's: smallest Euclidean distance of the last decoder layer's signature to the bank's signatures. */
const paperSignatureDetector: Detector<'paper-signature'> = {
  name: 'paper-signature',
  standardised: false,
  components: () => 1,
  fit(banks) {
    const references = banks.map((bank) => bank.map((image) => paperSignature(image.spectra.at(-1)!)));
    return ({ spectra }, task) => [nearestDistance(paperSignature(spectra.at(-1)!), references[task])];
  },
};

/** The plain baseline: Euclidean distance of the intensity histogram to the nearest of the bank's; no network. */
const intensityHistogramDetector: Detector<'intensity-histogram'> = {
  name: 'intensity-histogram',
  standardised: false,
  components: () => 1,
  fit(banks) {
    const references = banks.map((bank) => bank.map((image) => image.histogram));
    return ({ histogram }, task) => [nearestDistance(histogram, references[task])];
  },
};

/** Prediction uncertainty, which the paper compares with: mean voxel entropy; needs no bank. */
const entropyDetector: Detector<'entropy'> = {
  name: 'entropy',
  standardised: false,
  components: () => 1,
  fit: () => (features) => [features.entropy],
};

export const detectorNames = ['soft-maximum', 'paper-signature', 'intensity-histogram', 'entropy'] as const;
export type DetectorName = (typeof detectorNames)[number];

export const detectors: { readonly [Name in DetectorName]: Detector<Name> } = {
  'soft-maximum': softMaximumDetector,
  'paper-signature': paperSignatureDetector,
  'intensity-histogram': intensityHistogramDetector,
  entropy: entropyDetector,
};
