/** `candor train`: data sets in, one model file out. */
import type { Command } from 'commander';
import { z } from 'zod';
import { UsageError } from '../errors.js';
import type { PlanResult } from '../jobs/plan.node.js';
import { presetNames } from '../networks/architecture.js';
import { lossNames } from '../networks/losses.js';
import type { TrainResult } from '../training/train-options.js';
import {
  byteSize,
  engineFlags,
  oneOf,
  outputFlags,
  readFlags,
  realNumber,
  spacingChoice,
  voxelTriple,
  wholeNumber,
} from './arguments.js';
import { addEngineOptions, addOutputOptions } from './shared-options.node.js';
import { durationText, fixed, plainText, plural, tableText } from './text.js';
import { print, work } from './work.node.js';

const balances = ['tasks', 'cases'] as const;

const flags = z.object({
  output: z.string(),
  preset: oneOf(presetNames).optional(),
  steps: wholeNumber(1).optional(),
  minutes: realNumber('a number of minutes above 0', (value) => value > 0).optional(),
  seed: wholeNumber(0).optional(),
  batch: wholeNumber(1, 1024).optional(),
  patch: voxelTriple.optional(),
  spacing: spacingChoice.optional(),
  plans: z.string().optional(),
  planOnly: z.boolean().default(false),
  balance: oneOf(balances).optional(),
  loss: oneOf(lossNames).optional(),
  dropout: realNumber('a number from 0 to 0.9', (value) => value >= 0 && value <= 0.9).optional(),
  learningRate: realNumber('a number above 0', (value) => value > 0).optional(),
  validationCases: wholeNumber(0).optional(),
  checkpointEvery: wholeNumber(1).optional(),
  init: z.string().optional(),
  run: z.string().optional(),
  resume: z.boolean().optional(),
  cache: z.union([z.string(), z.literal(false)]).optional(),
  cacheSize: byteSize.optional(),
  ...engineFlags,
  ...outputFlags,
});

export function addTrain(program: Command): void {
  const command = program
    .command('train')
    .description(
      'Train one network on all given data sets together, then fit temperatures and out-of-distribution detection on ' +
        'cases kept out of training. A data set is a folder in the layout of the Medical Segmentation Decathlon or of ' +
        'nnU-Net v2 (dataset.json, imagesTr/, labelsTr/); each is one task.',
    )
    .argument('<dataset...>', 'data-set folders')
    .requiredOption('-o, --output <file>', 'model file to write, such as model.onnx')
    .option('--preset <name>', `size of network and patches: ${presetNames.join(' or ')} (default: small)`)
    .option('--steps <n>', "training steps (default: the preset's)")
    .option('--minutes <n>', 'minutes of training instead of steps')
    .option('--seed <n>', 'seed of everything random (default: 0)')
    .option('--batch <n>', 'patches a step (default: 2)')
    .option('--patch <x,y,z>', 'training patch in voxels (default: chosen per task)')
    .option('--spacing <choice>', 'voxel spacing: common, per-task, or x,y,z in mm (default: per-task)')
    .option('--plans <file>', 'take values of plans from this file instead (see plans.json in a run folder)')
    .option('--plan-only', 'write fingerprints.json and plans.json into the run folder, and stop')
    .option('--balance <unit>', 'give every task, or every case, the same share: tasks or cases (default: tasks)')
    .option('--loss <name>', `${lossNames.slice(0, -1).join(', ')} or ${lossNames.at(-1)} (default: ${lossNames[0]})`)
    .option('--dropout <p>', 'probability that a channel is dropped, 0 to 0.9 (default: 0)')
    .option('--learning-rate <rate>', 'highest learning rate; lower it to go on with a run that diverged')
    .option(
      '--validation-cases <n>',
      'training cases a task held out to choose the best weights, 0 for none (default: a tenth, 2 to 5, of 10 or more)',
    )
    .option('--checkpoint-every <n>', 'steps between two checkpoints (default: 100)')
    .option('--init <model>', 'start from the weights of this model (transfer learning)')
    .option('--run <folder>', 'folder of plans, log and checkpoints (default: beside the model, <model>.run)')
    .option('--resume', 'go on with the run in the run folder')
    .option('--cache <folder>', "where prepared cases are kept from run to run (default: the platform's cache folder)")
    .option('--no-cache', 'prepare all cases anew and keep none')
    .option('--cache-size <size>', 'bound of that folder; what was not used for longest goes first (default: 20GB)');
  addOutputOptions(addEngineOptions(command)).action(async (datasets: string[], raw: unknown) => {
    const { json, quiet, threads, device, planOnly, ...options } = readFlags(flags, raw);
    if (options.steps !== undefined && options.minutes !== undefined) {
      throw new UsageError('--steps and --minutes: expected one of the two, found both.');
    }
    if (planOnly) {
      const { plan } = await import('../jobs/plan.node.js');
      const planned = await work({ quiet, threads, device }, 'stopping', (shared) =>
        plan({ ...shared, ...options, datasets }),
      );
      print(json ? planned : planText(planned));
      return;
    }
    const { train } = await import('../jobs/train.node.js');
    const stopping = 'stopping after this step; go on later with --resume';
    const result = await work({ quiet, threads, device }, stopping, (shared) =>
      train({ ...shared, ...options, datasets }),
    );
    print(json ? result : trainText(result));
  });
}

/** Where the model is, how it did on its calibration images, and the next command to type. */
export function trainText({ model, steps, trainingSeconds, tasks }: TrainResult): string {
  const rows = tasks.map(({ name, temperature, calibrationDice }) => [
    plainText(name),
    fixed(calibrationDice, 3),
    fixed(temperature, 2),
  ]);
  return [
    `${model}  (${plural(steps, 'step')} in ${durationText(trainingSeconds)})`,
    tableText(rows, { heading: ['task', 'calibration Dice', 'temperature'], alignRight: [1, 2], indent: '  ' }),
    `Next: candor predict ${quoted(model)} -i <images> -o predictions`,
  ].join('\n');
}

/** What was decided, and where to read why. */
export function planText({ plans, fingerprints, tasks }: PlanResult): string {
  const rows = tasks.map(({ name, plan }) => [
    plainText(name),
    plan.spacing.join(' x '),
    plan.patch.join(' x '),
    plan.intensity.kind,
  ]);
  return [
    tableText(rows, { heading: ['task', 'spacing, mm', 'patch, voxels', 'intensity'], alignRight: [] }),
    `Each value and why: ${plans}; what was measured: ${fingerprints}`,
    `Next: edit a copy of ${plans}, then the same command with --plans <copy> instead of --plan-only`,
  ].join('\n');
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
