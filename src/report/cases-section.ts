/** Every case by itself: pictures of the best, the median and the worst of each task, and tables with the worst first. */
import type { CaseResult, UnlabelledResult } from '../evaluation/case-result.js';
import { predictionColour, referenceColour, renderCasePicture } from './case-picture.js';
import { escapeHtml, number, plural, renderTable } from './html.js';

/** Characters of pictures that leave room for tables and figures in a file of 5 MB. */
const pictureBudget = 3_200_000;
/** Rows of a table; all cases are in `cases.csv`. */
const maximumRows = 2000;

const verdictWords = {
  'in-distribution': 'familiar',
  'out-of-distribution': 'flagged',
  undetermined: 'undetermined',
} as const;

/** Worst, median and best case of each task, as far as they have pictures and the file stays small. */
export function renderPictures(cases: readonly CaseResult[]): string {
  const tasks = [...new Set(cases.map((c) => c.task))];
  const chosen = tasks.map((task) => ({ task, figures: [] as string[], cases: chooseCases(cases, task) }));
  let room = pictureBudget;
  let left = 0;
  // The worst of every task before the others of any.
  for (let rank = 0; rank < 3; rank++) {
    for (const { cases: ranked, figures } of chosen) {
      if (!ranked[rank]) continue;
      const figure = room > 0 ? renderFigure(ranked[rank].title, ranked[rank].result) : '';
      room -= figure.length;
      if (room > 0) figures.push(figure);
      else left++;
    }
  }
  const sections = chosen.map(({ task, figures }) =>
    figures.length === 0 ? '' : `<h3>${escapeHtml(task)}</h3>\n<div class="pictures">${figures.join('\n')}</div>`,
  );
  if (sections.join('') === '') return '';
  const note = left === 0 ? '' : `<p class="small">${plural(left, 'picture')} left out to keep this file small.</p>`;
  return `<h2>Pictures</h2>
<p>The axial slice where the organ is largest, seen from the feet. Left, the outlines of the
<span class="key" style="border-color:${referenceColour}"></span>reference and the
<span class="key" style="border-color:${predictionColour}"></span>prediction; right, the calibrated probability of
foreground, in orange.</p>
${sections.join('\n')}
${note}`;
}

/** Chosen among all cases of a task, then kept if they have a picture. */
function chooseCases(cases: readonly CaseResult[], task: string): { title: string; result: CaseResult }[] {
  const sorted = cases.filter((c) => c.task === task).sort((a, b) => a.dice - b.dice);
  const chosen = new Map<CaseResult, string>([[sorted[0], sorted.length === 1 ? 'Only case' : 'Worst']]);
  if (sorted.length > 2) chosen.set(sorted[Math.floor(sorted.length / 2)], 'Median');
  if (sorted.length > 1) chosen.set(sorted[sorted.length - 1], 'Best');
  return [...chosen].filter(([result]) => result.picture).map(([result, title]) => ({ title, result }));
}

function renderFigure(title: string, c: CaseResult): string {
  const description = `${title} case of ${c.task}, ${c.case}: axial slice with outlines, Dice ${number(c.dice, 2)}`;
  const details = [
    c.hd95Mm === null ? 'HD95 undefined' : `HD95 ${number(c.hd95Mm, 1)} mm`,
    c.estimatedDice === null ? 'no estimated Dice' : `estimated Dice ${number(c.estimatedDice, 2)}`,
    verdictWords[c.verdict.verdict],
  ];
  return (
    `<figure><div class="pair">${renderCasePicture(c.picture!, description)}</div>` +
    `<figcaption><b>${title}: Dice ${number(c.dice, 2)}</b> · ${escapeHtml(c.case)}` +
    `<span class="range">${details.join(' · ')}</span></figcaption></figure>`
  );
}

/** Labelled cases by Dice, worst first; then images without a reference, those that were let through first. */
export function renderCases(cases: readonly CaseResult[], unlabelled: readonly UnlabelledResult[]): string {
  return `<h2>Every case</h2>\n${labelledTable(cases)}\n${unlabelledTable(unlabelled)}`;
}

function labelledTable(cases: readonly CaseResult[]): string {
  if (cases.length === 0) return '';
  return renderTable({
    className: 'dense',
    caption: `Test cases, worst first.${cutText(cases.length)}`,
    columns: [
      { title: 'Case', kind: 'text' },
      { title: 'Task', kind: 'text' },
      { title: 'Dice', kind: 'number' },
      { title: 'Est. Dice', kind: 'number', explanation: 'The Dice that the model expects, without the reference' },
      { title: 'HD95, mm', kind: 'number' },
      { title: 'ASSD, mm', kind: 'number' },
      { title: 'NSD', kind: 'number' },
      { title: 'Ref., ml', kind: 'number', explanation: 'Volume of the reference' },
      { title: 'Pred., ml', kind: 'number', explanation: 'Volume of the prediction' },
      { title: 'ECE', kind: 'number', explanation: 'Around the organ, after temperature scaling' },
      { title: 'p', kind: 'number', explanation: 'Conformal p-value: small is strange' },
      { title: 'Verdict', kind: 'text' },
    ],
    rows: [...cases]
      .sort((a, b) => a.dice - b.dice)
      .slice(0, maximumRows)
      .map((c) => [
        escapeHtml(c.case),
        escapeHtml(c.task),
        number(c.dice, 3),
        number(c.estimatedDice, 2),
        number(c.hd95Mm, 1),
        number(c.assdMm, 2),
        number(c.nsd, 3),
        number(c.referenceMl, 1),
        number(c.predictedMl, 1),
        number(c.calibration.after.region.ece, 3),
        number(c.verdict.ood.pValue, 3),
        verdictCell(c.verdict.verdict),
      ]),
  });
}

function unlabelledTable(images: readonly UnlabelledResult[]): string {
  if (images.length === 0) return '';
  const pValue = (c: UnlabelledResult) => c.verdict?.ood.pValue ?? Number.POSITIVE_INFINITY;
  return renderTable({
    className: 'dense',
    caption: `Unfamiliar images, the least suspected first.${cutText(images.length)}`,
    columns: [
      { title: 'Image', kind: 'text' },
      { title: 'Set', kind: 'text' },
      { title: 'Score', kind: 'number' },
      { title: 'p', kind: 'number', explanation: 'Conformal p-value: small is strange' },
      { title: 'Nearest task', kind: 'text' },
      { title: 'Verdict', kind: 'text' },
    ],
    rows: [...images]
      .sort((a, b) => pValue(b) - pValue(a))
      .slice(0, maximumRows)
      .map((c) => [
        escapeHtml(c.case),
        escapeHtml(c.set),
        c.verdict ? number(c.scores[c.verdict.ood.detector], 2) : '–',
        c.verdict ? number(c.verdict.ood.pValue, 3) : '–',
        escapeHtml(c.verdict?.ood.nearestTask ?? '–'),
        c.verdict ? verdictCell(c.verdict.verdict) : `not run: ${escapeHtml(c.error?.message ?? 'unknown reason')}`,
      ]),
  });
}

function verdictCell(verdict: keyof typeof verdictWords): string {
  const words = verdictWords[verdict];
  return verdict === 'out-of-distribution' ? `<span class="flag">${words}</span>` : words;
}

function cutText(n: number): string {
  return n > maximumRows ? ` The first ${maximumRows} of ${n}; all are in cases.csv.` : '';
}
