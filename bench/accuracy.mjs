/**
 * Time to accuracy: seconds of training until held-out cases are segmented to a given Dice, Candor's run beside the peer's
 * network (16 to 128 channels, whatever the run's own preset is) trained in PyTorch on the same patches in the same order. The run is one of `candor train` (`--run FOLDER`,
 * `--data FOLDER...`); the peer's side is trained here and can be stopped and started again at any time.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openNetwork } from '../dist/inference/network.js';
import { slidingWindow } from '../dist/inference/sliding-window.js';
import { dice } from '../dist/metrics/overlap.js';
import { strideOf } from '../dist/networks/architecture.js';
import { defaultAdamW } from '../dist/networks/optimiser.js';
import { initialWeights } from '../dist/networks/parameters.js';
import { unetParameters } from '../dist/networks/unet.js';
import { createOnnxRuntime } from '../dist/runtime/onnxruntime.node.js';
import { decodeCheckpoint } from '../dist/training/checkpoint.js';
import { runProcess } from './cli.mjs';
import { median } from './machine.mjs';
import { exportWeights, architecture as peerArchitecture } from './network.mjs';
import { prepareRun } from './peers/patches.mjs';
import { linePlot } from './plot.mjs';
import { findPythons, peerName } from './python.mjs';
import { formatSeconds, publish } from './results.mjs';

const PEERS = fileURLToPath(new URL('peers/', import.meta.url));
const QUICK_STEPS = 6;
/** Validations where the run's own log has none. */
const VALIDATIONS = 20;
/** No step counts more than this many times the running median, which a stopped process would otherwise spoil. */
const CAP = 5;
const RECENT = 101;
/** The median of so many steps at least, so that the first ones are held to those after them. */
const FIRST = 11;
/** Shares of the lower of both sides' best mean Dice. */
const TARGETS = [0.8, 0.9, 0.95, 0.99, 1];

export async function accuracy({ quick, output, run: folder, data }) {
  if (folder === undefined || data === undefined) {
    console.log(
      'accuracy: left out; it needs a run of Candor: candor train DATASET... -o model.onnx, then --run FOLDER --data DATASET for each.',
    );
    return;
  }
  const { peers, missing } = findPythons();
  const peer = peers.find(({ role }) => role === 'newest') ?? peers[0];
  const run = await prepareRun(folder, data);
  if (run.heldOut.length === 0) {
    console.log(`accuracy: left out; the run ${folder} holds no training cases out (see splits.json, "validation").`);
    return;
  }
  const own = await readRun(folder, run);
  const steps = quick ? QUICK_STEPS : own.steps;
  const validateAt = own.curve.map(({ step }) => step).filter((step) => step <= steps);
  const curves = { Candor: own.curve };
  if (peer) {
    curves[peerName(peer)] = await trainPeer({ folder, data, run, steps, validateAt: [...validateAt, steps], peer });
  }
  const { columns, rows, reached } = compare(curves);
  await publish(
    'accuracy',
    {
      title: `Time to accuracy: ${run.tasks.map(({ name }) => name).join(', ')}; ${steps} steps of ${run.settings.batch} patches`,
      tables: [{ caption: 'Seconds of training steps, validation and preparation left out.', columns, rows }],
      notes: [
        ...missing,
        `Candor trains preset ${run.settings.preset} (${JSON.stringify(run.architecture)}), the peer the network of ${peerArchitecture.channels} channels.`,
        `Mean Dice over tasks of ${run.heldOut.length} held-out cases, on the plans' grids, before calibration.`,
      ],
      data: { steps, settings: run.settings, threads: run.settings.threads, curves, reached },
      files: {
        'accuracy.svg': linePlot({
          title: 'Mean Dice of held-out cases against seconds of training',
          x: 'seconds of training',
          y: 'mean Dice',
          series: Object.entries(curves).map(([name, curve]) => ({
            name,
            points: curve.map(({ seconds, mean }) => [seconds, mean]),
          })),
        }),
      },
    },
    { output, quick },
  );
}

/** Seconds up to each step, none counted more than `CAP` times the running median. */
export function cappedSeconds(durations) {
  let sum = 0;
  return durations.map((seconds, i) => {
    sum += Math.min(seconds, CAP * median(durations.slice(Math.max(0, i + 1 - RECENT), Math.max(i + 1, FIRST))));
    return sum;
  });
}

