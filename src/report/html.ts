/** Strings of HTML made safely: escaping, tables with proper headers, and numbers as people read them. */
import type { Interval } from '../math/bootstrap.js';

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Make any text safe inside HTML elements and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]);
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
  /** Cells of HTML; the first of each row is its header. */
  readonly rows: readonly (readonly string[])[];
  readonly className?: string;
}

/** An HTML table with a caption and scoped headers. Captions and headings are plain text, cells are HTML. */
export function renderTable({ caption, columns, rows, className }: Table): string {
  const align = (column: Column) => (column.kind === 'number' ? ' class="number"' : '');
  const head = columns
    .map((column) => {
      const title = escapeHtml(column.title);
      const shown = column.explanation ? `<abbr title="${escapeHtml(column.explanation)}">${title}</abbr>` : title;
      return `<th scope="col"${align(column)}>${shown}</th>`;
    })
    .join('');
  const body = rows
    .map((cells) => {
      const rendered = cells.map((cell, i) =>
        i === 0 ? `<th scope="row">${cell}</th>` : `<td${align(columns[i])}>${cell}</td>`,
      );
      return `<tr>${rendered.join('')}</tr>`;
    })
    .join('\n');
  return (
    // What scrolls sideways on a small screen must be reachable without a mouse.
    `<div class="scroll" role="region" tabindex="0" aria-label="${escapeHtml(caption)}">` +
    `<table${className ? ` class="${className}"` : ''}>` +
    `<caption>${escapeHtml(caption)}</caption>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body}\n</tbody></table></div>`
  );
}

/** What measures mean, for the place where their numbers stand: terms and sentences, plain text. */
export function renderMeanings(entries: readonly (readonly [term: string, meaning: string])[]): string {
  const items = entries.map(([term, text]) => `<div><dt>${escapeHtml(term)}</dt><dd>${escapeHtml(text)}</dd></div>`);
  return `<dl class="meanings">\n${items.join('\n')}\n</dl>`;
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
export function figure(interval: Interval, decimals: number, rowN?: number): string {
  const n = interval.n === rowN ? [] : [`n = ${interval.n}`];
  if (interval.mean === null) return '<span class="none">–</span>';
  const range =
    interval.low === null ? [] : [`${number(interval.low, decimals)} to ${number(interval.high, decimals)}`];
  const details = [...range, ...n].join(', ');
  return (
    `<span class="mean">${number(interval.mean, decimals)}</span>` +
    (details === '' ? '' : `<span class="range">${details}</span>`)
  );
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
