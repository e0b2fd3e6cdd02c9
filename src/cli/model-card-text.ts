/** A model card as a page of text: what the model knows, and how far it may be trusted. */
import type { ModelCard, TaskCard } from '../model/model-card.js';
import type { IntensityPlan, Plan } from '../preprocessing/plan.js';
import { detectorName } from '../report/detector-names.js';
import { durationText, fixed, plainText, plural, tableText } from './text.js';

/** The card; names come from the file and are made harmless. */
export function modelCardText(card: ModelCard): string {
  const sections: readonly (readonly [string, string])[] = [
    ['', head(card)],
    ['Tasks', tableText(card.tasks.map(taskRow), { heading: taskHeading, alignRight: [3], indent: '  ' })],
    ...structureSection(card.tasks),
    ['Plans', card.tasks.map((task) => planText(task.name, task.plan)).join('\n')],
    [
      'On its calibration images',
      tableText(card.tasks.map(calibrationRow), {
        heading: ['task', 'n', 'temperature', 'Dice', 'components', 'ECE', 'NLL', 'error of estimated Dice'],
        alignRight: [1, 2, 3],
        indent: '  ',
      }),
    ],
    ['Out-of-distribution detection', oodText(card)],
    ...(card.doubts.length > 0 ? [['Doubts', card.doubts.map((text) => `  ${text}`).join('\n')] as const] : []),
    ['Provenance', provenanceText(card)],
  ];
  return plainLines(sections.map(([title, text]) => (title === '' ? text : `${title}\n${text}`)).join('\n\n'));
}

function head({ name, sha256, network, weights }: ModelCard): string {
  return [
    `${name}: ${network.name}, ${network.stages.join('-')} channels, ${plural(weights, 'weight')}`,
    `sha256 ${sha256}`,
  ].join('\n');
}

const taskHeading = ['name', 'modality', 'foreground', 'train / calibration / test'];

function taskRow({ name, modality, foreground, cases }: TaskCard): string[] {
  return [name, modality, foreground.join(', '), `${cases.train} / ${cases.calibration} / ${cases.test}`];
}

/** Tasks of several structures: what masks hold for each, and what their references held. */
function structureSection(tasks: readonly TaskCard[]): (readonly [string, string])[] {
  const rows = tasks
    .filter(({ structures }) => structures.length > 1)
    .flatMap(({ name, structures }) =>
      structures.map((s) => [name, s.name, s.values === null ? 'all above 0' : s.values.join(', '), String(s.written)]),
    );
  if (rows.length === 0) return [];
  const heading = ['task', 'structure', 'label values', 'in masks'];
  return [['Structures', tableText(rows, { heading, alignRight: [3], indent: '  ' })]];
}

function planText(name: string, plan: Plan): string {
  const spacing = plan.spacing.map((s) => Number(s.toFixed(3))).join(' x ');
  const overlap = `windows overlap by ${fixed(100 * plan.overlap, 0)} %`;
  return `  ${name}: ${plan.orientation}, ${spacing} mm, patch ${plan.patch.join(' x ')}, ${overlap}\n    ${intensityText(plan.intensity, plan.intensityOffset)}`;
}

function intensityText(intensity: IntensityPlan, offset: number | null): string {
  const shift = offset === null || offset === 0 ? '' : `${offset > 0 ? 'plus' : 'minus'} ${Math.abs(offset)}, `;
  const number = (value: number) => String(Number(value.toPrecision(4)));
  if (intensity.kind === 'z-score') {
    const { lowerPercentile, upperPercentile } = intensity;
    return `intensity: ${shift}each image by itself, clipped to percentiles ${lowerPercentile} to ${upperPercentile}, mean 0, sd 1`;
  }
  const { lower, upper, mean, sd } = intensity;
  return `intensity: ${shift}window ${number(lower)} to ${number(upper)}, minus ${number(mean)}, over ${number(sd)}`;
}

function calibrationRow({ name, calibration: c }: TaskCard): string[] {
  const change = (before: number | null, after: number | null) => `${fixed(before, 3)} -> ${fixed(after, 3)}`;
  return [
    name,
    String(c.n),
    fixed(c.temperature, 2),
    fixed(c.meanDice, 3),
    c.keepLargest ? 'largest' : 'all',
    change(c.eceBefore, c.eceAfter),
    change(c.nllBefore, c.nllAfter),
    fixed(c.estimatedDiceError, 3),
  ];
}

function oodText({ ood, tasks }: ModelCard): string {
  const layers = ood.layers.map(({ name, channels }) => `${name} (${channels})`).join(', ');
  const rows = [...tasks.map(({ name, ood }) => ({ name, ...ood })), { name: 'all together', ...ood.pooled }].map(
    ({ name, bank, calibration, minimumAlpha }) => [name, String(bank), String(calibration), fixed(minimumAlpha, 3)],
  );
  const rivals = ood.detectors.filter((name) => name !== ood.detector).map(detectorName);
  return [
    `  detector: ${detectorName(ood.detector)}${rivals.length > 0 ? ` (also kept: ${rivals.join(', ')})` : ''}`,
    `  layers:   ${layers}`,
    tableText(rows, {
      heading: ['task', 'bank', 'calibration', 'smallest alpha'],
      alignRight: [1, 2, 3],
      indent: '  ',
    }),
  ].join('\n');
}

function provenanceText({ provenance: p }: ModelCard): string {
  const settings = Object.entries(p.settings).map(([key, value]) => `${key} ${value}`);
  const lines = [
    `Candor ${p.version} on ${p.engine}, ${p.created}`,
    `${plural(p.steps, 'step')} in ${durationText(p.trainingSeconds)}, seed ${p.seed}`,
    ...(p.init === null ? [] : [`started from the weights of sha256 ${p.init}`]),
    ...(settings.length === 0 ? [] : [settings.join(', ')]),
    ...p.datasets.map(
      ({ name, sha256, of }) =>
        `data set ${name}: sha256 ${sha256}${of === undefined ? ' (of the names and sizes of files)' : ''}`,
    ),
  ];
  return lines.map((line) => `  ${line}`).join('\n');
}

/** Line breaks of our own stay. */
function plainLines(text: string): string {
  return text.split('\n').map(plainText).join('\n');
}
