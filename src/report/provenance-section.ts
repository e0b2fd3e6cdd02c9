/** Where figures come from: which model, which data and which settings, so that another person can make them again. */
import type { SummarySettings } from '../evaluation/summary.js';
import type { Provenance } from '../model/model.js';
import { heading } from './contents.js';
import { escapeHtml, number, renderTable } from './html.js';

/** A folder of images that figures rest on. */
export interface EvaluatedData {
  readonly name: string;
  /** Test cases of a data set, or images of an unfamiliar set. */
  readonly images: number;
  readonly sha256: string;
  /** Where the split of a data set comes from; null for unfamiliar sets, which have none. */
  readonly split: 'dataset.json' | 'seeded' | 'given' | null;
}

export interface ReportProvenance {
  /** Of Candor, and of the engine, that evaluated. */
  readonly version: string;
  readonly engine: string;
  /** How the model came to be, as its file says. */
  readonly training: Provenance;
  readonly data: readonly EvaluatedData[];
}

export interface ProvenanceSource {
  readonly model: { readonly name: string; readonly sha256: string };
  readonly provenance: ReportProvenance;
  readonly settings: SummarySettings;
}

export function renderProvenance({ model, provenance, settings }: ProvenanceSource): string {
  const { training } = provenance;
  return `${heading('provenance')}
${pairs('The model', [
  ['Name', escapeHtml(model.name)],
  ['SHA-256 of the file', code(model.sha256)],
  [
    'Trained',
    `${escapeHtml(training.created)}, ${training.steps} steps in ${number(training.trainingSeconds / 60, 1)} min`,
  ],
  ['By', `Candor ${escapeHtml(training.version)}, ${escapeHtml(training.engine)}`],
  ['Seed', String(training.seed)],
  ['Started from', training.init === null ? 'random weights' : `the weights of ${code(training.init)}`],
  [
    'Settings',
    Object.entries(training.settings)
      .map(([key, value]) => escapeHtml(`${key} = ${value ?? 'none'}`))
      .join(', '),
  ],
])}
${pairs('This evaluation', [
  ['By', `Candor ${escapeHtml(provenance.version)}, ${escapeHtml(provenance.engine)}`],
  ['Alpha', `${settings.alpha}, the bound on the share of false alarms`],
  ['Bootstrap', `${settings.resamples} resamples of groups, seed ${settings.seed}`],
  ['Calibration bins', settings.bins === null ? 'none, without cases' : `${settings.bins} of equal width`],
  ['NSD tolerance', settings.nsdToleranceMm === null ? 'not stated' : `${settings.nsdToleranceMm} mm`],
])}
${dataTable(provenance)}
<p class="small">The SHA-256 of data is over dataset.json and the names and sizes of all files, not over their voxels.</p>`;
}

function pairs(caption: string, entries: readonly (readonly [string, string])[]): string {
  return renderTable({
    className: 'pairs',
    caption,
    columns: [
      { title: 'What', kind: 'text' },
      { title: 'Value', kind: 'text' },
    ],
    rows: entries,
  });
}

function dataTable({ data, training }: ReportProvenance): string {
  const splits = { 'dataset.json': 'of dataset.json', seeded: 'seeded, as in training', given: 'given by a program' };
  return renderTable({
    className: 'dense',
    caption: 'The data.',
    columns: [
      { title: 'Folder', kind: 'text' },
      { title: 'n', kind: 'number', explanation: 'Images evaluated' },
      { title: 'Split', kind: 'text' },
      { title: 'SHA-256', kind: 'text' },
      { title: 'In training', kind: 'text' },
    ],
    rows: data.map(({ name, images, sha256, split }) => [
      escapeHtml(name),
      String(images),
      split === null ? 'none: unfamiliar' : splits[split],
      code(sha256),
      split === null ? '–' : inTraining(sha256, training.datasets.find((other) => other.name === name)?.sha256),
    ]),
  });
}

function inTraining(now: string, then: string | undefined): string {
  if (then === undefined) return 'not known';
  return now === then ? 'the same files' : `<span class="flag">changed since</span>: ${code(then)}`;
}

function code(text: string): string {
  return `<code class="hash">${escapeHtml(text)}</code>`;
}
