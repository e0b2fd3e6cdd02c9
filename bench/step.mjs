/**
 * One training step of exactly the peer's network (16/32/64/128 channels, batch 2 x 48^3, 2 threads, binary
 * cross-entropy, Adam), Candor and PyTorch in turn, the peer by its own script. A second row is the step that
 * `candor train` runs: Dice loss beside cross-entropy, weight decay and gradient clipping; a third the same step of the
 * network that preset `small` trains, which is not the peer's.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createRandom } from '../dist/math/random.js';
import { presets } from '../dist/networks/architecture.js';
import { chooseLayers } from '../dist/networks/layers/choose-layers.js';
import { defaultAdamW } from '../dist/networks/optimiser.js';
import { initialWeights, parameterCount } from '../dist/networks/parameters.js';
import { encodeTrainingGraph } from '../dist/networks/training-graph.js';
import { unetParameters } from '../dist/networks/unet.js';
import { createOnnxRuntime } from '../dist/runtime/onnxruntime.node.js';
import { interleave, matrixProductPeak, median, ratioOf, timed } from './machine.mjs';
import { architecture, forwardFlops, THREADS } from './network.mjs';
import { findPythons, peerName } from './python.mjs';
import { formatRatio, formatSummary, publish } from './results.mjs';

const PEER = fileURLToPath(new URL('peers/time_step.py', import.meta.url));
const ROUNDS = 7;
const REPEATS = 5;
const BATCH = 2;
const SIDE = 48;
/** A backward pass is two forward passes' arithmetic: one for the inputs' gradients, one for the weights'. */
const PASSES = 3;
const plainAdam = { ...defaultAdamW, beta2: 0.999, weightDecay: 0, maximumNorm: 1e9 };
const PLAIN = 'Candor';
const SHIPPED = 'Candor, the step it ships';
const SMALL = 'Candor, that step of preset small';

export async function step({ quick, output, rounds = quick ? 3 : ROUNDS }) {
  const { peers, missing } = findPythons();
  const peak = await matrixProductPeak(THREADS);
  const plain = await candorStep(architecture, 'ce', plainAdam);
  const shipped = await candorStep(architecture, 'ce+dice', defaultAdamW);
  const small = await candorStep(presets.small.architecture, 'ce+dice', defaultAdamW);
  const sides = { [PLAIN]: plain.median, [SHIPPED]: shipped.median, [SMALL]: small.median };
  for (const peer of peers) sides[peerName(peer)] = async () => peerStep(peer, plain.parameters);
  const { seconds, load, spoiledRounds } = await interleave(sides, { rounds });
  await plain.release();
  await shipped.release();
  await small.release();

  const results = Object.fromEntries(
    Object.entries(seconds).map(([name, summary]) => {
      const network = name === SMALL ? presets.small.architecture : architecture;
      const share = (PASSES * forwardFlops(network, BATCH * SIDE ** 3)) / summary.median / 1e9 / peak.best;
      const ratios = peers.map((peer) => [peerName(peer), ratioOf(summary, seconds[peerName(peer)])]);
      return [name, { seconds: summary, share, ratios: Object.fromEntries(ratios) }];
    }),
  );
  const names = peers.map(peerName);
  await publish(
    'step',
    {
      title: `Training step, batch ${BATCH} x ${SIDE}^3, ${THREADS} threads, median (quartiles) of ${rounds} interleaved rounds of ${REPEATS}`,
      tables: [
        {
          caption: `Candor's layers: ${plain.layers}. Over a peer: range over rounds.`,
          columns: ['side', 'seconds', 'share of matrix-product peak', ...names.map((name) => `over ${name}`)],
          rows: Object.entries(results).map(([name, { seconds: summary, share, ratios }]) => [
            name,
            formatSummary(summary),
            `${Math.round(100 * share)} %`,
            ...names.map((peer) => (name === peer ? '' : formatRatio(ratios[peer]))),
          ]),
        },
      ],
      notes: missing,
      data: {
        threads: THREADS,
        batch: BATCH,
        side: SIDE,
        rounds,
        repeats: REPEATS,
        peak,
        load,
        spoiledRounds,
        results,
      },
    },
    { output, quick },
  );
  const newest = peers.find(({ role }) => role === 'newest') ?? peers[0];
  if (newest) console.log(`ratio ${results[PLAIN].ratios[peerName(newest)].ratio.toFixed(2)}`);
  else console.log('no ratio: no PyTorch was found.');
}

/** Median seconds of a step, by the peer's own script. */
function peerStep({ python }, parameters) {
  const args = [PEER, '--threads', THREADS, '--patch', SIDE, '--batch', BATCH, '--repeats', REPEATS].map(String);
  const answer = JSON.parse(execFileSync(python, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  if (answer.parameters !== parameters)
    throw new Error(`the peer has ${answer.parameters} weights, Candor ${parameters}`);
  return answer.trainStepSeconds;
}

async function candorStep(network, loss, optimiser) {
  const buckets = [{ name: 'patch', batch: BATCH, space: [SIDE, SIDE, SIDE] }];
  const runtime = createOnnxRuntime({ threads: THREADS });
  const { layers, name } = await chooseLayers(network, runtime);
  const graph = encodeTrainingGraph({ architecture: network, buckets, loss, optimiser, dropout: false, layers });
  const session = await runtime.open(graph);
  const specs = unetParameters(network);
  const parameters = parameterCount(specs);
  const vector = (data) => ({ shape: [data.length], data });
  const random = createRandom(0);
  const shape = [BATCH, 1, SIDE, SIDE, SIDE];
  const image = Float32Array.from({ length: BATCH * SIDE ** 3 }, () => random.normal());
  const label = image.map(() => (random.uniform() > 0.7 ? 1 : 0));
  let state = {
    weights: initialWeights(specs, 0),
    firstMoment: new Float32Array(parameters),
    secondMoment: new Float32Array(parameters),
  };
  let t = 0;
  const once = async () => {
    t++;
    const results = await session.run({
      'image/patch': { shape, data: image },
      'label/patch': { shape, data: label },
      weights: vector(state.weights),
      firstMoment: vector(state.firstMoment),
      secondMoment: vector(state.secondMoment),
      learningRate: vector(Float32Array.of(1e-3)),
      correction1: vector(Float32Array.of(1 - optimiser.beta1 ** t)),
      correction2: vector(Float32Array.of(1 - optimiser.beta2 ** t)),
    });
    state = {
      weights: results['weights/next'].data,
      firstMoment: results['firstMoment/next'].data,
      secondMoment: results['secondMoment/next'].data,
    };
  };
  return {
    parameters,
    layers: name,
    async median() {
      await once();
      const times = [];
      for (let i = 0; i < REPEATS; i++) times.push((await timed(once)).seconds);
      return median(times);
    },
    release: () => session.release(),
  };
}
