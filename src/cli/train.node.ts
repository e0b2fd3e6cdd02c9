/** `candor train`: data sets in, one model file out. */
import type { Command } from 'commander';
import type { PlanResult } from '../jobs/plan.node.js';
import { yes } from '../options/kinds.js';
import { optional, readFlags, withAfter } from '../options/options.js';
import { engineOptions, outputOptions } from '../options/shared.js';
import { type TrainResult, trainOptions } from '../training/train-options.js';
import { checkTrainOptions } from '../training/train-settings.js';
import { addOptions } from './add-options.node.js';
import { durationText, fixed, plainText, plural, tableText } from './text.js';
import { print, work } from './work.node.js';

const flags = {
  ...withAfter(trainOptions, 'plans', {
    planOnly: optional(yes, '--plan-only', 'write fingerprints.json and plans.json into the run folder, and stop'),
  }),
  ...engineOptions,
  ...outputOptions,
};

export function addTrain(program: Command): void {
  const command = program
    .command('train')
    .description(
      'Train one network on all given data sets together, then fit temperatures and out-of-distribution detection on ' +
        'cases kept out of training. A data set is a folder in the layout of the Medical Segmentation Decathlon or of ' +
        'nnU-Net v2 (dataset.json, imagesTr/, labelsTr/); each is one task.',
    )
    .argument('<dataset...>', 'data-set folders');
  addOptions(command, flags).action(async (datasets: string[], raw: Record<string, unknown>) => {
    const { json, quiet = false, threads, device, planOnly, ...options } = readFlags(flags, raw);
    checkTrainOptions({ ...options, datasets });
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
function trainText({ model, steps, trainingSeconds, tasks }: TrainResult): string {
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
function planText({ plans, fingerprints, tasks }: PlanResult): string {
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