/** Candor's side: the validation records of its log, or of a log without any, its last checkpoint validated here. */
async function readRun(folder, run) {
  const text = await readFile(path.join(folder, 'metrics.jsonl'), 'utf8');
  const records = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const steps = records.filter((record) => 'loss' in record);
  const seconds = cappedSeconds(steps.map((record) => record.seconds));
  const secondsAt = (step) => seconds[steps.findLastIndex((record) => record.step <= step)] ?? 0;
  const curve = records
    .filter((record) => 'validation' in record)
    .map(({ step, validation }) => point(step, secondsAt(step), validation.dice));
  const checkpoint = path.join(folder, 'checkpoint.bin');
  if (curve.length === 0 && existsSync(checkpoint)) {
    const state = await decodeCheckpoint(await readFile(checkpoint), checkpoint);
    curve.push(point(state.step, secondsAt(state.step), await validateWeights(run, state.weights)));
  }
  return { steps: steps.at(-1)?.steps ?? run.settings.steps, curve };
}

function point(step, seconds, byTask) {
  const values = Object.values(byTask);
  return { step, seconds, dice: byTask, mean: values.reduce((a, b) => a + b, 0) / values.length };
}

/** Mean Dice by task of weights on a run's held-out cases, whole images on the plan's grid. */
export async function validateWeights({ architecture, heldOut, settings }, weights) {
  const network = await openNetwork({ architecture, weights }, createOnnxRuntime({ threads: settings.threads }));
  const byTask = new Map();
  try {
    for (const { task, plan, image, label, size, minimum } of heldOut) {
      const logits = await slidingWindow(
        { data: image, size, minimum },
        { patch: plan.patch, overlap: plan.overlap },
        async (window) => (await network.run(window, plan.patch)).logits,
      );
      const mask = Uint8Array.from(logits, (logit) => (logit > 0 ? 1 : 0));
      byTask.set(task, [...(byTask.get(task) ?? []), dice(mask, label)]);
    }
  } finally {
    await network.release();
  }
  return Object.fromEntries([...byTask].map(([task, list]) => [task, list.reduce((a, b) => a + b, 0) / list.length]));
}

async function trainPeer({ folder, data, run, steps, validateAt, peer }) {
  const { settings, heldOut, tasks } = run;
  const stride = strideOf(peerArchitecture);
  const unfit = tasks.find(({ patch }) => patch.some((side) => side % stride !== 0));
  if (unfit)
    throw new Error(
      `task ${unfit.name}: expected a patch that ${stride} divides, found ${unfit.patch}; train with --preset small.`,
    );
  const own = path.join(folder, `peer-${peer.versions.torch}-${steps}`);
  await mkdir(own, { recursive: true });
  const weights = path.join(own, 'initial.bin');
  await exportWeights(weights, peerArchitecture, initialWeights(unetParameters(peerArchitecture), settings.seed));
  const evenly = Array.from({ length: VALIDATIONS }, (_, i) => Math.round(((i + 1) * steps) / VALIDATIONS));
  const log = path.join(own, 'log.jsonl');
  const file = path.join(own, 'settings.json');
  await writeFile(
    file,
    JSON.stringify({
      stream: [process.execPath, path.join(PEERS, 'patches.mjs'), path.resolve(folder)],
      datasets: data.map((one) => path.resolve(one)),
      cases: heldOut.length,
      channels: peerArchitecture.channels,
      threads: settings.threads,
      weights,
      steps,
      validateAt: validateAt.length > 2 ? validateAt : [...new Set([...evenly, ...validateAt])],
      log,
      checkpoint: path.join(own, 'checkpoint.pt'),
      optimiser: defaultAdamW,
      loss: settings.loss,
    }),
  );
  const args = [path.join(PEERS, 'train_unet3d.py'), file];
  console.log(`${peerName(peer)} trains; stopped, it goes on where it was: ${peer.python} ${args.join(' ')}`);
  await runProcess(peer.python, args);
  const lines = (await readFile(log, 'utf8')).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line)).map(({ step, seconds, dice: byTask }) => point(step, seconds, byTask));
}

function compare(curves) {
  const names = Object.keys(curves);
  const common = Math.min(...names.map((name) => Math.max(...curves[name].map(({ mean }) => mean))));
  const reached = TARGETS.map((share) => {
    const target = share * common;
    const first = (name) => curves[name].find(({ mean }) => mean >= target)?.seconds ?? null;
    return { share, target, seconds: Object.fromEntries(names.map((name) => [name, first(name)])) };
  });
  const [own, other] = names;
  const rows = reached.map(({ share, target, seconds }) => [
    `${target.toFixed(3)} (${Math.round(100 * share)} %)`,
    ...names.map((name) => formatSeconds(seconds[name])),
    ...(other === undefined ? [] : [(seconds[own] / seconds[other]).toFixed(2)]),
  ]);
  const best = (name) => Math.max(...curves[name].map(({ mean }) => mean)).toFixed(3);
  rows.push(['best mean Dice', ...names.map(best), ...(other === undefined ? [] : [''])]);
  return {
    reached,
    columns: ['mean Dice reached', ...names, ...(other === undefined ? [] : ['ratio'])],
    rows,
  };
}
