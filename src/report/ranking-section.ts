/** Strange is not wrong: whether scores rank cases by quality, and how far the model's own estimate of Dice is off. */
import type { Summary } from '../evaluation/summary.js';
import { detectorName } from './detector-names.js';
import { escapeHtml, figure, renderTable } from './html.js';

export function renderRanking(summary: Summary): string {
  const tasks = Object.keys(summary.tasks).filter((task) => summary.tasks[task].n > 0);
  if (tasks.length === 0) return '';
  const total = tasks.reduce((sum, task) => sum + summary.tasks[task].n, 0);
  const columns = [...tasks, 'all'];
  const nOf = (task: string) => (task === 'all' ? total : summary.tasks[task].n);
  const ranking = renderTable({
    caption:
      'Spearman correlation of each score with 1 − Dice within tasks (1 is perfect, 0 is chance) and, under “excess AURC”, ' +
      'the risk it leaves above that of a perfect ranking (0 is perfect). 95 % intervals.',
    columns: [
      { title: 'Score', kind: 'text' },
      { title: 'Measure', kind: 'text' },
      ...columns.map((task) => ({
        title: `${task === 'all' ? 'Mean of tasks' : task}, n = ${nOf(task)}`,
        kind: 'number' as const,
      })),
    ],
    rows: Object.entries(summary.failureRanking).flatMap(([score, byTask]) =>
      (['spearman', 'excessAurc'] as const).map((measure) => [
        escapeHtml(detectorName(score)),
        measure === 'spearman' ? 'Spearman' : 'excess AURC',
        ...columns.map((task) => figure(byTask[task][measure], measure === 'spearman' ? 2 : 3, nOf(task))),
      ]),
    ),
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
  return (
    `<h2>Knowing when a mask is poor</h2>\n<p>A familiar image can still be segmented badly. These figures say whether a ` +
    `score puts the worst cases of a task first, and how near the model’s own estimate of its Dice comes without seeing ` +
    `a reference.</p>\n${estimate}\n${ranking}`
  );
}
