/** Numbers, durations and tables as people read them in a terminal. */
import type { Interval } from '../math/bootstrap.js';

/** Shown where there is no value. */
export const absent = '-';

/** A number with fixed decimals, without the sign of a zero. */
export function fixed(value: number | null | undefined, decimals: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return absent;
  return value.toFixed(decimals).replace(/^-(?=0(\.0*)?$)/, '');
}

/** A p-value: three decimals, since 1/(n + 1) for the usual n differs in the third. */
export function pValueText(p: number): string {
  return fixed(p, 3);
}

/** "0.87 [0.84, 0.90]"; the interval is left out where there is none. */
export function intervalText({ mean, low, high }: Interval, decimals: number): string {
  if (mean === null) return absent;
  if (low === null || high === null) return fixed(mean, decimals);
  return `${fixed(mean, decimals)} [${fixed(low, decimals)}, ${fixed(high, decimals)}]`;
}

/** "8 s", "3 min 05 s", "2 h 07 min". */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const two = (n: number) => String(n).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** "1 image", "2 images", "1,200 steps". */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
}

/** "a", "a and b", "a, b and c". */
export function listText(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`;
}

/** Text from outside on one line and without control characters, which could rewrite a terminal. */
export function plainText(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ').replace(/\p{Cc}/gu, '?');
}

/**
 * Rows in aligned columns, two spaces apart. The first row is the heading where `heading` is given.
 * @param alignRight indices of columns of numbers
 */
export function tableText(
  rows: readonly (readonly string[])[],
  options: { heading?: readonly string[]; alignRight?: readonly number[]; indent?: string } = {},
): string {
  const all = options.heading ? [options.heading, ...rows] : rows;
  const columns = Math.max(0, ...all.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...all.map((row) => [...(row[i] ?? '')].length)));
  const pad = (cell: string, i: number) => {
    const space = ' '.repeat(widths[i] - [...cell].length);
    return options.alignRight?.includes(i) ? space + cell : cell + space;
  };
  return all.map((row) => `${options.indent ?? ''}${row.map(pad).join('  ')}`.trimEnd()).join('\n');
}
