/** What no figure covers, and why: cases that failed, empty references, measures undefined by policy, lost spacing. */
import { heading } from './contents.js';
import { type Html, html, join, plural, shorten } from './html.js';

/** Notes in all, and characters of each: `summary.json` has them in full. */
const maximumNotes = 400;
const noteLength = 600;

export function renderLeftOut(notes: readonly string[]): Html {
  const items = notes.slice(0, maximumNotes).map((note) => html`<li>${shorten(note, noteLength)}</li>`);
  const more = notes.length - items.length;
  if (more > 0) items.push(html`<li>${plural(more, 'more note')}, all in summary.json.</li>`);
  const body =
    items.length === 0
      ? html`<p>Nothing: every case is in every figure.</p>`
      : html`<ul>
${join(items, '\n')}
</ul>`;
  return html`${heading('left-out')}
${body}`;
}
