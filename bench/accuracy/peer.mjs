/** The peer's side of time to accuracy: its network, trained in PyTorch on the batches of a run of Candor. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { RunError } from '../../dist/errors.js';
import { strideOf } from '../../dist/networks/architecture.js';
import { defaultAdamW } from '../../dist/networks/optimiser.js';
import { initialWeights } from '../../dist/networks/parameters.js';
import { unetParameters } from '../../dist/networks/unet.js';
import { runProcess } from '../cli.mjs';
import { architecture, exportWeights } from '../network.mjs';
import { writeCases } from '../peers/patches.mjs';
import { peerName } from '../python.mjs';
import { pointOf } from './targets.mjs';

const PEERS = fileURLToPath(new URL('../peers/', import.meta.url));

/**
 * Train the peer, or go on where it was stopped.
 * @param schedule `steps`, over which the learning rate falls; `validateAt`, steps, the last of which is its last;
 * `targets`, Dice by task: it stops as soon as each has been reached once (none: it does not)
 * @returns its `curve`, the `last` step and the `settings` file, by which its network can be asked to segment
 */
export async function trainPeer({ folder, data, run, peer, schedule: { steps, validateAt, targets } }) {
  const { settings, heldOut, tasks } = run;
  refuseUnfit(tasks);
  const own = path.join(folder, `peer-${peer.versions.torch}-${steps}`);
  await mkdir(own, { recursive: true });
  const file = (name) => path.join(own, name);
  const weights = initialWeights(unetParameters(architecture), settings.seed);
  await exportWeights(file('initial.bin'), architecture, weights);
  await writeCases(file('cases.bin'), heldOut);
  await writeFile(
    file('settings.json'),
    JSON.stringify({
      stream: [process.execPath, path.join(PEERS, 'patches.mjs'), path.resolve(folder)],
      datasets: data.map((one) => path.resolve(one)),
      cases: file('cases.bin'),
      channels: architecture.channels,
      threads: settings.threads,
      weights: file('initial.bin'),
      steps,
      validateAt,
      targets,
      log: file('log.jsonl'),
      checkpoint: file('checkpoint.pt'),
      optimiser: defaultAdamW,
      loss: settings.loss,
    }),
  );
  const args = [path.join(PEERS, 'train_unet3d.py'), file('settings.json')];
  console.log(`${peerName(peer)} trains; stopped, it goes on where it was: ${peer.python} ${args.join(' ')}`);
  const { step } = JSON.parse((await runProcess(peer.python, args)).text);
  const lines = (await readFile(file('log.jsonl'), 'utf8')).split('\n').filter(Boolean);
  return { curve: lines.map((line) => pointOf(JSON.parse(line))), last: step, settings: file('settings.json') };
}

/** The run's patches suit its own network; the peer's may halve them more often. */
function refuseUnfit(tasks) {
  const stride = strideOf(architecture);
  const unfit = tasks.find(({ patch }) => patch.some((side) => side % stride !== 0));
  if (!unfit) return;
  throw new RunError(`task ${unfit.name}: expected a patch that ${stride} divides, found ${unfit.patch}; see --patch.`);
}
