/** Time to accuracy as tables and a plot. `curves` are by side, Candor's first. */
import { panels } from '../plot.mjs';
import { formatRatio, formatSeconds, formatSummary } from '../results.mjs';
import { best, reach } from './targets.mjs';

const RATIO = 'Candor over it';

/** Seconds until each target and until all of them, with the ratio where both sides got there. */
export function timeTable({ curves, targets, cases }) {
  const names = Object.keys(curves);
  const reached = Object.fromEntries(names.map((name) => [name, reach(curves[name], targets)]));
  const row = (label, n, pointOf, otherwise) => {
    const points = names.map((name) => pointOf(reached[name]));
    return [
      label,
      n,
      ...points.map((point, i) =>
        point ? `${formatSeconds(point.seconds)} (step ${point.step})` : otherwise(curves[names[i]]),
      ),
      ...(points.length > 1 ? [points.includes(null) ? '' : (points[0].seconds / points[1].seconds).toFixed(2)] : []),
    ];
  };
  const never = (task) => (curve) => {
    const { dice, step } = best(curve, (point) => point.dice[task]);
    return `not reached by step ${curve.at(-1).step}; best ${dice.toFixed(3)} (step ${step})`;
  };
  const total = Object.keys(targets).reduce((sum, task) => sum + cases[task], 0);
  return {
    reached,
    table: {
      caption: 'Training until the held-out mean Dice of a task first reaches its target.',
      columns: ['target', 'held-out cases', ...names, ...(names.length > 1 ? [RATIO] : [])],
      rows: [
        ...Object.entries(targets).map(([task, dice]) =>
          row(`${task} ${dice}`, cases[task], ({ byTask }) => byTask[task], never(task)),
        ),
        row(
          'all of them, each at least once',
          total,
          ({ all }) => all,
          () => 'not reached',
        ),
      ],
    },
  };
}

/** The best Dice of each task, so that a loss of it would be seen. */
export function bestTable({ curves, cases }) {
  const names = Object.keys(curves);
  const total = Object.values(cases).reduce((a, b) => a + b, 0);
  const row = (label, n, diceOf) => {
    const found = names.map((name) => best(curves[name], diceOf));
    return [
      label,
      n,
      ...found.map(({ dice, step }) => `${dice.toFixed(3)} (step ${step})`),
      ...(found.length > 1 ? [signed(found[0].dice - found[1].dice)] : []),
    ];
  };
  return {
    caption: 'Best held-out mean Dice of all validations.',
    columns: ['task', 'held-out cases', ...names, ...(names.length > 1 ? ['Candor less it'] : [])],
    rows: [
      ...Object.keys(cases).map((task) => row(task, cases[task], ({ dice }) => dice[task])),
      row('mean over tasks', total, ({ mean }) => mean),
    ],
  };
}

const signed = (value) => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`;

/** Seconds per scan, medians with quartiles, and the Dice of the masks that were made in them. */
export function scanTable({ scans, cases, names, repeats }) {
  return {
    caption: `From prepared image to mask on the plan's grid: medians over cases and ${repeats} repeats, sides in turn.`,
    columns: [
      'scan of',
      'cases',
      ...names,
      ...(names.length > 1 ? [RATIO] : []),
      ...names.map((name) => `Dice, ${name}`),
    ],
    rows: Object.entries(scans).map(([task, { seconds, dice, ratio }]) => [
      task,
      cases[task],
      ...names.map((name) => formatSummary(seconds[name])),
      ...(ratio ? [formatRatio(ratio)] : []),
      ...names.map((name) => dice[name].toFixed(3)),
    ]),
  };
}

/** Dice against seconds: a panel a task, its target dashed, and one of the mean. */
export function dicePlot({ curves, targets, cases }) {
  const last = Math.max(...Object.values(curves).map((curve) => curve.at(-1).seconds));
  const one = (title, diceOf, target) => ({
    title,
    x: 'seconds of training',
    y: 'mean Dice of held-out cases',
    series: [
      ...Object.entries(curves).map(([name, curve]) => ({
        name,
        points: curve.map((point) => [point.seconds, diceOf(point)]),
      })),
      ...(target === undefined
        ? []
        : [{ name: `target ${target}`, points: [], line: [0, last].map((x) => [x, target]) }]),
    ],
  });
  return panels([
    ...Object.keys(cases).map((task) => one(task, ({ dice }) => dice[task], targets[task])),
    one('Mean over tasks', ({ mean }) => mean),
  ]);
}
