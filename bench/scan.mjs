/**
 * A whole scan, from file to files: `candor predict --task` beside a MONAI script that does the same work with the same
 * network, windows and grids. Process start included; and the time inside, from reading the scan to the written mask.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createHeader } from '../dist/formats/nifti/nifti.js';
import { encodeFloat } from '../dist/formats/nifti/write.js';
import { readImage } from '../dist/index.node.js';
import { createRandom } from '../dist/math/random.js';
import { dice } from '../dist/metrics/overlap.js';
import { countWindows } from '../dist/preprocessing/windows.js';
import { candor, runProcess } from './cli.mjs';
import { exampleModel, examplePlan, writeExampleModel } from './example-model.mjs';
import { interleave, ratioOf, summarise } from './machine.mjs';
import { architecture, exportWeights, THREADS, withFolder } from './network.mjs';
import { findPythons } from './python.mjs';
import { formatRatio, formatSummary, publish } from './results.mjs';

const SCRIPT = fileURLToPath(new URL('peers/monai_scan.py', import.meta.url));
const ROUNDS = 7;
const PLAN = { spacing: [1, 1, 1.6], patch: [48, 48, 48], overlap: 0.5 };
/** Prepared, windows of 48 at half overlap fit exactly, so that both sides place them alike. */
const SCAN = { size: [256, 256, 128], spacing: [0.84375, 0.84375, 1.5], prepared: [216, 216, 120] };
const QUICK_SCAN = { size: [128, 128, 64], spacing: [1.125, 1.125, 1.8], prepared: [144, 144, 72] };
const SW_BATCHES = [1, 4];
const LEAST_DICE = 0.99;

export async function scan({ quick, output, rounds = quick ? 2 : ROUNDS }) {
  const { peers, missing } = findPythons(['torch', 'monai', 'nibabel']);
  const notes = [
    ...missing,
    'Candor also judges: Gram matrices, p-value, calibrated probabilities, estimated Dice. The peer only segments.',
  ];
  const example = quick ? QUICK_SCAN : SCAN;
  const { size } = example;
  const windows = countWindows(example.prepared, PLAN.patch, PLAN.overlap);
  const { seconds, inside, load, agreement } = await withFolder((folder) =>
    measure({ folder, example, peers, rounds }),
  );
  const own = seconds[CANDOR];
  const rows = Object.keys(seconds).map((name) => [
    name,
    formatSummary(seconds[name]),
    formatSummary(inside[name]),
    name === CANDOR ? '' : formatRatio(ratioOf(own, seconds[name])),
    name === CANDOR ? '' : formatRatio(ratioOf(inside[CANDOR], inside[name])),
    agreement[name]?.toFixed(4) ?? '',
  ]);
  await publish(
    'scan',
    {
      title: `Scan of ${size.join(' x ')} voxels, file to files, ${windows} windows of 48^3, ${THREADS} threads, ${rounds} interleaved rounds`,
      tables: [
        {
          columns: [
            'side',
            'whole process',
            'inside',
            'Candor over it',
            'Candor over it, inside',
            'Dice of both masks',
          ],
          rows,
        },
      ],
      notes,
      data: { threads: THREADS, size, windows, rounds, load, seconds, inside, agreement },
    },
    { output, quick },
  );
}

const CANDOR = 'Candor';

