/**
 * One training step of exactly the peer's network (16/32/64/128 channels, batch 2 x 48^3, 2 threads, binary
 * cross-entropy, Adam), Candor and PyTorch in turn. `shipped` is the step that `candor train` runs: Dice loss beside
 * cross-entropy, weight decay and gradient clipping.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createRandom } from '../dist/math/random.js';
import { defaultAdamW } from '../dist/networks/optimiser.js';
import { initialWeights, parameterCount } from '../dist/networks/parameters.js';
import { encodeTrainingGraph } from '../dist/networks/training-graph.js';
import { unetParameters } from '../dist/networks/unet.js';
import { createOnnxRuntime } from '../dist/runtime/onnxruntime.node.js';
import { describeMachine, median } from './machine.mjs';

const PEER = fileURLToPath(new URL('../../shared/peers/pytorch_unet3d.py', import.meta.url));
const ROUNDS = 7;
const REPEATS = 5;
const THREADS = 2;
const BATCH = 2;
const SIDE = 48;
const architecture = { kind: 'unet', dimensions: 3, channels: [16, 32, 64, 128] };
const plainAdam = { ...defaultAdamW, beta2: 0.999, weightDecay: 0, maximumNorm: 1e9 };

export async function step() {
  console.log(
    `training step, ${describeMachine()}, ${THREADS} threads, batch ${BATCH} x ${SIDE}^3, ${ROUNDS} rounds of ${REPEATS}`,
  );
  const python = findPython();
  const plain = await candorStep('ce', plainAdam);
  const shipped = await candorStep('ce+dice', defaultAdamW);
  const seconds = { plain: [], shipped: [], peer: [] };
  let peerName = '';
  for (let round = 0; round < ROUNDS; round++) {
    seconds.plain.push(await plain.median());
    if (python) {
      const peer = runPeer(python);
      seconds.peer.push(peer.trainStepSeconds);
      peerName = peer.engine;
      if (peer.parameters !== plain.parameters)
        throw new Error(`the peer has ${peer.parameters} weights, Candor ${plain.parameters}`);
    }
    seconds.shipped.push(await shipped.median());
  }
  console.log(
    `candor, peer's loss and optimiser  ${median(seconds.plain).toFixed(3)} s  (${plain.engine}, ${plain.parameters} weights)`,
  );
  console.log(`candor, shipped step               ${median(seconds.shipped).toFixed(3)} s`);
  if (!python) {
    console.log(existsSync(PEER) ? 'PyTorch is not installed: no ratio.' : 'The peer script is not there: no ratio.');
    return;
  }
  console.log(`${peerName.padEnd(33)}  ${median(seconds.peer).toFixed(3)} s`);
  console.log(`shipped step over peer ${(median(seconds.shipped) / median(seconds.peer)).toFixed(2)}`);
  console.log(`ratio ${(median(seconds.plain) / median(seconds.peer)).toFixed(2)}`);
}

/** The first Python that has torch; undefined where none has, or the peer script is not there. */
function findPython() {
  if (!existsSync(PEER)) return undefined;
  return [process.env.PYTHON, 'python3', '/usr/bin/python3'].filter(Boolean).find((python) => {
    try {
      execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

function runPeer(python) {
  const args = [PEER, '--threads', THREADS, '--patch', SIDE, '--batch', BATCH, '--repeats', REPEATS].map(String);
  return JSON.parse(execFileSync(python, args, { encoding: 'utf8' }));
}

async function candorStep(loss, optimiser) {
  const groups = [{ name: 'patch', batch: BATCH, space: [SIDE, SIDE, SIDE] }];
  const runtime = createOnnxRuntime({ threads: THREADS });
  const session = await runtime.open(encodeTrainingGraph({ architecture, groups, loss, optimiser, dropout: false }));
  const specs = unetParameters(architecture);
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
    engine: runtime.name,
    async median() {
      await once();
      const times = [];
      for (let i = 0; i < REPEATS; i++) {
        const start = performance.now();
        await once();
        times.push((performance.now() - start) / 1000);
      }
      return median(times);
    },
  };
}
