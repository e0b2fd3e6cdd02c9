/**
 * What a dedicated network reaches on one data set: nnU-Net v2, planned and trained by itself on the data set's training
 * cases, for a given time on the same threads, then compared with the references of the test cases as Candor is. Stopped
 * and started again, it goes on where it was.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { casesOf } from '../dist/datasets/dataset.js';
import { gridMismatch } from '../dist/datasets/grid-match.js';
import { loadCase } from '../dist/datasets/load-case.node.js';
import { openDataset } from '../dist/datasets/open-dataset.node.js';
import { labelSpaceOf, withStructures } from '../dist/datasets/structures.js';
import { readImage, writeMask } from '../dist/index.node.js';
import { dice } from '../dist/metrics/overlap.js';
import { formatFigure, formatInterval, meanOfCases } from './case-figures.mjs';
import { runProcess } from './cli.mjs';
import { linkTo } from './links.mjs';
import { waitForIdle } from './load.mjs';
import { THREADS } from './network.mjs';
import { findPythons } from './python.mjs';
import { formatBytes, formatSeconds, publish } from './results.mjs';

const SCRIPT = fileURLToPath(new URL('peers/nnunet.py', import.meta.url));
const DATA = fileURLToPath(new URL('../../shared/data/hippocampus-mr', import.meta.url));
const WORK = fileURLToPath(new URL('../runs/yardstick', import.meta.url));
const MINUTES = 60;
const QUICK_MINUTES = 1;
const ENDING = '.nii.gz';
/** Processes that augment, beside the training process and its threads. */
const WORKERS = 1;

export async function yardstick({ quick, output, data = [DATA], work = WORK, minutes }) {
  const { peers, missing } = findPythons(['torch', 'nnunetv2']);
  const peer = peers.find(({ role }) => role === 'newest') ?? peers[0];
  if (peer === undefined) {
    for (const sentence of missing) console.log(`yardstick: ${sentence}`);
    return;
  }
  if (data.length > 1)
    throw new Error(`yardstick: expected one --data, found ${data.length}; it is dedicated to one data set.`);
  // One foreground, as nnU-Net is given.
  const dataset = withStructures(await openDataset(data[0]), { structures: 'target' });
  const budget = minutes ?? (quick ? QUICK_MINUTES : MINUTES);
  const { predictions, ...outcome } = await trainPeer({
    dataset,
    peer,
    minutes: budget,
    work: path.resolve(work, dataset.name),
  });
  const cases = await compare(dataset, predictions);
  const { plan, iterations, seconds, peakBytes } = outcome;
  const summary = meanOfCases(cases, (one) => one.dice);
  await publish(
    'yardstick',
    {
      title: `Yardstick: nnU-Net ${peer.versions.nnunetv2} dedicated to ${dataset.name}, ${budget} minutes, ${THREADS} threads`,
      tables: [
        {
          caption: 'Means over test cases, 95 % bootstrap interval by group.',
          columns: [
            'n',
            'Dice',
            'iterations',
            'time of each',
            'preparation',
            'prediction',
            'peak memory, with its largest helper',
          ],
          rows: [
            [
              summary.n,
              formatInterval(summary, 3),
              iterations,
              formatSeconds(seconds.training / iterations),
              formatSeconds(seconds.preparation),
              formatSeconds(seconds.prediction),
              peakBytes.map(formatBytes).join(' + '),
            ],
          ],
        },
        { columns: ['case', 'Dice'], rows: cases.map((one) => [one.case, formatFigure(one.dice, 4)]) },
      ],
      notes: [
        `Its own plan: patch ${plan.patch.join(' x ')}, batch ${plan.batch}, ${plan.network} of ${plan.features.join(', ')} features (${(plan.parameters / 1e6).toFixed(2)} million weights).`,
        `Trained on the ${dataset.split.train.length} cases of "train" alone (fold "all"); the labels of the target are one foreground, as for Candor.`,
        'The learning rate decays to zero as the time ends. Preparation and prediction are not counted; predicted with its defaults (half-overlapping windows, mirroring along all axes).',
      ],
      data: {
        dataset: dataset.name,
        minutes: budget,
        threads: THREADS,
        workers: WORKERS,
        versions: peer.versions,
        ...outcome,
        dice: summary,
        cases,
      },
    },
    { output, quick },
  );
}

/** nnU-Net's side, in a folder for each data set and, within it, for each length of training. */
async function trainPeer({ dataset, peer, minutes, work }) {
  const own = path.join(work, `${minutes}-minutes`);
  const settings = {
    raw: path.join(work, 'raw'),
    preprocessed: path.join(work, 'preprocessed'),
    results: path.join(own, 'results'),
    dataset: `Dataset001_${dataset.name}`,
    minutes,
    threads: THREADS,
    workers: WORKERS,
    images: Object.fromEntries(casesOf(dataset, 'test').map(({ name, image }) => [name, image])),
    predictions: path.join(own, 'predictions'),
    log: path.join(own, 'log.jsonl'),
    outcome: path.join(own, 'outcome.json'),
  };
  if (!existsSync(settings.outcome)) {
    await writeRaw(dataset, path.join(settings.raw, settings.dataset));
    for (const folder of ['preprocessed', 'results', 'predictions']) await mkdir(settings[folder], { recursive: true });
    const file = path.join(own, 'settings.json');
    await writeFile(file, JSON.stringify(settings, null, 2));
    await waitForIdle();
    console.log(`nnU-Net trains for ${minutes} minutes; a line each minute in ${settings.log}`);
    await runProcess(peer.python, [SCRIPT, file]);
  }
  return { predictions: settings.predictions, ...JSON.parse(await readFile(settings.outcome, 'utf8')) };
}

/** The training cases as nnU-Net wants them; it never gets to see the others. */
async function writeRaw(dataset, folder) {
  const cases = casesOf(dataset, 'train');
  const other = [...cases, ...casesOf(dataset, 'test')].find(({ image }) => !image.endsWith(ENDING));
  if (other) throw new Error(`${other.image}: expected an image that ends in ${ENDING}.`);
  for (const part of ['imagesTr', 'labelsTr']) await mkdir(path.join(folder, part), { recursive: true });
  for (const one of cases) {
    const { image, reference } = await loadCase(one, labelSpaceOf(dataset));
    await linkTo(one.image, path.join(folder, 'imagesTr', `${one.name}_0000${ENDING}`));
    await writeMask(path.join(folder, 'labelsTr', `${one.name}${ENDING}`), reference.data, image.header);
  }
  const description = {
    channel_names: { 0: dataset.modality },
    labels: { background: 0, foreground: 1 },
    numTraining: cases.length,
    file_ending: ENDING,
  };
  await writeFile(path.join(folder, 'dataset.json'), JSON.stringify(description, null, 2));
}

async function compare(dataset, predictions) {
  const cases = [];
  for (const one of casesOf(dataset, 'test')) {
    const { reference } = await loadCase(one, labelSpaceOf(dataset));
    const file = path.join(predictions, `${one.name}${ENDING}`);
    const { volume } = await readImage(file);
    const mismatch = gridMismatch(volume, reference);
    if (mismatch) throw new Error(`${file}: ${mismatch.message}.`);
    const mask = Uint8Array.from(volume.data, (value) => (value > 0 ? 1 : 0));
    cases.push({ case: one.name, group: one.group, dice: dice(mask, reference.data) });
  }
  return cases;
}
