/**
 * Candor cross-validated on one data set: each case is segmented once by a model that was not trained, calibrated or
 * chosen on its group. Further data sets are trained jointly, under their own splits. A fold that is evaluated is not run
 * again; one that was interrupted is resumed.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../dist/files/atomic.node.js';
import { evaluate, inspect, openDataset, train } from '../dist/index.node.js';
import { formatFigure, formatInterval, meanOfCases } from './case-figures.mjs';
import { CALIBRATION_SHARE, foldSplits } from './fold-split.mjs';
import { publish } from './results.mjs';

const DATA = fileURLToPath(new URL('../../shared/data/abdomen-mr', import.meta.url));
const WORK = fileURLToPath(new URL('../runs/folds', import.meta.url));
const FOLDS = 5;
const SEED = 0;
const QUICK = { folds: 2, preset: 'tiny', steps: 3 };

/** What the tables give, and to how many digits. */
const figures = [
  [({ dice }) => dice, 3],
  [({ hd95Mm }) => hd95Mm, 1],
];

export async function folds(options) {
  const { quick, output, data = [DATA], work = WORK, ...rest } = options;
  const { folds: count = FOLDS, steps, minutes, preset, init } = quick ? { ...QUICK, ...defined(rest) } : rest;
  const [folder, ...others] = data.map((one) => path.resolve(one));
  const dataset = await openDataset(folder);
  const jointly = await Promise.all(others.map((one) => openDataset(one)));
  if (init !== undefined) await checkStart(init, dataset);
  const training = defined({ steps, minutes, preset, init: init && path.resolve(init) });
  const own = path.resolve(work, dataset.name);
  await claim(own, { folder, others, folds: count, seed: SEED, training });
  const labelled = dataset.cases.filter(({ label }) => label !== null);
  const cases = [];
  for (const [i, split] of foldSplits(labelled, count, SEED).entries()) {
    const fold = { number: i + 1, count, folder: path.join(own, `fold-${i + 1}`) };
    await runFold(fold, { dataset: { ...dataset, split, splitSource: 'given' }, others, training });
    cases.push(...(await readCases(fold, dataset)));
  }
  await publish('folds', describe({ dataset, others: jointly, count, training, cases }), { output, quick });
}

const defined = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** Weights that have seen the data set's cases would make every fold look good. */
async function checkStart(init, { name }) {
  const { tasks } = await inspect(init);
  if (tasks.some((task) => task.name === name)) {
    throw new Error(`${init}: expected a model that was not trained on ${name}, whose cases are tested here.`);
  }
}

/** Folds of different settings must not be mixed into one table. */
async function claim(folder, settings) {
  const file = path.join(folder, 'settings.json');
  const text = JSON.stringify(settings, null, 2);
  await mkdir(folder, { recursive: true });
  if (!existsSync(file)) await writeFileAtomic(file, text);
  else if ((await readFile(file, 'utf8')) !== text) {
    throw new Error(`${folder}: holds folds of other settings (see settings.json); name another folder with --work.`);
  }
}

async function runFold({ number, count, folder }, { dataset, others, training }) {
  const [model, report] = ['model.onnx', 'report'].map((name) => path.join(folder, name));
  if (existsSync(path.join(report, 'summary.json'))) return;
  const { split } = dataset;
  if (!existsSync(model)) {
    const sizes = `${split.train.length} cases train, ${split.calibration.length} calibrate, ${split.test.length} test`;
    const log = path.join(folder, 'model.run', 'metrics.jsonl');
    console.log(`fold ${number} of ${count}: ${sizes}; its log is ${log}`);
    const resume = existsSync(path.join(folder, 'model.run', 'run.json'));
    await stoppable((signal) => train({ datasets: [dataset, ...others], output: model, ...training, resume, signal }));
  }
  await stoppable((signal) => evaluate({ model, datasets: [dataset], output: report, signal }));
}

/** Ctrl-C ends a job after a checkpoint. */
async function stoppable(job) {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.once('SIGINT', stop);
  try {
    return await job(controller.signal);
  } finally {
    process.off('SIGINT', stop);
  }
}

/** The fold's test cases, from the evaluation's table. */
async function readCases({ number, folder }, dataset) {
  const groups = new Map(dataset.cases.map(({ name, group }) => [name, group]));
  const text = await readFile(path.join(folder, 'report', 'cases.csv'), 'utf8');
  const [columns, ...rows] = text.trimEnd().split('\r\n').map(splitRow);
  return rows.map((row) => {
    const cell = (name) => row[columns.indexOf(name)];
    const figure = (name) => (cell(name) === '' ? null : Number(cell(name)));
    const [name, kind] = [cell('case'), cell('kind')];
    return { case: name, group: groups.get(name), fold: number, kind, dice: figure('dice'), hd95Mm: figure('hd95Mm') };
  });
}

/** Cells of a row; those with commas are quoted, quotes within them doubled. */
const splitRow = (row) =>
  [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain,
  );

function describe({ dataset, others, count, training, cases }) {
  const failed = cases.filter(({ kind }) => kind === 'failed');
  const summary = (list) => [
    list.length,
    ...figures.map(([of, digits]) => formatInterval(meanOfCases(list, of), digits)),
  ];
  const choices = Object.entries(training)
    .map(([name, value]) => `--${name} ${value}`)
    .join(' ');
  const byFold = Array.from({ length: count }, (_, i) => cases.filter(({ fold }) => fold === i + 1));
  return {
    title: `Cross-validation of Candor on ${dataset.name}: ${cases.length} cases, ${count} folds`,
    tables: [
      {
        caption: 'Means over cases, 95 % bootstrap interval by group.',
        columns: ['fold', 'n', 'Dice', 'HD95, mm'],
        rows: [['all', ...summary(cases)], ...byFold.map((list, i) => [i + 1, ...summary(list)])],
      },
      {
        columns: ['case', 'fold', 'Dice', 'HD95, mm'],
        rows: cases.map((one) => [
          one.case,
          one.fold,
          ...figures.map(([of, digits]) => formatFigure(of(one), digits + 1)),
        ]),
      },
    ],
    notes: [
      `Trained with ${choices || "the preset's defaults"} on the cases of "train" of ${[dataset, ...others].map(({ name }) => name).join(', ')}; in each fold ${100 * CALIBRATION_SHARE} % of the other cases calibrate. The model is not told the task.`,
      'Folds share training cases: the interval is of these models on such cases, not of the training itself.',
      ...(dataset.placeholderSpacing ? ['The spacing is a placeholder: distances in mm mean nothing.'] : []),
      ...(failed.length > 0 ? [`Could not be evaluated: ${failed.map((one) => one.case).join(', ')}.`] : []),
    ],
    data: {
      dataset: dataset.name,
      jointly: others.map(({ name }) => name),
      folds: count,
      seed: SEED,
      training,
      dice: meanOfCases(cases, ({ dice }) => dice),
      hd95Mm: meanOfCases(cases, ({ hd95Mm }) => hd95Mm),
      cases,
    },
  };
}
