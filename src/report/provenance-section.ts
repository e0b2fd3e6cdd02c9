/** Where figures come from: which model, which data and which settings, so that another person can make them again. */
import type { SummarySettings } from '../evaluation/summary.js';
import type { Provenance } from '../model/model.js';
import { heading } from './contents.js';
import { type Content, type Html, html, number, renderTable } from './html.js';

/** A folder of images that figures rest on. */
export interface EvaluatedData {
  readonly name: string;
  /** Test cases of a data set, or images of an OOD set. */
  readonly images: number;
  readonly sha256: string;
  /** What the hash is over. */
  readonly of: string;
  /** Where the split of a data set comes from; null for OOD sets, which have none. */
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

export function renderProvenance({ model, provenance, settings }: ProvenanceSource): Html {
  const { training } = provenance;
  return html`${heading('provenance')}
${pairs('The model', [
  ['Name', model.name],
  ['SHA-256 of the file', code(model.sha256)],
  ['Trained', `${training.created}, ${training.steps} steps in ${number(training.trainingSeconds / 60, 1)} min`],
  ['By', `Candor ${training.version}, ${training.engine}`],
  ['Seed', String(training.seed)],
  ['Started from', training.init === null ? 'random weights' : html`the weights of ${code(training.init)}`],
  [
    'Settings',
    Object.entries(training.settings)
      .map(([key, value]) => `${key} = ${value ?? 'none'}`)
      .join(', '),
  ],
])}
${pairs('This evaluation', [
  ['By', `Candor ${provenance.version}, ${provenance.engine}`],
  ['Alpha', `${settings.alpha}, the bound on the share of false alarms`],
  ['Bootstrap', `${settings.resamples} resamples of groups, seed ${settings.seed}`],
  ['Calibration bins', settings.bins === null ? 'none, without cases' : `${settings.bins} of equal width`],
  ['NSD tolerance', settings.nsdToleranceMm === null ? 'not stated' : `${settings.nsdToleranceMm} mm`],
])}
${dataTable(provenance)}
<p class="small">The SHA-256 of data is over the contents of all files, and the names, groups, labels and split that go with them.</p>`;
}

function pairs(caption: string, entries: readonly (readonly [string, Content])[]): Html {
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

function dataTable({ data, training }: ReportProvenance): Html {
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
    rows: data.map(({ name, images, sha256, of, split }) => [
      name,
      String(images),
      split === null ? 'none: OOD set' : splits[split],
      code(sha256),
      split === null
        ? '–'
        : inTraining(
            { sha256, of },
            training.datasets.find((other) => other.name === name),
          ),
    ]),
  });
}

type Hashed = Pick<EvaluatedData, 'sha256'> & { readonly of?: string };

function inTraining(now: Hashed, then: Hashed | undefined): Content {
  if (then === undefined) return 'not known';
  if (now.of !== then.of) return 'not known: an earlier build hashed something else';
  return now.sha256 === then.sha256
    ? 'the same files'
    : html`<span class="flag">changed since</span>: ${code(then.sha256)}`;
}

function code(text: string): Html {
  return html`<code class="hash">${text}</code>`;
}
