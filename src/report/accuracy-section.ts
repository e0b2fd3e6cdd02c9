/** How well the masks match the references: a table of means by task, and every case as a dot. */
import type { CaseResult } from '../evaluation/case-result.js';
import type { Summary } from '../evaluation/summary.js';
import { median } from '../math/statistics.js';
import { heading } from './contents.js';
import { type Html, html, number, renderMeanings, renderTable } from './html.js';
import { measureCells, measureColumns } from './measure-columns.js';
import { renderScorePlot } from './score-plot.js';

export function renderAccuracy(summary: Summary, cases: readonly CaseResult[]): Html {
  const { nsdToleranceMm: tolerance, placeholderSpacing, resamples, seed } = summary.settings;
  const marked = (name: string, cell: Html) =>
    placeholderSpacing.includes(name) ? html`${cell}<span class="range flag">placeholder spacing</span>` : cell;
  const table = renderTable({
    caption: 'Means over test cases with 95 % intervals (bootstrap over groups).',
    columns: [
      { title: 'Task', kind: 'text' },
      { title: 'n', kind: 'number', explanation: 'Number of test cases' },
      ...measureColumns(tolerance),
    ],
    rows: Object.entries(summary.tasks).map(([name, t]) => [
      name,
      t.failed === 0 ? String(t.n) : html`${t.n}<span class="range flag">and ${t.failed} failed</span>`,
      // All but the Dice are in mm or ml.
      ...measureCells(t, t.n).map((cell, i) => (i === 0 ? cell : marked(name, cell))),
    ]),
  });
  const meanings = renderMeanings([
    [
      'Dice',
      'Overlap of predicted and reference mask, 0 to 1. Small or thin organs get lower values for the same error in mm.',
    ],
    [
      'HD95 and ASSD',
      'Distances in mm between the surfaces of the two masks: their 95th percentile, and their mean. Both are undefined ' +
        'where exactly one mask is empty; such cases are missing from the n given there.',
    ],
    [
      'NSD',
      'The share of both surfaces that lies within the stated tolerance of the other, 0 to 1. It is 0 where exactly one ' +
        'mask is empty.',
    ],
    [
      'Volume error',
      'Predicted minus reference volume: negative where the model draws too little. Errors of both signs cancel in the mean.',
    ],
    [
      'Intervals and n',
      `95 % percentile bootstrap over groups (all images of one patient or source together), ${resamples} resamples, seed ` +
        `${seed}; n counts images. Intervals cover the choice of test cases, not that of training data or of training seeds.`,
    ],
  ]);
  if (cases.length === 0)
    return html`${heading('accuracy')}
${table}
${meanings}`;
  const rows = Object.keys(summary.tasks).map((task) => {
    const own = cases.filter((c) => c.task === task);
    return {
      label: task,
      points: own.map((c) => ({
        name: c.case,
        value: c.dice,
        marked: c.verdict.verdict === 'out-of-distribution',
      })),
      note: own.length > 0 ? `median ${number(median(own.map((c) => c.dice)), 2)}` : '',
    };
  });
  const plot = renderScorePlot({
    sections: [{ title: 'Test cases', rows }],
    axisTitle: 'Dice coefficient',
    description: 'Dice coefficient of every test case, by task.',
    domain: [0, 1],
  });
  return html`${heading('accuracy')}
<p>How far the model’s masks agree with those drawn by people, on average. An empty prediction counts as a failure, not as
a gap; cases that could not be run are in no mean, but counted beside n.</p>
${table}
${meanings}
<figure>${plot}<figcaption>Dice of every test case; the upright line is the median. Filled dots are cases that the
model itself flagged as out of distribution.</figcaption></figure>`;
}
