/** Whether probabilities are honest: errors before and after temperature scaling, and reliability diagrams. */
import type { CalibrationSummary, Summary } from '../evaluation/summary.js';
import { heading } from './contents.js';
import { figure, type Html, html, join, nothing, number, renderMeanings, renderTable } from './html.js';
import { renderBinTable, renderReliabilityDiagram } from './reliability-diagram.js';

type Measure = 'ece' | 'ace' | 'mce' | 'nll' | 'brier';

export function renderCalibration(summary: Summary): Html {
  const { bins } = summary.settings;
  if (bins === null) return nothing;
  const diagrams = Object.entries(summary.tasks)
    .filter(([, task]) => task.n > 0)
    .map(([name, { reliability }]) =>
      renderReliabilityDiagram(reliability.before.region, reliability.after.region, name),
    );
  const binTables = Object.entries(summary.tasks)
    .filter(([, task]) => task.n > 0)
    .map(([name, { reliability }]) => renderBinTable(reliability.before.region, reliability.after.region, name));
  return html`${heading('calibration')}
<p>Of the voxels that are given a probability of 80 %, four in five should belong to the organ. Temperature scaling divides
the network’s output by one number T per task, fitted on other cases; it changes probabilities and never the mask. All
binned figures use ${bins} equal-width bins over the foreground probability.</p>
${errorTable(summary, 'region', 'Around the organ: the reference or the prediction, dilated by 3 voxels')}
<figure><div class="diagrams">${join(diagrams, '\n')}</div>
<figcaption>Observed share of foreground against predicted probability around the organ, voxels of all test cases pooled,
${bins} bins; on the dashed line, probabilities are honest. Hollow and grey: before scaling. Filled and coloured: after.
Beneath, the number of voxels in each bin on a logarithmic axis.</figcaption></figure>
<details><summary>The diagrams as tables, with counts</summary>
${join(binTables, '\n')}
</details>
${renderMeanings([
  [
    'ECE',
    'Expected calibration error: the gap between stated probability and observed frequency, averaged over bins by their ' +
      'number of voxels. 0 is perfect, 0.05 means being off by five percentage points.',
  ],
  [
    'ECE, pooled',
    'The same from the voxels of all cases together, as in the diagrams. Errors of opposite sign in different cases ' +
      'cancel there, so that it is mostly smaller.',
  ],
  [
    'ACE and MCE',
    'The same gap with every bin counting alike, and in the worst bin. Both rest on bins with few voxels more than ECE does.',
  ],
  [
    'NLL and Brier',
    'Negative log likelihood and mean squared error of the probability of each voxel; smaller is better. They also ' +
      'reward being sure where it is right, so that they fall with better masks too.',
  ],
])}
${errorTable(summary, 'all', 'All voxels: the easy background far from the organ flatters these')}`;
}

function errorTable(summary: Summary, where: 'region' | 'all', title: string): Html {
  const pick = (s: CalibrationSummary, measure: Measure) => (where === 'all' ? s[measure] : s[`${measure}Roi`]);
  const pooled = (s: CalibrationSummary) => (where === 'all' ? s.pooledEce : s.pooledEceRoi);
  return renderTable({
    className: 'paired',
    caption: `${title}. Means over cases with 95 % intervals, ${summary.settings.bins} bins.`,
    columns: [
      { title: 'Task', kind: 'text' },
      { title: 'Scaling', kind: 'text' },
      { title: 'n', kind: 'number', explanation: 'Number of test cases' },
      { title: 'ECE', kind: 'number', explanation: 'Expected calibration error, bins weighted by their voxels' },
      { title: 'ECE, pooled', kind: 'number', explanation: 'Expected calibration error of the voxels of all cases' },
      { title: 'ACE', kind: 'number', explanation: 'Average calibration error: unweighted mean over bins' },
      { title: 'MCE', kind: 'number', explanation: 'Maximum calibration error over bins' },
      { title: 'NLL', kind: 'number', explanation: 'Negative log likelihood, nats per voxel' },
      { title: 'Brier', kind: 'number', explanation: 'Mean squared error of the probability' },
    ],
    rows: Object.entries(summary.tasks).flatMap(([name, task]) =>
      (['before', 'after'] as const).map((when) => {
        const s = task.calibration[when];
        return [
          when === 'before' ? name : html`<span class="repeat">${name}</span>`,
          when === 'before' ? 'before' : `after, T = ${number(task.temperature, 2)}`,
          String(task.n),
          figure(pick(s, 'ece'), 3, task.n),
          figure(pooled(s), 3, task.n),
          figure(pick(s, 'ace'), 3, task.n),
          figure(pick(s, 'mce'), 3, task.n),
          figure(pick(s, 'nll'), 3, task.n),
          figure(pick(s, 'brier'), 3, task.n),
        ];
      }),
    ),
  });
}
