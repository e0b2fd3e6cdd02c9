/**
 * What a verdict and calibration cost beside the forward pass of one plan: Gram matrices in the graph, signature,
 * p-values of all detectors, temperature, expected Dice. A scan of 96^3 voxels in 27 windows of 48^3, four tasks.
 *
 * The parts are those that every prediction does (`inference/scan.ts`, `inference/predictor.ts`), by the same functions:
 * all detectors are judged by default. Gram matrices are the difference between passes with and without them, run by
 * turns: a machine that is faster one second and slower the next changes both alike. Two things are harder than in a prediction: the probabilities are a copy, where
 * prediction overwrites logits, and the mask of a network that has learned nothing is scattered over the whole scan.
 */

import { calibratedProbability } from '../dist/calibration/calibrated-probability.js';
import { estimatedDice } from '../dist/calibration/estimated-dice.js';
import { meanEntropyOfLogits } from '../dist/calibration/uncertainty.js';
import { openNetwork } from '../dist/inference/network.js';
import { joinedStructure } from '../dist/labels/label-space.js';
import { featureLayers } from '../dist/networks/unet.js';
import { intensityHistogram } from '../dist/ood/features.js';
import { addGram, createGramSum, logSpectrum } from '../dist/ood/signature.js';
import { judge } from '../dist/ood/verdict.js';
import { createOnnxRuntime } from '../dist/runtime/onnxruntime.node.js';
import { exampleModel, examplePlan } from './example-model.mjs';
import { interleave, median, timed } from './machine.mjs';
import { architecture, randomImage, THREADS } from './network.mjs';
import { plainNetwork } from './plain-network.mjs';
import { formatSeconds, publish } from './results.mjs';

const SIDE = 96;
const SIZE = [SIDE, SIDE, SIDE];
const PATCH = [48, 48, 48];
const WINDOWS = 27;
const ROUNDS = 9;
const REPEATS = 5;
/** Pairs of passes a round. */
const PAIRS = 15;
const TASKS = ['a', 'b', 'c', 'd'];
const LABELS = joinedStructure(['organ'], null);
const TEMPERATURE = 1.2;
/** The share of one forward pass that judging may cost. */
const ALLOWED = 0.05;

export async function judging({ quick, output, rounds = quick ? 2 : ROUNDS }) {
  const plan = examplePlan({ spacing: [1, 1, 1], patch: PATCH, overlap: 0.5 });
  const model = await exampleModel(TASKS.map((name) => ({ name, plan })));
  const runtime = createOnnxRuntime({ threads: THREADS });
  const plain = await plainNetwork(model, runtime);
  const network = await openNetwork(model, runtime);
  const window = randomImage(48 ** 3);
  const scan = randomImage(SIDE ** 3);
  try {
    const { grams, logits } = await network.run(window, PATCH);
    const scanLogits = Float32Array.from({ length: SIDE ** 3 }, (_, i) => logits[i % logits.length]);
    const layers = featureLayers(architecture);
    const signature = () => {
      const sums = layers.map(({ channels }) => createGramSum(channels));
      for (let i = 0; i < WINDOWS; i++) {
        grams.forEach(({ gram, voxels }, layer) => {
          addGram(sums[layer], gram, voxels);
        });
      }
      return {
        spectra: sums.map(({ gram, voxels }) => logSpectrum(gram, voxels)),
        histogram: intensityHistogram(scan),
        entropy: meanEntropyOfLogits(scanLogits),
      };
    };
    const features = Object.fromEntries(TASKS.map((name) => [name, signature()]));
    const detectors = [...model.ood.detectors.keys()];
    const probability = calibratedProbability(LABELS, scanLogits, TEMPERATURE, SIZE);
    const mask = Uint8Array.from(scanLogits, (logit) => (logit > 0 ? 1 : 0));
    const many = (run) => async () => {
      const times = [];
      for (let i = 0; i < REPEATS; i++) times.push((await timed(run)).seconds);
      return median(times);
    };
    const differences = [];
    const pairs = async () => {
      const forward = [];
      for (let i = 0; i < PAIRS; i++) {
        const without = (await timed(() => plain.run(window, 1, PATCH))).seconds;
        differences.push((await timed(() => network.run(window, PATCH))).seconds - without);
        forward.push(without);
      }
      return median(forward);
    };
    const { seconds, load } = await interleave(
      {
        forward: pairs,
        signature: many(signature),
        verdict: many(() => detectors.map((detector) => judge(model.ood, features, { alpha: 0.05, detector }))),
        temperature: many(() => calibratedProbability(LABELS, scanLogits, TEMPERATURE, SIZE)),
        estimate: many(() => estimatedDice(LABELS, probability, mask, SIZE)),
      },
      { rounds },
    );
    await publish('judging', report({ seconds, grams: median(differences), pairs: differences.length, rounds, load }), {
      output,
      quick,
    });
  } finally {
    await plain.release();
    await network.release();
  }
}

function report({ seconds, grams, pairs, rounds, load }) {
  const forward = WINDOWS * seconds.forward.median;
  const parts = {
    'Gram matrices in the graph': Math.max(0, WINDOWS * grams),
    'signature, histogram, entropy': seconds.signature.median,
    'p-values and verdict, all detectors': seconds.verdict.median,
    'calibrated probabilities': seconds.temperature.median,
    'expected Dice': seconds.estimate.median,
  };
  const total = Object.values(parts).reduce((a, b) => a + b, 0);
  const percent = (value) => `${((100 * value) / forward).toFixed(1)} %`;
  const verdict = total <= ALLOWED * forward ? 'within' : 'ABOVE';
  return {
    title: `Judging a scan of ${SIDE}^3 voxels (${WINDOWS} windows of 48^3, ${TASKS.length} tasks), ${THREADS} threads, medians of ${rounds} interleaved rounds: ${verdict} the ${100 * ALLOWED} % allowed`,
    tables: [
      {
        columns: ['what', 'seconds', 'share of the forward pass'],
        rows: [
          ['forward pass, one plan', formatSeconds(forward), ''],
          ...Object.entries(parts).map(([name, value]) => [name, formatSeconds(value), percent(value)]),
          ['all judging', formatSeconds(total), percent(total)],
        ],
      },
    ],
    notes: [`Gram matrices: median difference of ${pairs} pairs of passes, with and without.`],
    data: {
      threads: THREADS,
      rounds,
      load,
      forwardSeconds: forward,
      parts,
      total,
      share: total / forward,
      allowed: ALLOWED,
    },
  };
}
