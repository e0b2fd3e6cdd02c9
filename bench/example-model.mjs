/**
 * A whole model file without training: seeded weights, plans, temperatures, and a bank of seeded features. Speed does not
 * depend on what a network has learned, save that masks must be of a usual size.
 */
import { writeFile } from 'node:fs/promises';
import { joinedStructure } from '../dist/labels/label-space.js';
import { createRandom } from '../dist/math/random.js';
import { encodeModelFile } from '../dist/model/model-file.js';
import { strideOf } from '../dist/networks/architecture.js';
import { built } from '../dist/networks/network.js';
import { parameterCount } from '../dist/networks/parameters.js';
import { featureLayers, unetParameters } from '../dist/networks/unet.js';
import { HISTOGRAM_BINS } from '../dist/ood/features.js';
import { fitOod } from '../dist/ood/state.js';
import { fingerprintCase, makePlan } from '../dist/preprocessing/make-plan.js';
import { createOnnxRuntime } from '../dist/runtime/onnxruntime.node.js';
import { version } from '../dist/version.node.js';
import { architecture, exampleWeights, randomImage } from './network.mjs';
import { plainNetwork } from './plain-network.mjs';
import { quantile } from './rounds.mjs';

/** Share of voxels that an example network calls foreground. */
const FOREGROUND = 0.03;

/** Features of one image: spectra falling off as real ones do, a histogram, and an entropy. */
export function exampleFeatures(layers, random) {
  const spectra = layers.map(({ channels }) =>
    Float64Array.from({ length: channels }, (_, i) => 1 - 4 * (i / channels) + 0.1 * random.normal()),
  );
  const histogram = Float64Array.from({ length: HISTOGRAM_BINS }, () => random.uniform());
  const sum = histogram.reduce((a, b) => a + b, 0);
  return { spectra, histogram: histogram.map((value) => value / sum), entropy: 0.05 + 0.01 * random.uniform() };
}

/** Out-of-distribution state for `tasks` tasks with `bank` training and `calibration` calibration images each. */
export function exampleOod(names, { bank = 60, calibration = 40, network = architecture } = {}) {
  const layers = featureLayers(network).map(({ name, channels }) => ({ name, channels }));
  const tasks = names.map((name) => {
    const random = createRandom('bench features', name);
    return {
      name,
      bank: Array.from({ length: bank }, () => exampleFeatures(layers, random)),
      calibration: Array.from({ length: calibration }, () =>
        Object.fromEntries(names.map((other) => [other, exampleFeatures(layers, random)])),
      ),
    };
  });
  return fitOod({ layers, tasks });
}

/** A plan with the given spacing (mm), patch and overlap; window intensities, so that both sides compute alike. */
export function examplePlan({ spacing, patch, overlap, network = architecture }) {
  const size = [32, 32, 32];
  const affine = [spacing[0], 0, 0, 0, 0, spacing[1], 0, 0, 0, 0, spacing[2], 0, 0, 0, 0, 1];
  const data = randomImage(32 ** 3);
  const label = Uint8Array.from(data, (value) => (value > 1 ? 1 : 0));
  const fingerprint = fingerprintCase({ data, size, affine }, { data: label, size, affine });
  const plan = makePlan([fingerprint, fingerprint], {
    stride: strideOf(network),
    patchVoxels: 48 ** 3,
    hounsfield: false,
    intensityOffset: null,
  });
  const intensity = { kind: 'window', lower: -1000, upper: 1000, mean: 0, sd: 300 };
  return { ...plan, spacing, patch, overlap, intensity, intensityOffset: 0, maximumWindows: 1_000_000 };
}

/** @param tasks list of `{ name, plan }` */
export async function exampleModel(tasks, { network = architecture, ood } = {}) {
  const weights = await withUsualForeground(network, exampleWeights(network));
  const calibration = {
    temperature: 1.2,
    n: 40,
    nllBefore: 0.4,
    nllAfter: 0.3,
    eceBefore: 0.1,
    eceAfter: 0.05,
    meanDice: 0.85,
    estimatedDiceError: 0.03,
  };
  return {
    name: 'bench',
    network: built(network),
    weights,
    tasks: tasks.map(({ name, plan }) => ({
      name,
      modality: 'CT',
      labels: joinedStructure(['organ'], null),
      plan,
      cases: { train: 60, calibration: 40, test: 20 },
      calibration,
    })),
    ood: exampleOod(
      tasks.map(({ name }) => name),
      { ...ood, network },
    ),
    provenance: {
      version,
      engine: 'none',
      created: '2026-01-01T00:00:00.000Z',
      seed: 0,
      steps: 0,
      trainingSeconds: 0,
      settings: {},
      datasets: [],
      init: null,
    },
  };
}

export async function writeExampleModel(file, model) {
  await writeFile(file, await encodeModelFile(model));
}

/** Set the last bias such that few voxels of a random window are foreground. */
async function withUsualForeground(network, weights) {
  const changed = weights.slice();
  const plain = await plainNetwork({ architecture: network, weights }, createOnnxRuntime({ threads: 1 }));
  const logits = await plain.run(randomImage(32 ** 3), 1, [32, 32, 32]);
  await plain.release();
  // The head's bias is the last weight.
  changed[parameterCount(unetParameters(network)) - 1] -= quantile(logits, 1 - FOREGROUND);
  return changed;
}
