/** The main findings in words, made from the figures alone, for readers who will look at nothing else. */
import type { CaseResult, UnlabelledResult } from '../evaluation/case-result.js';
import type { Summary } from '../evaluation/summary.js';
import { detectorName } from './detector-names.js';
import { escapeHtml, figureInWords, list, number, plural } from './html.js';

export interface Findings {
  readonly summary: Summary;
  readonly cases: readonly CaseResult[];
  readonly unlabelled: readonly UnlabelledResult[];
}

/** A definition list: what was asked, what was found. */
export function renderFindings(findings: Findings): string {
  const entries: [string, string][] = [
    ['Are the masks right?', accuracy(findings)],
    ['Are the probabilities honest?', honesty(findings)],
    ['Are unfamiliar images noticed?', detection(findings)],
    ['Are familiar images left alone?', alarms(findings)],
    ['Does the model know how good it is?', selfKnowledge(findings)],
  ];
  const items = entries
    .filter(([, text]) => text !== '')
    .map(([q, text]) => `<div><dt>${q}</dt><dd>${text}</dd></div>`);
  return `<dl class="findings">\n${items.join('\n')}\n</dl>`;
}

function accuracy({ summary, cases }: Findings): string {
  const tasks = Object.entries(summary.tasks)
    .filter(([, t]) => t.dice.mean !== null)
    .sort(([, a], [, b]) => a.dice.mean! - b.dice.mean!);
  if (tasks.length === 0) return '';
  const say = ([name, t]: (typeof tasks)[number]) => `${figureInWords(t.dice, 2)} for ${escapeHtml(name)}`;
  const worst = cases.reduce((a, b) => (b.dice < a.dice ? b : a));
  const range =
    tasks.length === 1
      ? `The mean Dice is ${say(tasks[0])}.`
      : `The mean Dice runs from ${say(tasks[0])} to ${say(tasks[tasks.length - 1])}.`;
  return `${range} The worst single case, ${escapeHtml(worst.case)} of ${escapeHtml(worst.task)}, has ${number(worst.dice, 2)}.`;
}

function honesty({ summary }: Findings): string {
  const tasks = Object.entries(summary.tasks)
    .map(([name, { calibration }]) => ({ name, before: calibration.before.eceRoi, after: calibration.after.eceRoi }))
    .filter(({ before, after }) => before.mean !== null && after.mean !== null);
  if (tasks.length === 0) return '';
  const better = tasks.filter(({ before, after }) => after.mean! < before.mean!).length;
  const worst = tasks.reduce((a, b) => (b.after.mean! > a.after.mean! ? b : a));
  return (
    `Around the organ, temperature scaling made the gap between stated probability and observed frequency (expected ` +
    `calibration error) smaller in ${better} of ${plural(tasks.length, 'task')}. Where it is largest afterwards, ` +
    `${escapeHtml(worst.name)}, it went from ${figureInWords(worst.before, 3)} to ${figureInWords(worst.after, 3)}.`
  );
}

function detection({ summary, unlabelled }: Findings): string {
  const { default: standard, detectors } = summary.ood;
  if (unlabelled.length === 0) return 'Not tested: no set of unfamiliar images was given.';
  const all = detectors[standard]?.all;
  if (!all || all.auroc.mean === null) return '';
  const flagged =
    all.detectedAtAlpha === null
      ? ''
      : `At alpha ${summary.settings.alpha}, ${Math.round(all.detectedAtAlpha * all.n)} of ` +
        `${plural(all.n, 'unfamiliar image')} (${number(100 * all.detectedAtAlpha, 0)} %) were flagged. `;
  const rivals = Object.entries(detectors)
    .filter(([name, sets]) => name !== standard && sets.all?.auroc.mean !== null)
    .map(([name, sets]) => ({ name, auroc: sets.all.auroc }));
  const say = (rival: (typeof rivals)[number]) =>
    `${escapeHtml(detectorName(rival.name).toLowerCase())} ${figureInWords(rival.auroc, 3)}`;
  const beaten = rivals.filter((r) => r.auroc.mean! >= all.auroc.mean!);
  const comparison =
    rivals.length === 0
      ? ''
      : `, against ${list(rivals.map(say))}${beaten.length > 0 ? ', so that it is not the best' : ''}`;
  return `${flagged}The default detector tells them from the test cases with AUROC ${figureInWords(all.auroc, 3)}${comparison}.`;
}

function alarms({ summary }: Findings): string {
  const row = summary.ood.falseAlarms.find((r) => r.task === 'pooled' && r.alpha === summary.settings.alpha);
  if (!row) return '';
  const start = `${plural(row.n, 'familiar test case')} raised ${plural(row.alarms, 'false alarm')} at alpha ${row.alpha}`;
  if (!row.expectedRange) return `${start}.`;
  const [low, high] = row.expectedRange;
  const expected = `${start}; ${low} to ${high} are to be expected.`;
  if (row.alarms > high) {
    return `${expected} That is too many: the test cases differ from those that the detector was calibrated on.`;
  }
  return row.alarms < low ? `${expected} Fewer than that means a cautious detector.` : expected;
}

function selfKnowledge({ summary }: Findings): string {
  const all = summary.estimatedDice.all;
  if (!all || all.meanAbsoluteError.mean === null) return '';
  const start = `The Dice that the model expects of itself, without a reference, is off by ${figureInWords(all.meanAbsoluteError, 3)} on average`;
  if (all.baseline.mean === null) return `${start}.`;
  const verdict = all.meanAbsoluteError.mean < all.baseline.mean ? 'better than' : 'no better than';
  return `${start}: ${verdict} always stating the task’s usual Dice, which is off by ${figureInWords(all.baseline, 3)}.`;
}
