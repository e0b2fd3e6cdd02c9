/** HTML made safely: whatever is put into a template is escaped unless it is HTML itself; tables, and numbers as people read them. */
import { raw, html as template } from 'hono/html';
import type { Interval } from '../math/bootstrap.js';

/**
 * HTML that may stand in a page as it is. No string, so that it is not joined with one by mistake: only `html` and `raw`
 * make it, and only `toString` gives its text.
 */
export interface Html {
  readonly isEscaped: true;
  toString(): string;
}

/** What may stand in a template: plain text is escaped, lists are put one after another, the rest shows nothing. */
export type Content = Html | string | number | null | undefined | false | readonly Content[];

/** A template of HTML. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  // A promise only where a value is one, which their type forbids.
  return template(parts, ...values) as Html;
}

export { raw };

/** Nothing to show. */
export const nothing = raw('') as Html;

/** Characters that it takes. */
export function lengthOf(text: Html): number {
  return text.toString().length;
}

/** Pieces one after another, with something between them. */
export function join(pieces: readonly Content[], between: Content): Html {
  return html`${pieces.flatMap((piece, i) => (i === 0 ? [piece] : [between, piece]))}`;
}

/** A column: its heading and whether its cells are numbers (aligned right) or text. */
export interface Column {
  readonly title: string;
  readonly kind: 'text' | 'number';
  /** Spoken and shown on hover: what the heading's short form means. */
  readonly explanation?: string;
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  /** The first cell of each row is its header. */
  readonly rows: readonly (readonly Content[])[];
  readonly className?: string;
}

/** An HTML table with a caption and scoped headers. */
export function renderTable({ caption, columns, rows, className }: Table): Html {
  const align = ({ kind }: Column) => kind === 'number' && html` class="number"`;
  const head = columns.map((column) => {
    const { title, explanation } = column;
    const shown = explanation ? html`<abbr title="${explanation}">${title}</abbr>` : title;
    return html`<th scope="col"${align(column)}>${shown}</th>`;
  });
  const body = rows.map((cells) => {
    const rendered = cells.map((cell, i) =>
      i === 0 ? html`<th scope="row">${cell}</th>` : html`<td${align(columns[i])}>${cell}</td>`,
    );
    return html`<tr>${rendered}</tr>`;
  });
  const table = html`<table${className && html` class="${className}"`}><caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${join(body, '\n')}
</tbody></table>`;
  // What scrolls sideways on a small screen must be reachable without a mouse.
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}">${table}</div>`;
}

/** What measures mean, for the place where their numbers stand: terms and sentences. */
export function renderMeanings(entries: readonly (readonly [term: string, meaning: string])[]): Html {
  const items = entries.map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`);
  return html`<dl class="meanings">
${join(items, '\n')}
</dl>`;
}

/** Text of bounded length, its end replaced by an ellipsis: a message from outside may be of any length. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** A number with fixed decimals and a real minus sign; "–" where there is none, "∞" where it is infinite. */
export function number(value: number | null | undefined, decimals: number): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  return value
    .toFixed(decimals)
    .replace(/^-(?=0(\.0*)?$)/, '')
    .replace('-', '−');
}

/**
 * A mean with its interval, and its n where that is not the n that the row states already.
 * @param rowN the n in the row's own column
 */
export function figure(interval: Interval, decimals: number, rowN?: number): Html {
  if (interval.mean === null) return html`<span class="none">–</span>`;
  const range =
    interval.low === null ? [] : [`${number(interval.low, decimals)} to ${number(interval.high, decimals)}`];
  const details = [...range, ...(interval.n === rowN ? [] : [`n = ${interval.n}`])].join(', ');
  const mean = html`<span class="mean">${number(interval.mean, decimals)}</span>`;
  return html`${mean}${details !== '' && html`<span class="range">${details}</span>`}`;
}

/** A mean with interval and n in running text: "0.87 (0.84 to 0.90, n = 20)", with n on one line. */
export function figureInWords({ mean, low, high, n }: Interval, decimals: number): string {
  const range = low === null ? '' : `${number(low, decimals)} to ${number(high, decimals)}, `;
  return `${number(mean, decimals)} (${range}n\u00a0=\u00a0${n})`;
}

/** "1 image", "2 images". */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
}

/** "a", "a and b", "a, b and c". */
export function list(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`;
}
