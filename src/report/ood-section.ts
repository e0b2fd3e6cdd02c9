/** Whether out-of-distribution images are detected, and at how many false alarms: detectors side by side, scores. */
import type { CaseResult, OodResult } from '../evaluation/case-result.js';
import type { DetectorSummary, Summary } from '../evaluation/summary.js';
import { renderOodImages } from './cases-section.js';
import { heading } from './contents.js';
import { detectorName } from './detector-names.js';
import { figure, type Html, html, join, nothing, number, plural, renderMeanings, renderTable } from './html.js';
import { renderScorePlot, type ScoreRow } from './score-plot.js';

export function renderOod(summary: Summary, cases: readonly CaseResult[], oodImages: readonly OodResult[]): Html {
  const { alpha } = summary.settings;
  return html`${heading('ood')}
<p>An image unlike those that the model was trained on should be recognised as such, whatever its mask looks like. The
default detector is “${detectorName(summary.ood.default)}”; it stands beside prediction uncertainty, the plain
intensity histogram and the other detectors, since a method that does not beat these has shown nothing.</p>
${scorePlot(summary, cases, oodImages)}
${detectorTables(summary)}
<h3>False alarms</h3>
<p>At alpha ${alpha}, at most ${number(100 * alpha, 0)} % of images in distribution are flagged, on average over calibration sets.
One calibration set has a rate of its own; the range says how many alarms that leaves to be expected, in 95 % of cases.</p>
${falseAlarmTable(summary)}
${renderMeanings([
  [
    'Alpha and p-value',
    'An image is flagged if its p-value, the share of calibration images whose OOD score is at least as high, is at most alpha. ' +
      'The bound holds for images from the same source as the calibration images, and says nothing about missed ones.',
  ],
  [
    'Expected range',
    'The number of alarms that the calibration images at hand lead one to expect, 95 % of the time. More than that means ' +
      'that the test cases differ from the calibration cases; fewer, that the detector is cautious.',
  ],
])}
${renderOodImages(oodImages)}`;
}

/** One table a measure: sets down, detectors across. */
function detectorTables(summary: Summary): Html {
  const { detectors, default: standard } = summary.ood;
  const names = Object.keys(detectors).sort((a, b) => Number(b === standard) - Number(a === standard));
  const sets = Object.keys(detectors[names[0]] ?? {});
  if (sets.length === 0) return html`<p>No OOD set was given, so that detection could not be tested.</p>`;
  const table = (caption: string, cell: (s: DetectorSummary, rowN: number) => Html) =>
    renderTable({
      caption,
      columns: [
        { title: 'Set', kind: 'text' },
        { title: 'n', kind: 'number', explanation: 'Images of the set' },
        { title: 'against', kind: 'number', explanation: 'Test cases that they are told from' },
        ...names.map((name) => ({ title: detectorName(name), kind: 'number' as const })),
      ],
      rows: sets.map((set) => {
        const { n, familiar } = detectors[names[0]][set];
        return [
          set === 'all' ? 'All sets' : set,
          String(n),
          String(familiar),
          ...names.map((name) => cell(detectors[name][set], n + familiar)),
        ];
      }),
    });
  const tables = [
    table('AUROC: the chance that an image of the set scores above a test case. 1 is perfect, 0.5 guesses.', (s, n) =>
      figure(s.auroc, 3, n),
    ),
    table('FPR at 95 % TPR: the share of test cases flagged where 95 % of the set are caught. 0 is perfect.', (s, n) =>
      figure(s.fpr95, 3, n),
    ),
    table('AUPR: the area under the precision-recall curve. 1 is perfect.', (s, n) => figure(s.aupr, 3, n)),
    table(
      `Share flagged at alpha ${summary.settings.alpha}. A dash stands where a detector’s threshold was not evaluated.`,
      (s) =>
        s.detectedAtAlpha === null
          ? html`<span class="none">–</span>`
          : html`<span class="mean">${number(s.detectedAtAlpha * 100, 0)} %</span><span class="range">${Math.round(s.detectedAtAlpha * s.n)} of ${s.n}</span>`,
    ),
  ];
  return html`${join(tables, '\n')}
<p class="small">Intervals: 95 %, bootstrap over groups; n counts images.</p>
${renderMeanings([
  [
    'AUROC and AUPR',
    'How well a score tells images of the OOD sets (“positive”) from test cases, whatever the threshold. AUPR also depends on ' +
      'how many of each there are: compare it only within a row.',
  ],
  [
    'FPR at 95 % TPR',
    'The share of test cases that would be flagged if the threshold were set so that 95 % of the images of the set are. ' +
      'With few images it rests on one or two of them.',
  ],
])}`;
}

