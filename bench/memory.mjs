/**
 * Estimated beside measured memory: each configuration trains some steps in a process of its own, worker and validation
 * included, on made-up cases.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toShared } from '../dist/cases/to-shared.js';
import { joinedStructure } from '../dist/labels/label-space.js';
import { createRandom } from '../dist/math/random.js';
import { presets } from '../dist/networks/architecture.js';
import { chooseLayers } from '../dist/networks/layers/choose-layers.js';
import { defaultAdamW } from '../dist/networks/optimiser.js';
import { createOnnxRuntime } from '../dist/runtime/onnxruntime.node.js';
import { encodeCheckpoint } from '../dist/training/checkpoint.js';
import { estimateTrainingMemory } from '../dist/training/memory-estimate.js';
import { trainNetwork } from '../dist/training/train-network.js';
import { validate } from '../dist/training/validation.js';
import { openWorkerBatches } from '../dist/training/worker-batches.node.js';

const MIB = 2 ** 20;
const THREADS = 2;
const STEPS = 8;
/** Preset, patches of the tasks, patches a step, sides and number of a task's cases. */
const configurations = [
  ['tiny', [[40, 40, 40]], 2, 48, 4],
  ['small', [[48, 48, 48]], 2, 64, 8],
  ['small', [[32, 64, 48]], 1, 128, 20],
  [
    'small',
    [
      [64, 64, 32],
      [48, 48, 48],
    ],
    2,
    64,
    8,
  ],
  ['small', [[64, 64, 64]], 2, 96, 8],
];

export async function memory() {
  console.log('memory of training, MiB: estimated, measured peak, ratio');
  for (const configuration of configurations) {
    const args = [fileURLToPath(import.meta.url), JSON.stringify(configuration)];
    const { estimated, measured } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
    const [preset, patches, batch, side, count] = configuration;
    const name = `${preset} ${patches.map((patch) => patch.join('x')).join(' + ')}, batch ${batch}, ${count} cases of ${side}^3`;
    const ratio = (estimated / measured).toFixed(2);
    console.log(`${name.padEnd(58)} ${(estimated / MIB).toFixed(0)} ${(measured / MIB).toFixed(0)} ${ratio}`);
  }
}

async function measure([preset, patches, batch, side, count]) {
  const { architecture } = presets[preset];
  const random = createRandom(0);
  const size = [side, side, side];
  const shares = patches.map(() => 1);
  const runtime = createOnnxRuntime({ threads: THREADS });
  const { layers } = await chooseLayers(architecture, runtime);
  const settings = { architecture, layers, loss: 'ce+dice', optimiser: defaultAdamW, batch, shares };
  const estimated = estimateTrainingMemory({
    ...settings,
    dropout: false,
    tasks: patches.map((patch) => ({ patch, sizes: Array(count).fill(size) })),
  }).total;
  const labels = joinedStructure(['organ'], null);
  const makeCase = () => {
    const image = Float32Array.from({ length: side ** 3 }, () => random.uniform());
    const labels = Uint8Array.from(image, (value) => (value > 0.7 ? 1 : 0));
    const grid = { size, affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] };
    return toShared({ image, labels, grid, minimum: 0, spacing: [1, 1, 1], foreground: Uint32Array.of(0, 1, 2) });
  };
  const heldOut = patches.map((patch, i) => ({
    name: `${i}`,
    labels,
    plan: { patch, overlap: 0 },
    cases: [makeCase()],
  }));
  await trainNetwork({
    ...settings,
    tasks: patches.map((patch, i) => ({ name: `${i}`, labels, patch, cases: Array.from({ length: count }, makeCase) })),
    ...{ runtime, openBatches: openWorkerBatches, seed: 0, dropout: 0 },
    ...{ duration: { steps: STEPS }, learningRate: 1e-3, checkpointEvery: 4 },
    async onCheckpoint(state) {
      await encodeCheckpoint(state);
      await validate(heldOut, state.average, { architecture, runtime });
    },
  });
  const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
  console.log(JSON.stringify({ estimated, measured: 1024 * Number(kilobytes) }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await measure(JSON.parse(process.argv[2]));
