/** The main findings in words, made from the figures alone, for readers who will look at nothing else. */
import type { CaseResult, OodResult } from '../evaluation/case-result.js';
import type { Summary } from '../evaluation/summary.js';
import { detectorName } from './detector-names.js';
import { figureInWords, type Html, html, join, list, number, plural } from './html.js';

export interface Findings {
  readonly summary: Summary;
  readonly cases: readonly CaseResult[];
  readonly oodImages: readonly OodResult[];
}

/** A definition list: what was asked, what was found. */
export function renderFindings(findings: Findings): Html {
  const entries: [string, string][] = [
    ['Are the masks right?', accuracy(findings)],
    ['Are the probabilities honest?', honesty(findings)],
    ['Are out-of-distribution images detected?', detection(findings)],
    ['How many false alarms are there?', alarms(findings)],
    ['Does the model know how good it is?', selfKnowledge(findings)],
  ];
  const items = entries
    .filter(([, text]) => text !== '')
    .map(([q, text]) => html`<div><dt>${q}</dt><dd>${text}</dd></div>`);
  return html`<dl class="findings">
${join(items, '\n')}
</dl>`;
}

/** Of two figures that a reader sees as the same number, none is called better. */
function compare(a: number, b: number, decimals: number): number {
  return Math.sign(Number(a.toFixed(decimals)) - Number(b.toFixed(decimals)));
}

function accuracy({ summary, cases }: Findings): string {
  const tasks = Object.entries(summary.tasks)
    .filter(([, t]) => t.dice.mean !== null)
    .sort(([, a], [, b]) => a.dice.mean! - b.dice.mean!);
  if (tasks.length === 0 || cases.length === 0) return '';
  if (cases.length === 1)
    return `The Dice of the only test case, ${cases[0].case} of ${cases[0].task}, is ${number(cases[0].dice, 2)}.`;
  const say = ([name, t]: (typeof tasks)[number]) => `${figureInWords(t.dice, 2)} for ${name}`;
  const [first, last] = [tasks[0], tasks[tasks.length - 1]];
  const alike = compare(first[1].dice.mean!, last[1].dice.mean!, 2) === 0;
  const range = alike
    ? `The mean Dice is ${list(tasks.map(say))}.`
    : `The mean Dice runs from ${say(first)} to ${say(last)}.`;
  const lowest = Math.min(...cases.map((c) => c.dice));
  const worst = cases.filter((c) => compare(c.dice, lowest, 2) === 0);
  const named = `${worst[0].case} of ${worst[0].task}`;
  const single =
    worst.length === 1
      ? `The worst single case, ${named}, has ${number(lowest, 2)}.`
      : worst.length === cases.length
        ? `Every case has ${number(lowest, 2)}.`
        : `The worst ${worst.length} cases, ${named} among them, have ${number(lowest, 2)}.`;
  return `${range} ${single}`;
}

function honesty({ summary }: Findings): string {
  const tasks = Object.entries(summary.tasks)
    .map(([name, { calibration }]) => ({ name, before: calibration.before.eceRoi, after: calibration.after.eceRoi }))
    .filter(({ before, after }) => before.mean !== null && after.mean !== null);
  if (tasks.length === 0) return '';
  const gap = 'the gap between stated probability and observed frequency (expected calibration error)';
  const worst = tasks.reduce((a, b) => (b.after.mean! > a.after.mean! ? b : a));
  const change = `from ${figureInWords(worst.before, 3)} to ${figureInWords(worst.after, 3)}`;
  if (tasks.length === 1) return `Around the organ, temperature scaling took ${gap} ${change}.`;
  const changes = tasks.map(({ before, after }) => compare(after.mean!, before.mean!, 3));
  const better = changes.filter((change) => change < 0).length;
  const same = changes.filter((change) => change === 0).length;
  const unchanged = same === 0 ? '' : ` and left it as it was in ${same}`;
  return (
    `Around the organ, temperature scaling made ${gap} smaller in ${better} of ${tasks.length} tasks${unchanged}. ` +
    `Where it is largest afterwards, ${worst.name}, it went ${change}.`
  );
}

