/** Structures one by one: how well each was found, which are taken for others, and what is found where nothing should be. */
import type { Summary, TaskSummary } from '../evaluation/summary.js';
import { heading } from './contents.js';
import { figure, type Html, html, join, nothing, number, plural, renderMeanings, renderTable } from './html.js';
import { measureCells, measureColumns } from './measure-columns.js';

/** Pairs shown of a task; the rest is in `summary.json`. */
const MOST_PAIRS = 6;

export function renderStructures(summary: Summary): Html {
  const tasks = Object.entries(summary.tasks).filter(([, task]) => Object.keys(task.structures).length > 1);
  if (tasks.length === 0) return nothing;
  const { nsdToleranceMm: tolerance } = summary.settings;
  const tables = tasks.map(
    ([name, task]) => html`<h3>${name}</h3>
${structureTable(name, task, tolerance)}
${confusionSentence(task)}`,
  );
  return html`${heading('structures')}
<p>Each structure by itself, in the order of the network’s logits. The figures above are of all of a task’s structures joined.</p>
${join(tables, '\n')}
${renderMeanings([
  [
    'Not annotated',
    'Cases whose reference does not show the structure: they are in none of its figures, and what the model found there is not held against it.',
  ],
  [
    'Taken for another',
    'The largest share, over cases, of a structure’s voxels that the model called another structure’s.',
  ],
])}`;
}

function structureTable(name: string, { n, structures }: TaskSummary, tolerance: number | null): Html {
  return renderTable({
    caption: `Structures of ${name}: means over test cases with 95 % intervals.`,
    columns: [
      { title: 'Structure', kind: 'text' },
      { title: 'Not annotated', kind: 'number', explanation: 'Cases whose reference does not show it' },
      ...measureColumns(tolerance),
    ],
    rows: Object.entries(structures).map(([structure, s]) => [
      structure,
      String(s.notAnnotated),
      ...measureCells(s, n),
    ]),
  });
}

function confusionSentence({ confusions }: TaskSummary): Html {
  if (confusions.length === 0) return html`<p>No structure was taken for another in any voxel.</p>`;
  const pairs = confusions
    .slice(0, MOST_PAIRS)
    .map((one) => html`${one.structure} for ${one.calledOther}: ${number(100 * one.share, 1)} % (${one.case})`);
  const others = confusions.length - MOST_PAIRS;
  const more = others > 0 ? ` Less in ${plural(others, 'other pair')}.` : '';
  return html`<p>Taken for another, at most in one case: ${join(pairs, '; ')}.${more}</p>`;
}

/** What each set's images would hold of every task's organ, under its plan and name. */
export function renderForeground({ foreground, tasks }: Summary): Html {
  const names = [...new Set(foreground.map(({ as }) => as))];
  const sets = [...new Set(foreground.map(({ set }) => set))];
  if (names.length === 0 || sets.length * names.length < 2) return nothing;
  const cell = (set: string, as: string): Html => {
    const found = foreground.find((one) => one.set === set && one.as === as);
    if (!found) return html`<span class="none">not run</span>`;
    const shown = figure(found.ml, 1);
    return set === as ? html`${shown}<span class="range">its own organ</span>` : shown;
  };
  return html`<h3>Foreground where there should be none</h3>
<p>Millilitres that the model would mark in an image of each set, were it segmented under another task’s plan and name: beside a
task’s own images all of it is false. Images beyond a task’s extent are not run.</p>
${renderTable({
  caption:
    'Mean foreground per image in ml, with 95 % intervals; rows are sets of images, columns the task’s name given.',
  columns: [
    { title: 'Images of', kind: 'text' },
    ...names.map((name) => ({ title: `as ${name}`, kind: 'number' as const, explanation: `Segmented as ${name}` })),
  ],
  rows: sets.map((set) => [
    Object.hasOwn(tasks, set) ? set : `${set} (no reference)`,
    ...names.map((name) => cell(set, name)),
  ]),
})}`;
}
