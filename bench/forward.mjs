/**
 * The forward pass of exactly the peer's network, Candor and PyTorch in turn: without the Gram matrices that the
 * verdict needs, and with them; and what the verdict itself costs beside one pass. Both sides have the same weights
 * and image, and must agree.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openNetwork } from '../dist/inference/network.js';
import { built } from '../dist/networks/network.js';
import { createOnnxRuntime } from '../dist/runtime/onnxruntime.node.js';
import { interleave, matrixProductPeak, median, ratioOf, timed } from './machine.mjs';
import {
  architecture,
  bytesOf,
  exampleWeights,
  exportWeights,
  floatsOf,
  forwardFlops,
  randomImage,
  THREADS,
  withFolder,
} from './network.mjs';
import { plainNetwork } from './plain-network.mjs';
import { findPythons, peerName, startPeer } from './python.mjs';
import { formatRatio, formatSummary, publish } from './results.mjs';

/** Sides of a patch, and passes that a round takes the median of: a single one of the largest takes seconds. */
const SIDES = [48, 64, 96];
const REPEATS = { 48: 5, 64: 3, 96: 1 };
const BATCHES = [1, 2];
const ROUNDS = 7;
/** Largest difference of logits (of the order of 1) that rounding explains. */
const TOLERANCE = 1e-3;

export async function forward({ quick, output, rounds = quick ? 3 : ROUNDS }) {
  const { peers, missing } = findPythons();
  const notes = [...missing];
  const peak = await matrixProductPeak(THREADS);
  const weights = exampleWeights();
  const results = await withFolder(async (folder) => {
    const file = path.join(folder, 'weights.bin');
    await exportWeights(file, architecture, weights);
    const workers = [];
    try {
      for (const peer of peers) {
        const worker = startPeer(peer);
        workers.push({ ...worker, name: peerName(peer) });
        await worker.request({ op: 'open', channels: architecture.channels, threads: THREADS, weights: file });
      }
      const list = [];
      for (const side of quick ? SIDES.slice(0, 1) : SIDES) {
        for (const batch of BATCHES) list.push(await compare({ side, batch, weights, workers, folder, rounds, peak }));
      }
      return list;
    } finally {
      for (const worker of workers) await worker.stop();
    }
  });
  await publish(
    'forward',
    {
      title: `Forward pass, ${THREADS} threads, median (quartiles) of ${rounds} interleaved rounds of ${Object.values(REPEATS).join(', ')} by size`,
      tables: [speedTable(results)],
      notes,
      data: { threads: THREADS, rounds, repeats: REPEATS, peak, results },
    },
    { output, quick },
  );
}

function speedTable(results) {
  const columns = ['patch, batch', 'side', 'seconds', 'share of matrix-product peak', 'Candor over it', 'difference'];
  const rows = results.flatMap(({ side, batch, sides }) =>
    Object.entries(sides).map(([name, { seconds, share, ratio, maximumDifference }]) => [
      `${side}^3, ${batch}`,
      name,
      formatSummary(seconds),
      `${Math.round(100 * share)} %`,
      ratio ? formatRatio(ratio) : '',
      maximumDifference === undefined ? '' : maximumDifference.toExponential(1),
    ]),
  );
  return {
    caption:
      'Ratios: Candor without Gram matrices over the peer (range over rounds); difference: largest absolute one of the logits.',
    columns,
    rows,
  };
}

const CANDOR = 'Candor';
const CANDOR_JUDGED = 'Candor, with Gram matrices';

async function compare({ side, batch, weights, workers, folder, rounds, peak }) {
  const repeats = REPEATS[side];
  const space = [side, side, side];
  const voxels = batch * side ** 3;
  const image = randomImage(voxels);
  const imageFile = path.join(folder, 'image.bin');
  await writeFile(imageFile, bytesOf(image));
  const runtime = createOnnxRuntime({ threads: THREADS });
  const plain = await plainNetwork({ architecture, weights }, runtime);
  const network = await openNetwork({ network: built(architecture), weights }, runtime);
  const runPlain = () => plain.run(image, batch, space);
  // The network takes one window a run: a batch is as many runs.
  const windows = Array.from({ length: batch }, (_, i) => image.subarray(i * side ** 3, (i + 1) * side ** 3));
  const runJudged = async () => {
    for (const window of windows) await network.run(window, space);
  };
  try {
    const own = await runPlain();
    const differences = {};
    const judged = await network.run(windows[0], space);
    differences[CANDOR_JUDGED] = maximumDifference(judged.logits, own.subarray(0, side ** 3));
    const sides = { [CANDOR]: repeated(runPlain, repeats), [CANDOR_JUDGED]: repeated(runJudged, repeats) };
    for (const worker of workers) {
      await worker.request({ op: 'input', batch, space, file: imageFile });
      const file = path.join(folder, 'logits.bin');
      await worker.request({ op: 'output', file });
      differences[worker.name] = maximumDifference(floatsOf(await readFile(file)), own);
      for (const mode of ['no_grad', 'inference_mode']) {
        sides[`${worker.name} ${mode}`] = async () =>
          median((await worker.request({ op: 'forward', mode, repeats })).seconds);
      }
    }
    for (const [name, difference] of Object.entries(differences)) {
      if (!(difference < TOLERANCE)) throw new Error(`${side}^3, batch ${batch}: ${name} differs by ${difference}.`);
    }
    const { seconds, load, spoiledRounds } = await interleave(sides, { rounds });
    const flops = forwardFlops(architecture, voxels);
    const describe = (name, difference) => ({
      seconds: seconds[name],
      gflops: flops / seconds[name].median / 1e9,
      share: flops / seconds[name].median / 1e9 / peak.best,
      maximumDifference: difference,
    });
    const table = {
      [CANDOR]: describe(CANDOR),
      [CANDOR_JUDGED]: describe(CANDOR_JUDGED, differences[CANDOR_JUDGED]),
    };
    for (const { name } of workers) {
      const modes = ['no_grad', 'inference_mode'].map((mode) => `${name} ${mode}`);
      const best = modes.reduce((a, b) => (seconds[b].median < seconds[a].median ? b : a));
      table[best] = { ...describe(best, differences[name]), ratio: ratioOf(seconds[CANDOR], seconds[best]) };
    }
    return { side, batch, voxels, flops, load, spoiledRounds, sides: table, all: seconds };
  } finally {
    await plain.release();
    await network.release();
  }
}

function repeated(run, repeats) {
  return async () => {
    const times = [];
    for (let i = 0; i < repeats; i++) times.push((await timed(run)).seconds);
    return median(times);
  };
}

function maximumDifference(a, b) {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
