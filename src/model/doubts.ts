/** What of a model is to be doubted, in words: whatever was fitted on nothing, on too little, or on copies. */
import { minimumAlpha, supportsAlpha } from '../ood/conformal.js';
import type { Model, ModelTask } from './model.js';

/** The bound on false alarms that verdicts are given at unless another is asked for. */
const DEFAULT_ALPHA = 0.05;
/** Fewer images than this say little of how much the images of a task differ. */
const FEW_IMAGES = 5;

/** A sentence for each doubt; none where all is as it should be. */
export function doubtsOf({ tasks, ood }: Pick<Model, 'tasks' | 'ood'>): string[] {
  const calibration = ood.detectors.get(ood.detector)!.calibration.map((images) => images.length);
  const doubts = tasks.flatMap((task, i) => [
    ...calibrationDoubts(task),
    ...bankDoubts(task, ood.tasks[i].bank),
    ...verdictDoubts(task, calibration[i]),
  ]);
  const pool = calibration.reduce((a, b) => a + b, 0);
  if (!supportsAlpha(pool, DEFAULT_ALPHA)) {
    const smallest = Number(minimumAlpha(pool).toPrecision(2));
    doubts.push(
      `All tasks together have ${images(pool)} to calibrate on: at alpha ${DEFAULT_ALPHA} every verdict is ` +
        `"undetermined"; the smallest alpha that they support is ${smallest}.`,
    );
  }
  return doubts;
}

function calibrationDoubts({ name, cases, calibration: { n, temperature, nllBefore, nllAfter } }: ModelTask): string[] {
  if (n === 0) {
    const why =
      cases.calibration === 0
        ? 'there are no calibration cases'
        : `none of ${cases.calibration} calibration cases has foreground`;
    return [`${name}: ${why}: probabilities are as the network gives them (temperature 1), and its Dice is not known.`];
  }
  const unfitted = temperature === 1 && nllBefore === nllAfter;
  return [
    ...(unfitted ? [`${name}: no temperature fits its calibration cases better than any other; it is left at 1.`] : []),
    ...(n < FEW_IMAGES
      ? [`${name}: its temperature and its Dice rest on ${n} calibration ${n === 1 ? 'case' : 'cases'}.`]
      : []),
  ];
}

function bankDoubts({ name, cases }: ModelTask, bank: Model['ood']['tasks'][number]['bank']): string[] {
  const distinct = new Set(bank.map(({ spectra }) => spectra.map((values) => values.join()).join(';'))).size;
  const empty = cases.train - bank.length;
  return [
    ...(empty > 0 ? [`${name}: ${empty} of ${cases.train} training images have nothing in them under its plan.`] : []),
    ...(distinct < FEW_IMAGES
      ? [
          `${name}: familiar images are known by ${distinct === bank.length ? images(distinct) : `${images(bank.length)}, ${distinct} of them different,`} alone; its verdicts will mistrust most.`,
        ]
      : []),
  ];
}

function verdictDoubts({ name, cases }: ModelTask, n: number): string[] {
  const left = cases.calibration - n;
  return left > 0
    ? [
        `${name}: ${left} of ${cases.calibration} calibration images are copies of others or have nothing in them, and do not count for verdicts.`,
      ]
    : [];
}

function images(n: number): string {
  return `${n} ${n === 1 ? 'image' : 'images'}`;
}
