/** Strange is not wrong: whether scores rank cases by quality, and how far the model's own estimate of Dice is off. */
import type { Summary } from '../evaluation/summary.js';
import { detectorName } from './detector-names.js';
import { escapeHtml, figure, renderTable } from './html.js';

export function renderRanking(summary: Summary): string {
  const tasks = Object.keys(summary.tasks).filter((task) => summary.tasks[task].n > 0);
  if (tasks.length === 0) return '';
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
        return [task === 'all' ? 'Mean of tasks' : escapeHtml(task), String(n), ...cells];
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
      task === 'all' ? 'All tasks' : escapeHtml(task),
      String(meanAbsoluteError.n),
      figure(meanAbsoluteError, 3, meanAbsoluteError.n),
      figure(baseline, 3, meanAbsoluteError.n),
    ]),
  });
  return `<h2>Knowing when a mask is poor</h2>
<p>A familiar image can still be segmented badly. These figures say how near the model’s own estimate of its Dice comes
without seeing a reference, and whether a score puts the worst cases of a task first.</p>
${estimate}
${ranking('Spearman correlation of scores with 1 − Dice within tasks. 1 is perfect, 0 is chance.', 'spearman', 2)}
${ranking('Excess AURC: the risk that is left above that of a perfect ranking. 0 is perfect.', 'excessAurc', 3)}
<p class="small">Intervals: 95 %, bootstrap over groups.</p>`;
}