async function measure({ folder, example, peers, rounds }) {
  const files = await prepare(folder, example);
  const inside = { [CANDOR]: [] };
  const sides = {
    [CANDOR]: async () => {
      const { seconds } = await candor(...files.predict);
      inside[CANDOR].push(JSON.parse(await readFile(path.join(folder, 'candor', 'scan.json'), 'utf8')).seconds);
      return seconds;
    },
  };
  for (const { python, versions } of peers) {
    const name = `MONAI ${versions.monai}, PyTorch ${versions.torch}`;
    inside[name] = [];
    const run = (batch) => runProcess(python, [SCRIPT, files.peer, '--sw-batch', batch]);
    const trials = [];
    for (const batch of SW_BATCHES) trials.push({ batch, seconds: JSON.parse((await run(batch)).text).inside });
    // Its best: the peer is not made slower by a setting.
    const { batch } = trials.reduce((a, b) => (b.seconds < a.seconds ? b : a));
    sides[name] = async () => {
      const { seconds, text } = await run(batch);
      inside[name].push(JSON.parse(text).inside);
      return seconds;
    };
  }
  const { seconds, load } = await interleave(sides, {
    rounds,
    onRound: (done, total) => console.log(`round ${done} of ${total}`),
  });
  const agreement = {};
  if (peers.length > 0) {
    const [own, peer] = await Promise.all(
      ['candor/scan.nii.gz', 'peer.nii.gz'].map((file) => readImage(path.join(folder, file))),
    );
    const [a, b] = [own, peer].map(({ volume }) => Uint8Array.from(volume.data, (value) => (value > 0 ? 1 : 0)));
    const overlap = dice(a, b);
    if (!a.includes(1) || !(overlap > LEAST_DICE)) {
      throw new Error(`The masks of both sides agree to Dice ${overlap} only, or are empty: the work is not the same.`);
    }
    agreement[Object.keys(sides)[1]] = overlap;
  }
  return {
    seconds,
    load,
    agreement,
    // The last rounds: warm-up and spoiled ones come before them or are among them at random.
    inside: Object.fromEntries(
      Object.entries(inside).map(([name, values]) => [name, summarise(values.slice(-rounds))]),
    ),
  };
}

/** Model, scan and the peer's settings as files. */
async function prepare(folder, { size, spacing }) {
  const plan = examplePlan(PLAN);
  const model = await exampleModel([{ name: 'organ', plan }]);
  const [modelFile, scanFile, weightsFile, peer] = ['model.onnx', 'scan.nii.gz', 'weights.bin', 'peer.json'].map(
    (name) => path.join(folder, name),
  );
  await writeExampleModel(modelFile, model);
  await exportWeights(weightsFile, architecture, model.weights);
  const affine = [spacing[0], 0, 0, -100, 0, spacing[1], 0, -100, 0, 0, spacing[2], -100, 0, 0, 0, 1];
  await writeFile(scanFile, encodeFloat(phantomScan(size), createHeader({ size, affine })));
  await mkdir(path.join(folder, 'candor'));
  await writeFile(
    peer,
    JSON.stringify({
      scan: scanFile,
      weights: weightsFile,
      mask: path.join(folder, 'peer.nii.gz'),
      channels: architecture.channels,
      threads: THREADS,
      spacing: plan.spacing,
      patch: plan.patch,
      overlap: plan.overlap,
      intensity: plan.intensity,
    }),
  );
  const output = path.join(folder, 'candor');
  const predict = [
    'predict',
    modelFile,
    '-i',
    scanFile,
    '-o',
    output,
    '--task',
    'organ',
    '--threads',
    THREADS,
    '--quiet',
  ];
  return { predict, peer };
}

/** A body with organs and noise in Hounsfield-like units, fixed by its seed. */
function phantomScan([width, height, depth], seed = 0) {
  const random = createRandom(seed, 'bench scan');
  const organs = Array.from({ length: 24 }, () => ({
    centre: [random.between(0.25, 0.75), random.between(0.25, 0.75), random.between(0.15, 0.85)],
    radius: [random.between(0.03, 0.14), random.between(0.03, 0.14), random.between(0.05, 0.2)],
    value: random.between(-150, 350),
  }));
  organs.unshift({ centre: [0.5, 0.5, 0.5], radius: [0.42, 0.34, 0.7], value: 1030 });
  const data = new Float32Array(width * height * depth).fill(-1000);
  for (const { centre, radius, value } of organs) {
    let i = 0;
    for (let z = 0; z < depth; z++) {
      const dz = ((z / depth - centre[2]) / radius[2]) ** 2;
      for (let y = 0; y < height; y++) {
        const dy = dz + ((y / height - centre[1]) / radius[1]) ** 2;
        for (let x = 0; x < width; x++, i++) {
          if (dy < 1 && dy + ((x / width - centre[0]) / radius[0]) ** 2 < 1) data[i] += value;
        }
      }
    }
  }
  // Stored scans hold whole numbers.
  return data.map((value) => Math.round(value + 20 * random.normal()));
}
