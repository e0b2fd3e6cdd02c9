/** Out of distribution is not wrong: whether scores rank cases by quality, and how far the model's own estimate of Dice is off. */
import type { Summary } from '../evaluation/summary.js';
import { heading } from './contents.js';
import { detectorName } from './detector-names.js';
import { figure, type Html, html, nothing, renderMeanings, renderTable } from './html.js';

export function renderRanking(summary: Summary): Html {
  const tasks = Object.keys(summary.tasks).filter((task) => summary.tasks[task].n > 0);
  if (tasks.length === 0) return nothing;
  const total = tasks.reduce((sum, task) => sum + summary.tasks[task].n, 0);
  const scores = Object.keys(summary.failureRanking);
  const ranking = (caption: string, measure: 'spearman' | 'excessAurc', decimals: number) =>
    renderTable({
      caption,
      columns: [
        { title: 'Task', kind: 'text' },
        { title: 'n', kind: 'number', explanation: 'Number of test cases' },
        ...scores.map((score) => ({ title: detectorName(score), kind: 'number' as const })),
      ],
      rows: [...tasks, 'all'].map((task) => {
        const n = task === 'all' ? total : summary.tasks[task].n;
        const cells = scores.map((score) => figure(summary.failureRanking[score][task][measure], decimals, n));
        return [task === 'all' ? 'Mean of tasks' : task, String(n), ...cells];
      }),
    });
  const estimate = renderTable({
    caption: 'Mean absolute error of the Dice that the model expects of itself, 95 % intervals.',
    columns: [
      { title: 'Task', kind: 'text' },
      { title: 'n', kind: 'number', explanation: 'Cases that have an estimate' },
      { title: 'Estimated Dice', kind: 'number' },
      { title: 'Baseline', kind: 'number', explanation: 'Always the task’s mean Dice on its calibration images' },
    ],
    rows: Object.entries(summary.estimatedDice).map(([task, { meanAbsoluteError, baseline }]) => [
      task === 'all' ? 'All tasks' : task,
      String(meanAbsoluteError.n),
      figure(meanAbsoluteError, 3, meanAbsoluteError.n),
      figure(baseline, 3, meanAbsoluteError.n),
    ]),
  });
  return html`${heading('ranking')}
<p>An image in distribution can still be segmented badly. These figures say how near the model’s own estimate of its Dice comes
without seeing a reference, and whether a score puts the worst cases of a task first.</p>
${estimate}
${ranking('Spearman correlation of scores with 1 − Dice within tasks. 1 is perfect, 0 is chance.', 'spearman', 2)}
${ranking('Excess AURC: the risk that is left above that of a perfect ranking. 0 is perfect.', 'excessAurc', 3)}
${renderMeanings([
  [
    'Estimated Dice',
    'Mean absolute difference between the Dice that the probabilities promise and the true one. The baseline always ' +
      'states the task’s mean Dice on its calibration images; an estimate that is no better is of no use.',
  ],
  [
    'Spearman',
    'Rank correlation between a score and 1 − Dice within a task: 1 if a higher score always means a worse mask. Near 0, the score ' +
      'cannot be used to pick the cases to check.',
  ],
  [
    'Excess AURC',
    'Mean 1 − Dice of the cases kept, over all shares kept, as those of the highest score are discarded first; that of a perfect ' +
      'ranking subtracted. It is in units of Dice, and comparable only within a task.',
  ],
])}
<p class="small">Intervals: 95 %, bootstrap over groups; n counts images.</p>`;
}
