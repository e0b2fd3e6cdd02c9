/** An evaluation in a few lines: is the mask right, is the probability honest, are out-of-distribution images detected. */
import type { DetectorSummary, Summary } from '../evaluation/summary.js';
import { detectorName } from '../report/detector-names.js';
import { absent, fixed, intervalText, plainText, tableText } from './text.js';

/** Tables of accuracy and calibration, of detection where OOD sets were given, and of false alarms. */
export function summaryText(summary: Summary, options: { readonly indent?: string } = {}): string {
  const indent = options.indent ?? '';
  return [
    accuracyTable(summary, indent),
    structuresTable(summary, indent),
    detectionTable(summary, indent),
    falseAlarmsTable(summary, indent),
  ]
    .filter((table) => table !== '')
    .join('\n\n');
}

function accuracyTable({ tasks }: Summary, indent: string): string {
  const rows = Object.entries(tasks).map(([name, task]) => {
    const { before, after } = task.calibration;
    return [
      plainText(name),
      String(task.n),
      intervalText(task.dice, 3),
      `${fixed(before.eceRoi.mean, 3)} -> ${fixed(after.eceRoi.mean, 3)}`,
      fixed(task.temperature, 2),
      ...(task.failed > 0 ? [`${task.failed} failed`] : []),
    ];
  });
  return tableText(rows, {
    heading: ['task', 'n', 'Dice (95 % interval)', 'ECE near the organ', 'temperature'],
    alignRight: [1, 4],
    indent,
  });
}

/** Of tasks of several structures. */
function structuresTable({ tasks }: Summary, indent: string): string {
  const rows = Object.entries(tasks).flatMap(([task, { structures, confusions }]) =>
    Object.entries(structures).map(([name, { dice, notAnnotated }]) => {
      const worst = confusions.find(({ structure }) => structure === name);
      return [
        ...[plainText(task), plainText(name), intervalText(dice, 3), String(notAnnotated)],
        worst ? `${fixed(100 * worst.share, 1)} % ${plainText(worst.calledOther)}` : absent,
      ];
    }),
  );
  if (rows.length === 0) return '';
  const heading = ['task', 'structure', 'Dice (95 % interval)', 'not annotated', 'at most called'];
  return tableText(rows, { heading, alignRight: [3], indent });
}

/** The default detector, and prediction uncertainty beside it: what the default must beat. */
function detectionTable({ ood, settings }: Summary, indent: string): string {
  const shown = [ood.default, ...(ood.default === 'entropy' ? [] : ['entropy'])];
  const rows = shown.flatMap((detector) => {
    const all: DetectorSummary | undefined = ood.detectors[detector]?.all;
    if (!all || all.n === 0) return [];
    const { auroc, fpr95, detectedAtAlpha, n } = all;
    const detected = detectedAtAlpha === null ? absent : `${Math.round(detectedAtAlpha * n)} of ${n}`;
    return [[plainText(detectorName(detector)), intervalText(auroc, 3), fixed(fpr95.mean, 3), detected]];
  });
  if (rows.length === 0) return '';
  const heading = [
    'out-of-distribution images',
    'AUROC (95 % interval)',
    'FPR at 95 % TPR',
    `flagged at alpha ${settings.alpha}`,
  ];
  return tableText(rows, { heading, indent });
}

function falseAlarmsTable({ ood, settings }: Summary, indent: string): string {
  const rows = ood.falseAlarms
    .filter(({ alpha }) => alpha === settings.alpha)
    .map(({ task, n, alarms, expectedRange }) => [
      task === 'pooled' ? 'all tasks' : plainText(task),
      `${alarms} of ${n}`,
      expectedRange ? `${expectedRange[0]} to ${expectedRange[1]}` : absent,
    ]);
  if (rows.length === 0) return '';
  return tableText(rows, { heading: [`false alarms at alpha ${settings.alpha}`, 'found', 'expected'], indent });
}
