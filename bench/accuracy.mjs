/**
 * Time to accuracy: seconds of training until the held-out cases of each task are segmented to a target Dice, and seconds
 * per scan then; a run of `candor train` (`--run FOLDER`, `--data FOLDER...`) beside the peer's network trained in PyTorch
 * on the same patches in the same order. The peer's side is trained here and can be stopped and started again at any time.
 */
import { UsageError } from '../dist/errors.js';
import { readLog } from './accuracy/candor-log.mjs';
import { trainPeer } from './accuracy/peer.mjs';
import { bestTable, dicePlot, scanTable, timeTable } from './accuracy/report.mjs';
import { timeScans } from './accuracy/scans.mjs';
import { readTargets } from './accuracy/targets.mjs';
import { architecture as peerArchitecture } from './network.mjs';
import { prepareRun } from './peers/patches.mjs';
import { findPythons, peerName } from './python.mjs';
import { publish } from './results.mjs';

const CANDOR = 'Candor';
const REPEATS = 3;

export async function accuracy(options) {
  const { quick, output, run: folder, data, rounds: repeats = quick ? 1 : REPEATS } = options;
  if (folder === undefined || data === undefined) {
    console.log(
      'accuracy: left out; it needs a run of Candor: candor train DATASET... -o model.onnx, then --run FOLDER --data DATASET for each.',
    );
    return;
  }
  const { peers, missing } = findPythons();
  const peer = peers.find(({ role }) => role === 'newest') ?? peers[0];
  const own = await readLog(folder);
  const run = await prepareRun(folder, data);
  const cases = countCases(run.heldOut);
  const targets = readTargets(options.target, Object.keys(cases));
  const limit = quick ? own.curve[0].step : options.peerSteps;
  const schedule = {
    steps: own.steps,
    validateAt: validationsUpTo(limit, own.curve),
    targets: options.untilTargets ? targets : {},
  };
  const trained = peer && (await trainPeer({ folder, data, run, peer, schedule }));
  const other = peer && peerName(peer);
  const curves = { [CANDOR]: own.curve, ...(peer && { [other]: trained.curve }) };
  const scans = await timeScans({
    folder,
    run,
    tasks: Object.keys(targets),
    repeats,
    own: CANDOR,
    other,
    peer,
    trained,
  });
  const { reached, table } = timeTable({ curves, targets, cases });
  await publish(
    'accuracy',
    {
      title: `Time to accuracy: ${Object.keys(cases).join(', ')}; ${own.steps} steps of ${run.settings.batch} patches, ${run.settings.threads} threads`,
      tables: [table, bestTable({ curves, cases }), scanTable({ scans, cases, names: Object.keys(curves), repeats })],
      notes: [...missing, ...method(run), ...cuts({ own, trained, other, schedule, reachedAll: reached[other]?.all })],
      data: {
        steps: own.steps,
        settings: run.settings,
        threads: run.settings.threads,
        targets,
        cases,
        reached,
        scans,
        curves,
      },
      files: { 'accuracy.svg': dicePlot({ curves, targets, cases }) },
    },
    { output, quick },
  );
}

/** Held-out cases by task. */
function countCases(heldOut) {
  const cases = {};
  for (const { task } of heldOut) cases[task] = (cases[task] ?? 0) + 1;
  return cases;
}

/** The steps at which Candor validated, up to a limit; the peer learns nothing that counts after the last of them. */
function validationsUpTo(limit = Number.POSITIVE_INFINITY, curve) {
  const steps = curve.map(({ step }) => step).filter((step) => step <= limit);
  if (steps.length > 0) return steps;
  throw new UsageError(
    `--peer-steps: expected at least ${curve[0].step}, the first validation of the run, found ${limit}.`,
  );
}

function method({ settings, architecture }) {
  return [
    `Candor trains preset ${settings.preset} (${JSON.stringify(architecture)}), the peer the network of ${peerArchitecture.channels} channels.`,
    'Seconds are of training steps, waiting for patches included; preparation and validation are left out on both sides. No step counts more than 5 times the running median.',
    'Both sides are validated at the same steps; a target counts from the first validation that shows it. Dice are means over held-out cases on the plans’ grids, before calibration.',
    'Candor’s scans include the Gram matrices of the verdict; the peer only segments. Weights are those that each side kept.',
  ];
}

/** What either side did not train to the end of its schedule. */
function cuts({ own, trained, other, schedule: { steps, targets }, reachedAll }) {
  const notes = [];
  if (own.last < steps) notes.push(`Candor's run was stopped after ${own.last} of ${steps} steps.`);
  if (trained && trained.last < steps) {
    const asked = Object.keys(targets).length > 0;
    const why = asked && reachedAll ? 'all targets had been reached' : 'it was given no more';
    notes.push(
      `${other} trained ${trained.last} of ${steps} steps, at the learning rates of all ${steps}: ${why}. Its best Dice are of these steps.`,
    );
  }
  return notes;
}
