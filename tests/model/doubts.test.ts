/** A model says of itself what was fitted on nothing, on too little or on copies. */
import { beforeAll, expect, it } from 'vitest';
import { doubtsOf } from '../../src/model/doubts.js';
import type { Model } from '../../src/model/model.js';
import { makeBallModel } from '../support/ball-model.js';

let model: Model;
beforeAll(async () => {
  model = await makeBallModel();
}, 120_000);

/** Of the first task alone. */
const doubts = (change: (task: Model['tasks'][number]) => object, bank = model.ood.tasks[0].bank): string[] => {
  const tasks = model.tasks.map((task, i) => (i === 0 ? { ...task, ...change(task) } : task));
  const ood = { ...model.ood, tasks: model.ood.tasks.map((task, i) => (i === 0 ? { ...task, bank } : task)) };
  return doubtsOf({ tasks, ood }).filter((text) => text.startsWith('bright'));
};

it('doubts a fit on few cases, and verdicts on few calibration images', () => {
  expect(doubtsOf(model)).toEqual([
    'bright: its temperature and its Dice rest on 4 calibration cases.',
    'dark: its temperature and its Dice rest on 4 calibration cases.',
    expect.stringMatching(/^All tasks together have 8 images .* "undetermined"; .* is 0\.11\.$/),
  ]);
});

it('says where there was nothing to calibrate on', () => {
  const n = 0;
  expect(doubts(({ calibration }) => ({ calibration: { ...calibration, n } }))[0]).toMatch(
    /^bright: none of 4 calibration cases has foreground: .*temperature 1/,
  );
  expect(
    doubts(({ calibration, cases }) => ({
      calibration: { ...calibration, n },
      cases: { ...cases, calibration: 0 },
    }))[0],
  ).toMatch(/there are no calibration cases/);
  expect(
    doubts(({ calibration }) => ({ calibration: { ...calibration, n: 9, temperature: 1, nllBefore: 1, nllAfter: 1 } })),
  ).toEqual(['bright: no temperature fits its calibration cases better than any other; it is left at 1.']);
});

it('doubts a bank of copies, of few images, and what was left out', () => {
  const [first, second] = model.ood.tasks[0].bank;
  const enough = ({ calibration }: Model['tasks'][number]) => ({ calibration: { ...calibration, n: 9 } });
  expect(doubts(enough)).toEqual([]);
  expect(doubts(enough, [first, first, first, first, first])[0]).toMatch(/5 images, 1 of them different, alone/);
  expect(doubts(enough, [first, second])).toEqual([
    'bright: 3 of 5 training images have nothing in them under its plan.',
    'bright: familiar images are known by 2 images alone; its verdicts will mistrust most.',
  ]);
  expect(doubts((task) => ({ ...enough(task), cases: { ...task.cases, calibration: 6 } }))).toEqual([
    expect.stringMatching(/^bright: 2 of 6 calibration images are copies/),
  ]);
});