function detection({ summary, oodImages }: Findings): string {
  const { default: standard, detectors } = summary.ood;
  if (oodImages.length === 0) return 'Not tested: no OOD set was given.';
  const all = detectors[standard]?.all;
  if (!all || all.n === 0) return `Not tested: ${plural(oodImages.length, 'image')} of OOD sets could not be run.`;
  const flagged =
    all.detectedAtAlpha === null
      ? ''
      : `At alpha ${summary.settings.alpha}, ${Math.round(all.detectedAtAlpha * all.n)} of ` +
        `${plural(all.n, 'out-of-distribution image')} (${number(100 * all.detectedAtAlpha, 0)} %) ` +
        `${all.n === 1 ? 'was' : 'were'} flagged. `;
  if (all.auroc.mean === null) return `${flagged}There is no test case to tell them from.`;
  const rivals = Object.entries(detectors).flatMap(([name, sets]) =>
    name === standard || sets.all === undefined || sets.all.auroc.mean === null
      ? []
      : [{ name, auroc: sets.all.auroc }],
  );
  const say = (rival: (typeof rivals)[number]) =>
    `${detectorName(rival.name).toLowerCase()} ${figureInWords(rival.auroc, 3)}`;
  const against = rivals.length === 0 ? '' : `, against ${list(rivals.map(say))}${standing(all.auroc.mean, rivals)}`;
  return `${flagged}The default detector tells them from the test cases with AUROC ${figureInWords(all.auroc, 3)}${against}.`;
}

/** How the default detector does beside the others; nothing to say where it is better than all of them. */
function standing(own: number, rivals: readonly { readonly auroc: { readonly mean: number | null } }[]): string {
  const differences = rivals.map(({ auroc }) => compare(auroc.mean!, own, 3));
  if (differences.some((difference) => difference > 0)) return ', so that it is not the best';
  const ties = differences.filter((difference) => difference === 0).length;
  if (ties === 0) return '';
  return ties < rivals.length ? ', so that it shares the first place' : ', so that it is no better than the others';
}

function alarms({ summary, cases }: Findings): string {
  const { alpha } = summary.settings;
  const row = summary.ood.falseAlarms.find((r) => r.task === 'pooled' && r.alpha === alpha);
  if (!row) return cases.length === 0 ? '' : `Not known: the calibration images are too few for alpha ${alpha}.`;
  const start = `${plural(row.n, 'test case')} raised ${plural(row.alarms, 'false alarm')} at alpha ${row.alpha}`;
  if (!row.expectedRange) return `${start}.`;
  const [low, high] = row.expectedRange;
  const expected = `${start} (expected: ${low === high ? low : `${low} to ${high}`}).`;
  if (row.alarms > high) {
    return `${expected} That is too many: the test cases differ from those that the detector was calibrated on.`;
  }
  return row.alarms < low ? `${expected} Fewer than that means a cautious detector.` : expected;
}

function selfKnowledge({ summary }: Findings): string {
  const all = summary.estimatedDice.all;
  if (!all || all.meanAbsoluteError.mean === null) return '';
  const { meanAbsoluteError: error, baseline } = all;
  const average = error.n === 1 ? 'for the one case that has an estimate' : 'on average';
  const start = `The Dice that the model expects of itself, without a reference, is off by ${figureInWords(error, 3)} ${average}`;
  // A baseline of fewer cases is no measure for all of them.
  if (baseline.mean === null || baseline.n !== error.n) return `${start}.`;
  const verdict = compare(error.mean!, baseline.mean, 3) < 0 ? 'better than' : 'no better than';
  return `${start}: ${verdict} always stating the task’s usual Dice, which is off by ${figureInWords(baseline, 3)}.`;
}
