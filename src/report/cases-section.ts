/** Every case by itself: pictures, then a table of figures with the worst first; and images of OOD sets one by one. */
import type { CaseResult, FailedCase, OodResult } from '../evaluation/case-result.js';
import type { Summary } from '../evaluation/summary.js';
import { heading } from './contents.js';
import { renderGallery, verdictWord } from './gallery.js';
import { type Html, html, nothing, number, renderMeanings, renderTable, shorten } from './html.js';

/** Rows of a table; all cases are in `cases.csv`. */
const maximumRows = 2000;
/** Characters of a message in a row. */
const messageLength = 200;

/** Labelled cases, worst first. */
export function renderCases(summary: Summary, cases: readonly CaseResult[], failed: readonly FailedCase[]): Html {
  if (cases.length + failed.length === 0) return nothing;
  return html`${heading('cases')}
<p>The worst of each task first. The picture is the axial slice where the masks are largest, seen from the feet, cut to
their surroundings: the outline of the <span class="key reference"></span>reference is blue and drawn through, that of the
<span class="key prediction"></span>prediction orange and dashed; of several structures both are in the structure’s colour. A second picture shows the calibrated probability of
foreground in orange.</p>
${renderGallery(summary, cases, failed)}
${labelledTable(summary, cases, failed)}
${renderMeanings([
  [
    'Dice',
    'The overlap of two masks, from 0 (none) to 1 (identical). If both masks are empty it is 1, if only one is it is 0.',
  ],
  [
    'Estimated Dice',
    'The Dice that the probabilities promise, made without the reference. It is given only for images in distribution ' +
      'whose prediction is not empty.',
  ],
  [
    'p-value and verdict',
    'The p-value is the share of calibration images with an OOD score at least as high as this one; at most alpha means flagged. ' +
      'In distribution is not the same as right: such an image can be segmented badly, and one out of distribution well.',
  ],
])}`;
}

function labelledTable({ settings }: Summary, cases: readonly CaseResult[], failed: readonly FailedCase[]): Html {
  const placeholder = new Set(settings.placeholderSpacing);
  const inMm = (c: CaseResult, text: string) =>
    placeholder.has(c.task) ? html`<span class="none">(${text})</span>` : text;
  const brackets = placeholder.size > 0 ? ' Figures in brackets rest on a placeholder spacing.' : '';
  return renderTable({
    className: 'dense',
    caption: `Test cases, worst first.${brackets}${cutText(cases.length + failed.length)}`,
    columns: [
      { title: 'Case', kind: 'text' },
      { title: 'Task', kind: 'text' },
      { title: 'Dice', kind: 'number' },
      { title: 'Est. Dice', kind: 'number', explanation: 'The Dice that the model expects, without the reference' },
      { title: 'HD95, mm', kind: 'number', explanation: '95th percentile Hausdorff distance' },
      { title: 'ASSD, mm', kind: 'number', explanation: 'Average symmetric surface distance' },
      { title: 'NSD', kind: 'number', explanation: 'Normalised surface Dice' },
      { title: 'Ref., ml', kind: 'number', explanation: 'Volume of the reference' },
      { title: 'Pred., ml', kind: 'number', explanation: 'Volume of the prediction' },
      { title: 'ECE', kind: 'number', explanation: 'Around the organ, after temperature scaling' },
      { title: 'p', kind: 'number', explanation: 'Conformal p-value: small means out of distribution' },
      { title: 'Verdict', kind: 'text' },
    ],
    rows: [
      ...failed.map((c) => [
        c.case,
        c.task,
        ...Array<string>(9).fill('–'),
        html`<span class="flag">failed</span>: ${shorten(c.error.message, messageLength)}`,
      ]),
      ...[...cases]
        .sort((a, b) => a.dice - b.dice)
        .map((c) => [
          c.case,
          c.task,
          number(c.dice, 3),
          number(c.estimatedDice, 2),
          inMm(c, number(c.hd95Mm, 1)),
          inMm(c, number(c.assdMm, 2)),
          inMm(c, number(c.nsd, 3)),
          inMm(c, number(c.referenceMl, 1)),
          inMm(c, number(c.predictedMl, 1)),
          number(c.calibration.after.region.ece, 3),
          number(c.verdict.ood.pValue, 3),
          verdictWord(c.verdict.verdict),
        ]),
    ].slice(0, maximumRows),
  });
}

/** Images of OOD sets, those that were let through first. */
export function renderOodImages(images: readonly OodResult[]): Html {
  if (images.length === 0) return nothing;
  // Those that were not run come first.
  const pValue = (c: OodResult) => c.verdict?.ood.pValue ?? 2;
  return renderTable({
    className: 'dense',
    caption: `Images of OOD sets, those of the largest p-value first.${cutText(images.length)}`,
    columns: [
      { title: 'Image', kind: 'text' },
      { title: 'Set', kind: 'text' },
      {
        title: 'Score',
        kind: 'number',
        explanation: 'Of the default detector; higher is further from the training images',
      },
      { title: 'p', kind: 'number', explanation: 'Conformal p-value: small means out of distribution' },
      { title: 'Nearest task', kind: 'text' },
      { title: 'Verdict', kind: 'text' },
    ],
    rows: [...images]
      .sort((a, b) => pValue(b) - pValue(a))
      .slice(0, maximumRows)
      .map((c) => [
        c.case,
        c.set,
        c.verdict ? number(c.scores[c.verdict.ood.detector], 2) : '–',
        c.verdict ? number(c.verdict.ood.pValue, 3) : '–',
        c.verdict?.ood.nearestTask ?? '–',
        c.verdict
          ? verdictWord(c.verdict.verdict)
          : `not run: ${shorten(c.error?.message ?? 'unknown reason', messageLength)}`,
      ]),
  });
}

function cutText(n: number): string {
  return n > maximumRows ? ` The first ${maximumRows} of ${n}; all are in cases.csv.` : '';
}
