/** Seconds per predicted scan, from the prepared image to the mask on the plan's grid, both trained networks in turn. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { RunError } from '../../dist/errors.js';
import { finalWeights } from '../../dist/fitting/assemble-model.js';
import { openNetwork } from '../../dist/inference/network.js';
import { slidingWindow } from '../../dist/inference/sliding-window.js';
import { joinedStructure } from '../../dist/labels/label-space.js';
import { maskOfLogits } from '../../dist/labels/probability.js';
import { mean } from '../../dist/math/statistics.js';
import { dice } from '../../dist/metrics/overlap.js';
import { parameterCount } from '../../dist/networks/parameters.js';
import { unetParameters } from '../../dist/networks/unet.js';
import { createOnnxRuntime } from '../../dist/runtime/onnxruntime.node.js';
import { decodeCheckpoint } from '../../dist/training/checkpoint.js';
import { interleave, ratioOf, summarise, timed } from '../machine.mjs';
import { startPeer } from '../python.mjs';

/**
 * Time all held-out cases of some tasks.
 * @param sides names of `own` and, where there is one, of `other`, which `trained` (see `trainPeer`) in `peer`
 * @returns by task: `seconds`, a summary by side over cases and repeats; `dice`, the mean of the masks by side; `ratio`
 */
export async function timeScans({ folder, run, tasks, repeats, own, other, peer, trained }) {
  const network = await openTrained(folder, run);
  const process = other && startPeer(peer, 'segment_cases.py', [trained.settings]);
  const sides = {
    [own]: (index) => segment(network, run.heldOut[index]),
    ...(process && { [other]: (index) => process.request({ case: index }) }),
  };
  try {
    const results = {};
    for (const task of tasks) results[task] = await timeTask(task, run.heldOut, sides, repeats);
    return results;
  } finally {
    await process?.stop();
    await network.release();
  }
}

/** The network that the run would ship. */
async function openTrained(folder, { architecture, settings }) {
  const checkpoint = path.join(folder, 'checkpoint.bin');
  const weights = finalWeights(await decodeCheckpoint(await readFile(checkpoint), checkpoint));
  const expected = parameterCount(unetParameters(architecture));
  if (weights.length !== expected) {
    throw new RunError(
      `${checkpoint}: expected ${expected} weights of preset ${settings.preset}, found ${weights.length}; ` +
        'train with this build of Candor.',
    );
  }
  return openNetwork({ architecture, weights }, createOnnxRuntime({ threads: settings.threads }));
}

async function timeTask(task, heldOut, sides, repeats) {
  const names = Object.keys(sides);
  const seconds = Object.fromEntries(names.map((name) => [name, []]));
  const dices = Object.fromEntries(names.map((name) => [name, []]));
  for (const [index, one] of heldOut.entries()) {
    if (one.task !== task) continue;
    const found = {};
    const calls = names.map((name) => [
      name,
      async () => {
        const result = await sides[name](index);
        found[name] = result.dice;
        return result.seconds;
      },
    ]);
    const { seconds: taken } = await interleave(Object.fromEntries(calls), { rounds: repeats });
    for (const name of names) {
      seconds[name].push(...taken[name].values);
      dices[name].push(found[name]);
    }
  }
  const summaries = Object.fromEntries(names.map((name) => [name, summarise(seconds[name])]));
  return {
    seconds: summaries,
    dice: Object.fromEntries(names.map((name) => [name, mean(dices[name])])),
    ratio: names.length > 1 ? ratioOf(...names.map((name) => summaries[name])) : null,
  };
}

/** Gram matrices come with every window, as they do where a verdict is given. */
async function segment(network, { plan, image, label, size, minimum }) {
  const { seconds, value: mask } = await timed(async () => {
    const logits = await slidingWindow(
      { data: image, size, minimum },
      { patch: plan.patch, overlap: plan.overlap },
      async (window) => (await network.run(window, plan.patch)).logits,
    );
    return maskOfLogits(joinedStructure(['foreground'], null), logits);
  });
  return { seconds, dice: dice(mask, label) };
}