function falseAlarmTable(summary: Summary): Html {
  const percent = (alarms: number, n: number) => (n > 0 ? `${number((100 * alarms) / n, 1)} %` : '–');
  return renderTable({
    caption: 'Test cases that the default detector flagged, and the number to be expected.',
    columns: [
      { title: 'Test cases of', kind: 'text' },
      { title: 'Alpha', kind: 'number' },
      { title: 'n', kind: 'number', explanation: 'Test cases judged' },
      { title: 'Flagged', kind: 'number' },
      { title: 'Share', kind: 'number' },
      {
        title: 'Expected, 95 % range',
        kind: 'number',
        explanation: 'Beta-binomial range for this many calibration images',
      },
    ],
    rows: summary.ood.falseAlarms.map((row) => {
      const high = row.expectedRange?.[1] ?? Number.POSITIVE_INFINITY;
      return [
        row.task === 'pooled' ? 'all tasks' : row.task,
        String(row.alpha),
        String(row.n),
        row.alarms > high ? html`<span class="flag">${row.alarms}, too many</span>` : String(row.alarms),
        percent(row.alarms, row.n),
        row.expectedRange ? `${row.expectedRange[0]} to ${high}` : '–',
      ];
    }),
  });
}

function scorePlot(summary: Summary, cases: readonly CaseResult[], oodImages: readonly OodResult[]): Html {
  const { default: standard } = summary.ood;
  const all = [...cases, ...oodImages].filter((c) => standard in c.scores);
  if (all.length === 0) return nothing;
  const flagged = (c: CaseResult | OodResult) => c.verdict?.verdict === 'out-of-distribution';
  const row = (name: string, own: readonly (CaseResult | OodResult)[]): ScoreRow => ({
    label: name,
    points: own.map((c) => ({ name: c.case, value: c.scores[standard], marked: flagged(c) })),
    note: `${own.filter(flagged).length} of ${own.length} flagged`,
  });
  const tasks = Object.keys(summary.tasks).map((task) =>
    row(
      task,
      all.filter((c) => 'task' in c && c.task === task),
    ),
  );
  const sets = [...new Set(oodImages.map((c) => c.set))].map((set) =>
    row(
      set,
      all.filter((c) => 'set' in c && c.set === set),
    ),
  );
  const threshold = separatingScore(all.map((c) => ({ score: c.scores[standard], flagged: flagged(c) })));
  const plot = renderScorePlot({
    sections: [{ title: 'Test cases', rows: tasks }, ...(sets.length > 0 ? [{ title: 'OOD sets', rows: sets }] : [])],
    axisTitle: `${detectorName(standard)}: OOD score, higher is further from the training images`,
    description: `Scores of the default detector: ${[...tasks, ...sets].map((r) => `${r.label}, ${r.note}`).join('; ')}.`,
    threshold:
      threshold === null ? null : { value: threshold, text: `flagged beyond (alpha ${summary.settings.alpha})` },
  });
  const noThreshold =
    'No single line parts flagged from unflagged scores, since each task has calibration images of its own. ';
  return html`<figure>${plot}<figcaption>One dot an image, ${plural(all.length, 'image')} in all; filled dots were flagged as
out of distribution at alpha ${summary.settings.alpha}, upright lines are medians. ${threshold === null && noThreshold}Infinite
scores (images that fit no plan) stand at the right end.</figcaption></figure>`;
}

/** Midway between unflagged and flagged scores where one number parts them; null where none does. */
function separatingScore(images: readonly { score: number; flagged: boolean }[]): number | null {
  const lowest = images
    .filter((i) => i.flagged)
    .reduce((least, i) => Math.min(least, i.score), Number.POSITIVE_INFINITY);
  const highest = images
    .filter((i) => !i.flagged)
    .reduce((most, i) => Math.max(most, i.score), Number.NEGATIVE_INFINITY);
  return Number.isFinite(lowest) && Number.isFinite(highest) && highest < lowest ? (highest + lowest) / 2 : null;
}
