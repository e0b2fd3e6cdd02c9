/** How well the masks match the references: a table of means by task, and every case as a dot. */
import type { CaseResult } from '../evaluation/case-result.js';
import type { Summary } from '../evaluation/summary.js';
import { median } from '../math/statistics.js';
import { escapeHtml, figure, number, renderTable } from './html.js';
import { renderScorePlot } from './score-plot.js';

export function renderAccuracy(summary: Summary, cases: readonly CaseResult[]): string {
  const tolerance = summary.settings.nsdToleranceMm;
  const table = renderTable({
    caption: 'Means over test cases with 95 % intervals (bootstrap over groups).',
    columns: [
      { title: 'Task', kind: 'text' },
      { title: 'n', kind: 'number', explanation: 'Number of test cases' },
      { title: 'Dice', kind: 'number', explanation: 'Dice coefficient' },
      { title: 'HD95, mm', kind: 'number', explanation: '95th percentile Hausdorff distance' },
      { title: 'ASSD, mm', kind: 'number', explanation: 'Average symmetric surface distance' },
      {
        title: tolerance === null ? 'NSD' : `NSD at ${tolerance} mm`,
        kind: 'number',
        explanation: 'Normalised surface Dice: share of the surface within the tolerance',
      },
      { title: 'Volume error, ml', kind: 'number', explanation: 'Predicted minus reference volume' },
    ],
    rows: Object.entries(summary.tasks).map(([name, t]) => [
      escapeHtml(name),
      t.failed === 0 ? String(t.n) : `${t.n}<span class="range">and ${t.failed} failed</span>`,
      figure(t.dice, 3, t.n),
      figure(t.hd95Mm, 1, t.n),
      figure(t.assdMm, 2, t.n),
      figure(t.nsd, 3, t.n),
      figure(t.volumeErrorMl, 1, t.n),
    ]),
  });
  if (cases.length === 0) return `<h2>Accuracy</h2>\n${table}`;
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
  return (
    `<h2>Accuracy</h2>\n<p>How far the model’s masks agree with those drawn by people, case by case. ` +
    `A missing or empty mask counts as a failure, not as a gap.</p>\n${table}\n` +
    `<figure>${plot}<figcaption>Dice of every test case; the upright line is the median. Filled dots are cases that the ` +
    `model itself flagged as out of distribution.</figcaption></figure>`
  );
}
